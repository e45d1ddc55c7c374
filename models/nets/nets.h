#pragma once
// Which neural nets exist for us, where they come from, and in which folder they lie. Whether they are intact is checked
// where they are loaded (analysis/vision).

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil {

/// One file of models/nets/manifest.csv.
struct NetFile {
  std::string file;        ///< name in the nets folder
  std::string role;        ///< "faces", "persons", "persons-alternative"
  std::string net;         ///< what it is, for people
  std::string repository;  ///< owner/name on GitHub
  std::string commit;      ///< at least 12 hex digits
  std::string path;        ///< within the repository
  std::string licence;
  std::uint64_t bytes = 0;
  std::string sha256;  ///< 64 lower-case hex digits
};

/// Reads a manifest: a header line, then one net a line, fields without quotes. `invalid` names the line and the field.
Result<std::vector<NetFile>> parse_net_manifest(std::string_view text);

/// The manifest this program was built with.
std::span<const NetFile> net_manifest();

/// The manifest's line for a file name; null when there is none.
const NetFile* find_net(std::string_view file);

/// The folder with the nets: `wanted` (--nets), else the environment's INVIGIL_NETS, else ../share/invigil/nets seen from this
/// program. The first that is named counts, even when it does not exist: a wrong setting is told, not papered over.
/// `not_found` says where was looked and how to get the nets.
Result<std::filesystem::path> find_nets_folder(const std::optional<std::filesystem::path>& wanted);

}  // namespace invigil
