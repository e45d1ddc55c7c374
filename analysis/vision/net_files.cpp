#include "analysis/vision/net_files.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "broker/platform/crypto/crypto.h"
#include "models/nets/nets.h"

namespace invigil {

Result<std::filesystem::path> checked_net(const std::filesystem::path& folder, std::string_view file) {
  const NetFile* net = find_net(file);
  if (net == nullptr) return fail(ErrorCode::invalid, fmt::format("{} is not in the nets manifest", file));
  const auto path = folder / net->file;
  std::error_code fault;
  const auto size = std::filesystem::file_size(path, fault);
  if (fault)
    return fail(ErrorCode::not_found, fmt::format("{} is missing in {}: run scripts/fetch_nets", file, folder.string()), path.string());
  const auto altered = [&](const std::string& how) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} was altered ({}) and is not loaded: delete it and run scripts/fetch_nets", path.string(), how),
                path.string());
  };
  if (size != net->bytes) return altered(fmt::format("{} bytes instead of {}", size, net->bytes));
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (!in || bytes.size() != size)
    return fail(ErrorCode::unavailable, fmt::format("{} cannot be read: check its rights", path.string()), path.string());
  if (to_hex(bytes_of(sha256(bytes))) != net->sha256) return altered("its SHA-256 differs from the manifest");
  return path;
}

}  // namespace invigil
