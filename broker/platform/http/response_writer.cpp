#include "broker/platform/http/response_writer.h"

#include <Poco/Net/HTTPResponse.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "broker/platform/http/message.h"
#include "broker/platform/http/range.h"
#include "broker/platform/http/static_files.h"

namespace invigil {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

std::string get(const std::map<std::string, std::string>& headers, const std::string& name) {
  const auto at = headers.find(name);
  return at == headers.end() ? std::string{} : at->second;
}

}  // namespace

ResponseWriter::ResponseWriter(const HttpRequest& request, HttpResponse response, bool keep_alive) : response_(std::move(response)) {
  for (const auto& [name, value] : response_.headers)
    if (!is_clean(name) || !is_clean(value)) {
      response_ = error_response({ErrorCode::internal, "an answer's header was malformed"});
      break;
    }
  if (response_.file) open_file();
  if (!from_file_) size_ = response_.body.size();
  left_ = size_;
  if (response_.status == 200 && (request.method == "GET" || request.method == "HEAD")) choose_part(request);
  make_head(request, keep_alive);
  if (request.method == "HEAD" || response_.status == 204 || response_.status == 304) left_ = 0;
  if (from_file_ && left_ > 0) file_.seekg(static_cast<std::streamoff>(first_));
}

void ResponseWriter::open_file() {
  const auto keep = response_.headers;
  file_.open(*response_.file, std::ios::binary | std::ios::ate);
  std::error_code error;
  if (!file_ || !std::filesystem::is_regular_file(*response_.file, error)) {
    response_ = error_response({ErrorCode::not_found, "the file is no longer there"});
    return;
  }
  from_file_ = true;
  ranged_ = true;
  size_ = static_cast<std::uint64_t>(file_.tellg());
  if (header("etag").empty()) {
    const std::string tag = etag_of(*response_.file);
    if (!tag.empty()) response_.headers.emplace_back("ETag", tag);
  }
}

std::string ResponseWriter::header(std::string_view name) const {
  for (const auto& [known, value] : response_.headers)
    if (to_lower(known) == name) return value;
  return {};
}

void ResponseWriter::choose_part(const HttpRequest& request) {
  ranged_ = ranged_ || response_.ranged;
  const std::string tag = header("etag");
  const std::string known = get(request.headers, "if-none-match");
  if (!tag.empty() && !known.empty() && (known == "*" || lists_token(known, tag) || lists_token(known, "W/" + tag))) {
    response_.status = 304;
    return;
  }
  if (!ranged_) return;
  const std::string range = get(request.headers, "range");
  const std::string condition = get(request.headers, "if-range");
  // If-Range: the range counts only while the client's copy is this very version.
  if (range.empty() || (!condition.empty() && condition != tag)) return;
  const RangeAnswer answer = choose_range(range, size_);
  if (answer.kind == RangeAnswer::Kind::part) {
    response_.status = 206;
    first_ = answer.range.first;
    left_ = answer.range.size;
    response_.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first_, first_ + left_ - 1, size_));
  } else if (answer.kind == RangeAnswer::Kind::unsatisfiable) {
    const std::string total = fmt::format("bytes */{}", size_);
    from_file_ = false;
    response_ = error_response({ErrorCode::invalid, fmt::format("the range lies beyond the end ({} bytes)", size_)});
    response_.status = 416;
    response_.headers.emplace_back("Content-Range", total);
    size_ = response_.body.size();
    left_ = size_;
    ranged_ = false;
  }
}

void ResponseWriter::make_head(const HttpRequest& request, bool keep_alive) {
  const auto reason = Poco::Net::HTTPResponse::getReasonForStatus(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(response_.status));
  fmt::memory_buffer out;
  const auto to = fmt::appender(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response_.status, reason);
  fmt::format_to(to, "Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(std::time(nullptr)));
  const bool no_body = response_.status == 204 || response_.status == 304;
  if (!no_body) fmt::format_to(to, "Content-Type: {}\r\nContent-Length: {}\r\n", response_.content_type, left_);
  if (ranged_) fmt::format_to(to, "Accept-Ranges: bytes\r\n");
  for (const auto& [name, value] : response_.headers) fmt::format_to(to, "{}: {}\r\n", name, value);
  const bool old = !keep_alive || request.method.empty();
  fmt::format_to(to, "Connection: {}\r\n\r\n", old ? "close" : "keep-alive");
  head_ = fmt::to_string(out);
}

std::string_view ResponseWriter::next() {
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiece));
  if (take == 0) return {};
  std::string_view piece;
  if (from_file_) {
    piece_.resize(take);
    file_.read(piece_.data(), static_cast<std::streamsize>(take));
    const auto got = static_cast<std::size_t>(file_.gcount());
    if (got < take) {
      broken_ = true;
      left_ = got;
    }
    piece = std::string_view(piece_).substr(0, got);
    if (broken_) left_ = got;
  } else {
    piece = std::string_view(response_.body).substr(static_cast<std::size_t>(first_ + sent_), take);
  }
  sent_ += piece.size();
  left_ -= piece.size();
  return piece;
}

}  // namespace invigil
