#include "models/nets/nets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <system_error>

#include "models/nets/manifest_text.h"

namespace invigil {
namespace {

constexpr std::string_view kHeader = "file,role,net,repository,commit,path,licence,bytes,sha256";
constexpr std::size_t kFields = 9;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// A name must not leave the folder it is looked for in.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
  });
}

Result<NetFile> parse_line(std::string_view line, std::size_t number) {
  std::array<std::string_view, kFields> field;
  std::size_t count = 0;
  for (std::string_view rest = line;; ++count) {
    const auto comma = rest.find(',');
    if (count < kFields) field[count] = rest.substr(0, comma);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  const auto bad = [number](std::string_view what) {
    return fail(ErrorCode::invalid, fmt::format("nets manifest, line {}: {}", number, what), fmt::format("line {}", number));
  };
  if (count + 1 != kFields) return bad(fmt::format("{} fields instead of {} ({})", count + 1, kFields, kHeader));
  NetFile net;
  net.file = field[0], net.role = field[1], net.net = field[2], net.repository = field[3], net.commit = field[4];
  net.path = field[5], net.licence = field[6], net.sha256 = field[8];
  if (!is_plain_name(net.file)) return bad("file is no plain file name");
  if (net.role.empty()) return bad("role is empty");
  if (net.commit.size() < 12 || !is_hex(net.commit)) return bad("commit is not at least 12 hex digits");
  const auto [end, fault] = std::from_chars(field[7].data(), field[7].data() + field[7].size(), net.bytes);
  if (fault != std::errc{} || end != field[7].data() + field[7].size() || net.bytes == 0) return bad("bytes is no positive number");
  if (net.sha256.size() != 64 || !is_hex(net.sha256)) return bad("sha256 is not 64 lower-case hex digits");
  return net;
}

}  // namespace

Result<std::vector<NetFile>> parse_net_manifest(std::string_view text) {
  std::vector<NetFile> nets;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (number == 1) {
      if (line != kHeader)
        return fail(ErrorCode::invalid, fmt::format("nets manifest, line 1: the header is not \"{}\"", kHeader), "line 1");
      continue;
    }
    if (line.empty()) continue;
    auto net = parse_line(line, number);
    if (!net) return tl::make_unexpected(net.error());
    nets.push_back(std::move(*net));
  }
  if (number == 0) return fail(ErrorCode::invalid, "nets manifest: it is empty");
  return nets;
}

std::span<const NetFile> net_manifest() {
  static const std::vector<NetFile> nets = [] {
    auto parsed = parse_net_manifest(kNetManifestText);
    if (!parsed) abort_with(parsed.error().message);
    return std::move(*parsed);
  }();
  return nets;
}

const NetFile* find_net(std::string_view file) {
  for (const NetFile& net : net_manifest())
    if (net.file == file) return &net;
  return nullptr;
}

Result<std::filesystem::path> find_nets_folder(const std::optional<std::filesystem::path>& wanted) {
  std::error_code ignored;
  const auto told = [&](const std::filesystem::path& folder, std::string_view how) -> Result<std::filesystem::path> {
    if (std::filesystem::is_directory(folder, ignored)) return folder;
    return fail(ErrorCode::not_found, fmt::format("no nets folder at {} ({}): correct it, or run scripts/fetch_nets", folder.string(), how),
                folder.string());
  };
  if (wanted && !wanted->empty()) return told(*wanted, "--nets");
  if (const char* set = std::getenv("INVIGIL_NETS"); set != nullptr && *set != '\0') return told(set, "INVIGIL_NETS");
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const auto installed = program.parent_path().parent_path() / "share/invigil/nets";
  if (!program.empty() && std::filesystem::is_directory(installed, ignored)) return installed;
  return fail(ErrorCode::not_found,
              fmt::format("no nets: neither --nets nor INVIGIL_NETS is set and {} does not exist; scripts/fetch_nets downloads them",
                          installed.string()));
}

}  // namespace invigil
