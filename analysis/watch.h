#pragma once
// `invigil-analysis watch`: the live pipeline over one video file or URL, without a log.

#include <filesystem>
#include <iosfwd>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace invigil {

/// What the command line said. Unset = the default named in the comment.
struct WatchOptions {
  std::string video;  ///< file path or rtsp://… / http(s)://… address
  std::optional<std::filesystem::path>
      seats;  ///< JSON: {"seats":[{"seat":"A-01","polygon":[[x,y],…]}]}, shares 0…1; unset = proposed from the picture
  std::optional<std::filesystem::path> nets;  ///< unset = INVIGIL_NETS, then the installed folder
  bool jsonl = false;                         ///< one JSON object a line instead of the table
  std::map<std::string, double> set;          ///< "detector.parameter" → value (--set, checked against the catalogue here)
  double samples_per_second = 5;              ///< pictures looked at each second of video
};

/// Watches the video to its end or until `stop`; results go to `out` (JSON lines or a table), complaints to `err`.
/// Returns the program's exit code: 0 watched to the end; 1 the video, the seats file or the nets could not be read
/// (`err` says which and what to do); 2 an option names no detector or parameter. Blocks; one thread.
/// Causal: lines about the first t seconds are the same when the video is cut at t.
int run_watch(const WatchOptions& options, std::ostream& out, std::ostream& err, const std::stop_token& stop);

/// run_watch on standard output and standard error, until SIGINT.
int run_watch(const WatchOptions& options);

}  // namespace invigil
