#pragma once
// invigil-verify's own reader of log segments. Written from broker/log/README.md, shares no code with the log.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil::verify {

/// A record as found in a file; views are valid during the call that hands it over.
struct FoundRecord {
  std::uint64_t position = 0;
  std::string_view header;
  std::string_view payload;
};

/// Bytes that are not what the format says.
struct BadBytes {
  std::uint64_t position = 0;   ///< the first position concerned
  std::uint64_t positions = 0;  ///< how many positions cannot be read; 0 = none is lost
  std::string file;
  std::uint64_t offset = 0;
  std::string what;    ///< English, for people
  std::string stream;  ///< what the damaged entry claims to be, when that can still be read
  std::uint64_t seq = 0;
};

/// One segment file cut into records, without files: what the fuzzer runs. `bytes` is the whole file; `first` the position in
/// its name, `next_first` that in the next file's name (empty for the last). Calls either for everything found, in order.
/// Returns the position after the last one.
std::uint64_t read_segment(std::string_view bytes, const std::string& file, std::uint64_t first, std::optional<std::uint64_t> next_first,
                           const std::function<void(const FoundRecord&)>& record, const std::function<void(const BadBytes&)>& bad);

/// What a folder of segments holds.
struct FolderRead {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
};

/// Reads all segments in `folder` in order, one file in memory at a time; changes nothing. `not_found` when there is none.
Result<FolderRead> read_folder(const std::filesystem::path& folder, const std::function<void(const FoundRecord&)>& record,
                               const std::function<void(const BadBytes&)>& bad);

/// A whole file; `not_found`, `too_large` over `limit`, `unavailable` when it cannot be read.
Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t limit);

}  // namespace invigil::verify
