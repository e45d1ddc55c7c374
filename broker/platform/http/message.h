#pragma once
// HTTP/1.1 request heads and their parts, as pure functions over bytes: no socket, no thread.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "broker/platform/http/server.h"
#include "models/result.h"

namespace invigil {

/// A request's first line and headers, checked. `request` has everything but parameters, body and remote.
struct RequestHead {
  HttpRequest request;
  std::string raw_path;                    ///< as sent, still percent-encoded: routes are matched on it
  std::optional<std::uint64_t> body_size;  ///< Content-Length; empty when absent
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

/// Parses everything up to and including the blank line. Strict (RFC 9112): what two readers could frame differently
/// (both lengths, repeated lengths, folded lines, control characters) is `invalid`, other transfer codings `unsupported`.
Result<RequestHead> parse_request_head(std::string_view bytes);

/// "%E4%B8%AD" → "中". `invalid` for a broken escape or a NUL. `plus_is_space` for queries and forms.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// "a=1&b=%20" → map; a repeated name keeps its last value.
Result<std::map<std::string, std::string>> parse_query(std::string_view query);
std::map<std::string, std::string> parse_cookies(std::string_view header);

/// Takes chunks apart as bytes arrive (Transfer-Encoding: chunked). Single-thread.
class ChunkedBody {
 public:
  explicit ChunkedBody(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  /// Consumes a prefix of `bytes` and says how long it was; done() when the last chunk and its trailers were seen.
  /// `too_large` over the limit, `invalid` for anything malformed.
  Result<std::size_t> feed(std::string_view bytes);
  bool done() const { return state_ == State::done; }
  std::string take() { return std::move(body_); }

 private:
  enum class State { size_line, data, data_end, trailer, done };
  std::size_t max_bytes_;
  State state_ = State::size_line;
  std::string line_;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string body_;
};

/// Whether a header whose value is a comma-separated list names `token` (any case): "Connection: keep-alive, Upgrade".
bool lists_token(std::string_view header, std::string_view token);
std::string to_lower(std::string_view text);

}  // namespace invigil
