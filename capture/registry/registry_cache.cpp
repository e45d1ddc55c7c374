#include "capture/registry/registry_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace invigil {
namespace {

constexpr std::string_view kMagic = "invigil registry 1\n";

Result<> sync_path(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool ok = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (ok) return {};
  return fail(error == ENOSPC ? ErrorCode::exhausted : ErrorCode::unavailable, "cannot sync " + path.string() + ": " + std::strerror(error));
}

void put_number(std::string& out, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::uint64_t get_number(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

}  // namespace

Result<> write_whole_file(const std::filesystem::path& file, std::string_view bytes) {
  const std::filesystem::path beside = file.string() + ".new";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) return fail(ErrorCode::exhausted, "cannot write " + beside.string() + ": is the disk full?");
  }
  if (auto ok = sync_path(beside, O_RDONLY); !ok) return ok;
  std::error_code error;
  std::filesystem::rename(beside, file, error);
  if (error) return fail(ErrorCode::unavailable, "cannot rename " + beside.string() + ": " + error.message());
  return sync_path(file.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<std::string> read_whole_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return std::string{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) return fail(ErrorCode::unavailable, "cannot read " + file.string());
  return text.str();
}

Result<std::vector<Record>> RegistryCache::load() {
  const auto text = read_whole_file(file_);
  if (!text) return tl::make_unexpected(text.error());
  if (text->empty()) return std::vector<Record>{};
  const auto corrupt = [this] {
    return fail(ErrorCode::corrupt, file_.string() + " is damaged: delete it; the agent makes it anew from the server");
  };
  if (text->size() < kMagic.size() + 8 || text->substr(0, kMagic.size()) != kMagic) return corrupt();
  const std::uint64_t next = get_number(*text, kMagic.size());
  std::string framed = text->substr(kMagic.size() + 8);
  std::vector<Record> out;
  for (std::string_view rest = framed; !rest.empty();) {
    if (rest.size() < 8) return corrupt();
    const std::uint64_t size = get_number(rest, 0);
    if (size > rest.size() - 8) return corrupt();
    const auto views = cut_framed(rest.substr(8, static_cast<std::size_t>(size)));
    if (!views) return corrupt();
    for (const RecordView& view : *views) out.push_back({std::string(view.header), std::string(view.payload)});
    rest.remove_prefix(8 + static_cast<std::size_t>(size));
  }
  next_ = next;
  framed_ = std::move(framed);
  return out;
}

Result<> RegistryCache::add(const std::vector<Record>& records, std::uint64_t next) {
  for (const Record& record : records) {  // a block each: no sum of them can pass a frame's limit
    std::string block;
    append_framed(block, view_of(record));
    put_number(framed_, block.size());
    framed_ += block;
  }
  next_ = next;
  std::string text(kMagic);
  put_number(text, next);
  text += framed_;
  return write_whole_file(file_, text);
}

}  // namespace invigil
