#pragma once
// Nets are loaded only when they are, byte for byte, those of the manifest. Private to analysis/vision.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil {

/// The path of the net in the folder after its size and SHA-256 were compared with the manifest. `not_found` when it is
/// missing, `corrupt` when it is another file, `invalid` when the manifest does not know it; each names the file and what to do.
Result<std::filesystem::path> checked_net(const std::filesystem::path& folder, std::string_view file);

}  // namespace invigil
