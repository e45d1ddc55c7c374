#include "capture/registry/registry_cache.h"

#include "broker/platform/files/durable_file.h"

namespace invigil {
namespace {

constexpr std::string_view kMagic = "invigil registry 1\n";

void put_number(std::string& out, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::uint64_t get_number(std::string_view bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  return value;
}

}  // namespace

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
  return replace_file(file_, text);
}

}  // namespace invigil
