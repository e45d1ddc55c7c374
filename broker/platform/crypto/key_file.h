#pragma once
// A secret on disk: a small text file only its owner may read.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// Reads the secret bytes in `file`; `not_found` when there is none: what should be there is never made anew, for another key is another
/// identity. Else as below.
Result<std::string> load_secret(const std::filesystem::path& file, std::string_view title, std::size_t size);

/// Reads the secret bytes in `file`, or makes the file from `make()` when it does not exist. The text is
/// "<title>\n<hex>\ncheck <8 hex digits of SHA-256 over what stands before>\n"; files of before that have no check are read, too. New files
/// have mode 0600 and are durable on return (fsync of file and directory); missing directories are made with mode 0700. Two processes that
/// create at the same moment get the same secret. `denied` when group or others may read it, `corrupt` when it is not such a file or the
/// secret has not `size` bytes.
Result<std::string> load_or_create_secret(const std::filesystem::path& file, std::string_view title, std::size_t size,
                                          const std::function<std::string()>& make);

}  // namespace invigil
