#include "broker/custody/verify/segment_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "broker/platform/crypto/crypto.h"
#include "models/record.h"

namespace invigil::verify {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopy = 64;            // one copy of the segment header
constexpr std::size_t kEntries = 2 * kCopy;  // where entries begin
constexpr std::size_t kPrefix = 8;           // size, crc
constexpr std::size_t kBeforeHeader = 28;    // prefix, position, place, two sizes
constexpr std::size_t kLeast = kBeforeHeader + 1;
constexpr std::size_t kMost = kBeforeHeader + kMaxHeaderBytes + kMaxPayloadBytes;
constexpr std::uint64_t kMostSegmentBytes = std::uint64_t{1} << 30;
constexpr int kReadsOfAGrowingTail = 3;

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct Salt {
  std::uint32_t crc = 0;
  bool known = false;
};

struct Entry {
  std::size_t size = 0;
  std::uint64_t position = 0;
  std::string_view header;
  std::string_view payload;
};

std::optional<Entry> entry_at(std::string_view bytes, std::size_t at, std::uint32_t salt, bool check_crc = true) {
  if (bytes.size() - at < kLeast) return std::nullopt;
  const std::size_t body = static_cast<std::size_t>(number(bytes, at, 4));
  if (body + kPrefix < kLeast || body + kPrefix > kMost || bytes.size() - at - kPrefix < body) return std::nullopt;
  if (check_crc && crc32c(bytes.substr(at + kPrefix, body), crc32c(bytes.substr(at, 4), salt)) != number(bytes, at + 4, 4))
    return std::nullopt;
  const std::size_t header = static_cast<std::size_t>(number(bytes, at + 20, 4));
  const std::size_t payload = static_cast<std::size_t>(number(bytes, at + 24, 4));
  if (header == 0 || header > kMaxHeaderBytes || payload > kMaxPayloadBytes || kBeforeHeader + header + payload != kPrefix + body)
    return std::nullopt;
  return Entry{kPrefix + body, number(bytes, at + 8, 8), bytes.substr(at + kBeforeHeader, header),
               bytes.substr(at + kBeforeHeader + header, payload)};
}

/// What a damaged entry says of itself, if its framing still holds.
void name_claim(std::string_view bytes, std::size_t at, BadBytes& bad) {
  const auto claim = entry_at(bytes, at, 0, false);
  // Stream names are ASCII; protobuf would print a complaint of its own about other bytes.
  if (!claim || claim->header.size() < 2 ||
      std::any_of(claim->header.begin() + 2,
                  claim->header.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                              claim->header.size(), 2 + static_cast<unsigned char>(claim->header[1]))),
                  [](char c) { return c < ' '; }))
    return;
  const auto header = parse_header(claim->header);
  if (!header) return;
  bad.stream = header->stream();
  bad.seq = header->seq();
}

Salt read_header(std::string_view bytes, const std::string& file, std::uint64_t first, const std::function<void(const BadBytes&)>& bad) {
  Salt salt;
  for (std::size_t copy = 0; copy < 2; ++copy) {
    const std::size_t at = copy * kCopy;
    const bool good = bytes.size() >= at + kCopy && bytes.substr(at, 8) == "INVGSEG1" && number(bytes, at + 8, 4) == 1 &&
                      crc32c(bytes.substr(at, kCopy - 4)) == number(bytes, at + kCopy - 4, 4);
    if (!good) {
      bad({first, 0, file, at, fmt::format("copy {} of the segment's header is damaged", copy + 1), {}, 0});
      continue;
    }
    if (number(bytes, at + 16, 8) != first)
      bad({first, 0, file, at, fmt::format("the segment's header says it begins at position {}", number(bytes, at + 16, 8)), {}, 0});
    salt = {crc32c(bytes.substr(at + 24, 8)), true};
  }
  return salt;
}

/// The next whole entry at or after `at` whose position may come after `expected`.
std::size_t next_entry(std::string_view bytes, std::size_t at, std::uint32_t salt, std::uint64_t expected, std::uint64_t highest) {
  for (; at + kLeast <= bytes.size(); ++at) {
    const std::uint64_t position = number(bytes, at + 8, 8);
    if (position < expected || position > highest) continue;
    if (entry_at(bytes, at, salt)) return at;
  }
  return bytes.size();
}

}  // namespace

std::uint64_t read_segment(std::string_view bytes, const std::string& file, std::uint64_t first, std::optional<std::uint64_t> next_first,
                           const std::function<void(const FoundRecord&)>& record, const std::function<void(const BadBytes&)>& bad) {
  const Salt salt = read_header(bytes, file, first, bad);
  std::uint64_t expected = first;
  std::size_t at = std::min(kEntries, bytes.size());
  while (salt.known && at < bytes.size()) {
    const auto entry = entry_at(bytes, at, salt.crc);
    if (entry && entry->position == expected) {
      record({expected, entry->header, entry->payload});
      at += entry->size;
      ++expected;
      continue;
    }
    const auto dirty = bytes.find_first_not_of('\0', at);
    if (dirty == std::string_view::npos) break;
    const std::uint64_t highest = std::min(expected + (bytes.size() - at) / kLeast, next_first ? *next_first - 1 : UINT64_MAX);
    const std::size_t next = next_entry(bytes, at, salt.crc, expected, highest);
    BadBytes found{expected, 0, file, at, "", {}, 0};
    name_claim(bytes, at, found);
    if (next == bytes.size()) {
      // The positions lost at the end of a segment are only known from the next one's name.
      found.what = next_first ? "the checksum of the entry is wrong"
                              : "these bytes at the end are no whole entry: the last records are damaged, or a write was never finished";
      found.positions = next_first ? *next_first - expected : 1;
      bad(found);
      return next_first ? *next_first : expected;
    }
    const std::uint64_t there = number(bytes, next + 8, 8);
    found.positions = there - expected;
    found.what = found.positions == 0 ? "there are bytes between two entries" : "the checksum of the entry is wrong";
    bad(found);
    expected = there;
    at = next;
  }
  if (next_first && expected < *next_first) {
    bad({expected,
         *next_first - expected,
         file,
         at,
         salt.known ? "the segment ends before the next one begins: records are missing" : "no record of the segment can be checked",
         {},
         0});
    return *next_first;
  }
  if (next_first && expected > *next_first)
    bad({*next_first, 0, file, at, "the segment holds records beyond the beginning of the next one", {}, 0});
  return next_first ? *next_first : expected;
}

Result<std::string> read_file(const fs::path& file, std::uint64_t limit) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error)
    return fail(error == std::errc::no_such_file_or_directory ? ErrorCode::not_found : ErrorCode::unavailable,
                fmt::format("{}: {}", file.string(), error.message()), file.string());
  if (size > limit)
    return fail(ErrorCode::too_large, fmt::format("{}: {} bytes are over the limit of {}", file.string(), size, limit), file.string());
  std::ifstream in(file, std::ios::binary);
  std::string out(static_cast<std::size_t>(size), '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (!in && !in.eof()) return fail(ErrorCode::unavailable, fmt::format("{}: cannot be read", file.string()), file.string());
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

Result<FolderRead> read_folder(const fs::path& folder, const std::function<void(const FoundRecord&)>& record,
                               const std::function<void(const BadBytes&)>& bad) {
  std::vector<std::pair<std::uint64_t, fs::path>> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() != 20 || !name.ends_with(".seg") || name.find_first_not_of("0123456789abcdef") != 16) continue;
    files.emplace_back(std::stoull(name.substr(0, 16), nullptr, 16), entry.path());
  }
  if (error) return fail(ErrorCode::unavailable, fmt::format("{}: {}", folder.string(), error.message()), folder.string());
  if (files.empty())
    return fail(ErrorCode::not_found, fmt::format("{}: holds no log segment (files like 0000000000000000.seg)", folder.string()),
                folder.string());
  std::sort(files.begin(), files.end());
  FolderRead out;
  out.begin = out.end = files.front().first;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& [first, file] = files[i];
    const bool last = i + 1 == files.size();
    const auto next_first = last ? std::nullopt : std::optional(files[i + 1].first);
    auto bytes = read_file(file, kMostSegmentBytes);
    // The log may be in use: a tail read in the middle of a write is whole a moment later.
    for (int reads = 1; last && bytes && reads < kReadsOfAGrowingTail; ++reads) {
      bool whole = true;
      read_segment(
          *bytes, file.filename().string(), first, next_first, [](const FoundRecord&) {}, [&](const BadBytes&) { whole = false; });
      if (whole) break;
      bytes = read_file(file, kMostSegmentBytes);
    }
    if (!bytes) return tl::make_unexpected(bytes.error());
    // A header that never reached the disk, in a last file without entries, is an unfinished creation.
    if (last && bytes->find_first_not_of('\0') == std::string::npos) continue;
    out.end = read_segment(*bytes, file.filename().string(), first, next_first, record, bad);
    ++out.segments;
    out.bytes += bytes->size();
  }
  return out;
}

}  // namespace invigil::verify
