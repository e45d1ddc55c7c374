#include "broker/platform/http/static_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <utility>

#include "broker/platform/http/message.h"

namespace invigil {
namespace {

constexpr auto kTypes = std::to_array<std::pair<std::string_view, std::string_view>>({
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".map", "application/json; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".yaml", "application/yaml; charset=utf-8"},
    {".mp4", "video/mp4"},
    {".wasm", "application/wasm"},
    {".pdf", "application/pdf"},
});

bool is_safe(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\\') != std::string_view::npos) return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part.front() == '.') return false;  // "..", ".", hidden files, "//"
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return true;
}

bool lies_in(const std::filesystem::path& folder, const std::filesystem::path& file) {
  const auto [f, in] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return f == folder.end();
}

}  // namespace

std::string content_type_of(const std::filesystem::path& file) {
  const std::string extension = to_lower(file.extension().string());
  for (const auto& [known, type] : kTypes)
    if (known == extension) return std::string(type);
  return "application/octet-stream";
}

std::string etag_of(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return fmt::format("\"{:x}-{:x}{:08x}\"", status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

HttpResponse static_file(const std::filesystem::path& folder, std::string_view path) {
  const auto not_here = [path] { return error_response({ErrorCode::not_found, "there is nothing at " + std::string(path)}); };
  if (!is_safe(path)) return not_here();
  std::error_code error;
  const std::filesystem::path root = std::filesystem::canonical(folder, error);
  if (error) return error_response({ErrorCode::unavailable, "the folder of the web pages is missing: build them or set the right folder"});
  std::filesystem::path file = std::filesystem::weakly_canonical(root / path.substr(1), error);
  bool fallback = error || !lies_in(root, file) || !std::filesystem::is_regular_file(file, error);
  if (fallback) {
    const bool wants_page = std::filesystem::path(path).extension().empty() && path.substr(0, 8) != "/assets/";
    file = root / "index.html";
    if (!wants_page) return not_here();
    if (!std::filesystem::is_regular_file(file, error))
      return error_response({ErrorCode::unavailable, "index.html is missing from the web pages: build them or set the right folder"});
  }
  HttpResponse response;
  response.content_type = content_type_of(file);
  const bool hashed = !fallback && path.substr(0, 8) == "/assets/";
  response.headers.emplace_back("Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.file = std::move(file);
  return response;
}

}  // namespace invigil
