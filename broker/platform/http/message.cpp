#include "broker/platform/http/message.h"

#include <algorithm>
#include <charconv>

namespace invigil {
namespace {

constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kMaxTarget = 8 * 1024;
constexpr std::size_t kMaxChunkLine = 256;

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Cuts the next line off `bytes`; lines end in CR LF, nothing else.
std::optional<std::string_view> next_line(std::string_view& bytes) {
  const std::size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

Result<> read_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return fail(ErrorCode::invalid, "the request line has not three parts");
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method) || method.size() > 16) return fail(ErrorCode::invalid, "the request's method is malformed");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return fail(ErrorCode::invalid, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  if (target.size() > kMaxTarget) return fail(ErrorCode::too_large, "the request's target is longer than 8 KiB");
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      return fail(ErrorCode::invalid, "the request's target holds a character that must be percent-encoded");
  if (target.empty() || target.front() != '/') return fail(ErrorCode::invalid, "the request's target must start with /");
  if (const auto hash = target.find('#'); hash != std::string_view::npos) target = target.substr(0, hash);
  const std::size_t question = target.find('?');
  head.request.method = method;
  head.raw_path = target.substr(0, question);
  auto path = percent_decode(head.raw_path, false);
  if (!path) return tl::make_unexpected(path.error());
  head.request.path = std::move(*path);
  if (question != std::string_view::npos) {
    auto query = parse_query(target.substr(question + 1));
    if (!query) return tl::make_unexpected(query.error());
    head.request.query = std::move(*query);
  }
  head.keep_alive = version == "HTTP/1.1";
  return {};
}

Result<> read_field(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return fail(ErrorCode::invalid, "a header line is malformed");
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  for (const char c : value)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return fail(ErrorCode::invalid, "the header " + name + " holds a control character");
  const auto [at, fresh] = head.request.headers.emplace(name, value);
  if (fresh) return {};
  if (name == "content-length" || name == "transfer-encoding" || name == "host" || name == "authorization" || name == "sec-websocket-key" ||
      name == "origin")
    return fail(ErrorCode::invalid, "the header " + name + " is given twice");
  at->second += (name == "cookie" ? "; " : ", ") + std::string(value);
  return {};
}

Result<> read_framing(RequestHead& head) {
  const auto& headers = head.request.headers;
  const auto length = headers.find("content-length");
  const auto coding = headers.find("transfer-encoding");
  if (length != headers.end()) {
    std::uint64_t size = 0;
    const std::string& text = length->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty())
      return fail(ErrorCode::invalid, "Content-Length is not a number");
    head.body_size = size;
  }
  if (coding != headers.end()) {
    if (length != headers.end()) return fail(ErrorCode::invalid, "Content-Length and Transfer-Encoding together");
    if (to_lower(coding->second) != "chunked") return fail(ErrorCode::unsupported, "the only transfer coding known is chunked");
    head.chunked = true;
  }
  if (const auto connection = headers.find("connection"); connection != headers.end()) {
    if (lists_token(connection->second, "close"))
      head.keep_alive = false;
    else if (lists_token(connection->second, "keep-alive"))
      head.keep_alive = true;
  }
  if (const auto expect = headers.find("expect"); expect != headers.end()) {
    if (to_lower(expect->second) != "100-continue") return fail(ErrorCode::unsupported, "the only expectation known is 100-continue");
    head.expects_continue = true;
  }
  return {};
}

}  // namespace

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool lists_token(std::string_view header, std::string_view token) {
  const std::string wanted = to_lower(token);
  while (!header.empty()) {
    const std::size_t comma = header.find(',');
    if (to_lower(trim(header.substr(0, comma))) == wanted) return true;
    if (comma == std::string_view::npos) break;
    header.remove_prefix(comma + 1);
  }
  return false;
}

Result<RequestHead> parse_request_head(std::string_view bytes) {
  RequestHead head;
  const auto first = next_line(bytes);
  if (!first) return fail(ErrorCode::invalid, "the request has no first line");
  if (auto ok = read_request_line(*first, head); !ok) return tl::make_unexpected(ok.error());
  std::size_t fields = 0;
  while (true) {
    const auto line = next_line(bytes);
    if (!line) return fail(ErrorCode::invalid, "the request's headers have no end");
    if (line->empty()) break;
    if (++fields > kMaxFields) return fail(ErrorCode::too_large, "more than 100 headers");
    if (auto ok = read_field(*line, head); !ok) return tl::make_unexpected(ok.error());
  }
  if (auto ok = read_framing(head); !ok) return tl::make_unexpected(ok.error());
  if (const auto cookie = head.request.headers.find("cookie"); cookie != head.request.headers.end())
    head.request.cookies = parse_cookies(cookie->second);
  return head;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(ErrorCode::invalid, "a percent escape in the address is broken");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return fail(ErrorCode::invalid, "the address holds a NUL character");
    out.push_back(c);
  }
  return out;
}

Result<std::map<std::string, std::string>> parse_query(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name) return tl::make_unexpected(name.error());
    if (!value) return tl::make_unexpected(value.error());
    out.insert_or_assign(std::move(*name), std::move(*value));
  }
  return out;
}

std::map<std::string, std::string> parse_cookies(std::string_view header) {
  std::map<std::string, std::string> out;
  while (!header.empty()) {
    const std::size_t end = header.find(';');
    const std::string_view pair = trim(header.substr(0, end));
    header = end == std::string_view::npos ? std::string_view{} : header.substr(end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

Result<std::size_t> ChunkedBody::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::done) {
    if (state_ == State::data) {
      const auto take_now = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
      body_.append(bytes.substr(used, take_now));
      used += take_now;
      left_ -= take_now;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const char c = bytes[used++];
    line_.push_back(c);
    if (line_.size() > kMaxChunkLine) return fail(ErrorCode::invalid, "a chunk's size line is too long");
    if (c != '\n') continue;
    if (line_.size() < 2 || line_[line_.size() - 2] != '\r') return fail(ErrorCode::invalid, "a chunk's line does not end in CR LF");
    const std::string line = line_.substr(0, line_.size() - 2);
    line_.clear();
    if (state_ == State::data_end) {
      if (!line.empty()) return fail(ErrorCode::invalid, "a chunk is longer than it says");
      state_ = State::size_line;
    } else if (state_ == State::size_line) {
      const std::string digits = line.substr(0, line.find(';'));
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
      if (error != std::errc{} || digits.empty() || end != digits.data() + digits.size())
        return fail(ErrorCode::invalid, "a chunk's size is not a number");
      if (left_ > max_bytes_ || body_.size() + left_ > max_bytes_) return fail(ErrorCode::too_large, "the body is over the limit");
      state_ = left_ == 0 ? State::trailer : State::data;
    } else {
      trailer_bytes_ += line.size();
      if (trailer_bytes_ > 4096) return fail(ErrorCode::too_large, "the trailers are over the limit");
      if (line.empty()) state_ = State::done;
    }
  }
  return used;
}

}  // namespace invigil
