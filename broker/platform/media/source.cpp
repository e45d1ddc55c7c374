#include "broker/platform/media/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace invigil::media {

std::string without_credentials(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return "a source";
  // A password may hold '/' or '?' where it should not: everything up to the last '@' is taken for credentials.
  const auto at = url.rfind('@');
  const auto begin = at == std::string::npos ? scheme + 3 : at + 1;
  const auto end = std::min(url.find_first_of("/?#", begin), url.size());
  return url.substr(0, scheme + 3) + url.substr(begin, end - begin);
}

Result<Source> open_source(const std::string& source) {
  Source out;
  if (const auto scheme = source.find("://"); scheme != std::string::npos && source.substr(0, scheme) != "file") {
    out.shown = without_credentials(source);
    if (source.substr(0, scheme) != "rtsp")
      return fail(ErrorCode::unsupported, fmt::format("{}: only rtsp:// and files can be read; give the camera's RTSP address", out.shown));
    if (source.size() > 4096 || std::any_of(source.begin(), source.end(), [](char c) { return c <= ' ' || c == 0x7f; }))
      return fail(ErrorCode::invalid, fmt::format("{}: this address holds characters no URL has; write them as %20 and so on", out.shown));
    out.network = true;
    out.url = source;
    return out;
  }
  const std::filesystem::path path = source.rfind("file://", 0) == 0 ? source.substr(7) : source;
  out.shown = path.string();
  out.name_hint = path.filename().string().substr(0, 255);
  out.file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!out.file) {
    const auto code = errno == ENOENT ? ErrorCode::not_found : errno == EACCES ? ErrorCode::denied : ErrorCode::unavailable;
    return fail(code, fmt::format("{}: cannot be opened ({}); check the path and its permissions", out.shown, std::strerror(errno)));
  }
  struct stat info {};
  if (::fstat(out.file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorCode::invalid, fmt::format("{}: is no ordinary file; give a video file or an rtsp:// address", out.shown));
  if (info.st_size == 0) return fail(ErrorCode::invalid, fmt::format("{}: is empty; give a video file that plays", out.shown));
  return out;
}

}  // namespace invigil::media
