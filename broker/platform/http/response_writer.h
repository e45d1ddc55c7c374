#pragma once
// Turns an HttpResponse into bytes: status line, headers, ranges, validators, and the body piece by piece.

#include <fstream>
#include <string>
#include <string_view>

#include "broker/platform/http/server.h"

namespace invigil {

/// One answer to one request. Decides between 200, 206, 304 and 416 and sends no body for HEAD. Single-thread.
class ResponseWriter {
 public:
  ResponseWriter(const HttpRequest& request, HttpResponse response, bool keep_alive);
  /// Status line and headers, ending in the blank line.
  const std::string& head() const { return head_; }
  /// The next piece of the body, at most 64 KiB; empty at its end. Valid until the next call.
  std::string_view next();
  /// True when a file turned out shorter than announced: the connection must be dropped.
  bool broken() const { return broken_; }

 private:
  void open_file();
  void choose_part(const HttpRequest& request);
  std::string header(std::string_view name) const;
  void make_head(const HttpRequest& request, bool keep_alive);

  HttpResponse response_;
  std::ifstream file_;
  bool from_file_ = false;
  std::uint64_t size_ = 0;   ///< of the whole thing
  std::uint64_t first_ = 0;  ///< of what is sent
  std::uint64_t left_ = 0;
  std::uint64_t sent_ = 0;
  bool ranged_ = false;
  bool broken_ = false;
  std::string head_;
  std::string piece_;
};

}  // namespace invigil
