#pragma once
// Media work done in a sandboxed child (`invigil-media`): demux, decode, cut. Nobody else parses media.
// Every call here may outlive its child: when one dies it is started again and the call fails with `unavailable` or resumes.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "models/media.pb.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// Where the child program is: beside this program, unless configured otherwise.
std::filesystem::path media_program();

// ---- capture (agent): a camera or file becomes parts ----

struct CaptureOptions {
  std::string source;                ///< rtsp://… or a file path; credentials in it never reach a log
  Micros part_length = millis(500);  ///< upper bound of a part, whatever the GOP
  Micros stall_limit = seconds(3);   ///< no packet for so long = stalled
  bool paced = true;                 ///< files: at their own pace
  bool keep_audio = true;
};

/// One finished part; the caller adds room, session and run.
struct CapturedPart {
  std::string bytes;  ///< a complete small fMP4 file
  VideoPart part;     ///< start_us counts from the stream's first frame; everything but object, camera, room, session, run
};

struct CaptureEvent {
  CameraStatus::State state{};
  std::string detail;
  std::string video_codec;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

/// Runs one capture until `stop`, the end of the file, or a fault; the last event says which. Blocks; one thread per camera.
void capture(const CaptureOptions& options, const std::stop_token& stop, const std::function<void(CapturedPart)>& on_part,
             const std::function<void(CaptureEvent)>& on_event);

// ---- decode (analysis): parts become pictures ----

struct DecodeOptions {
  double samples_per_second = 5;
  std::uint32_t wide_width = 1280;  ///< BGR picture for nets, never wider than the source; height by aspect; 0 = none wanted
  std::uint32_t small_width = 320;  ///< grey picture (0…255), always small_width × small_height
  std::uint32_t small_height = 180;
};

/// One decoded sample. Owns its pixels.
struct Picture {
  std::int64_t offset_us = 0;  ///< from the part's (or file's) first frame; below 0 for a picture the part before still owed
  std::uint32_t width = 0, height = 0;
  std::string bgr;  ///< width·height·3, empty when not wanted
  std::uint32_t small_width = 0, small_height = 0;
  std::string grey;                 ///< small_width·small_height
  bool decode_damaged = false;      ///< this picture, or something since the one before it, did not decode cleanly
  std::uint32_t decode_errors = 0;  ///< how many packets and frames since the one before it were refused or damaged
};

/// Decodes the parts of one camera in order; keeps decoder state from part to part. Single-thread.
/// Every picture of a part comes out when that part is given, unless the stream reorders (B-frames): then its last one to four
/// come out with the next part, with a negative offset. Nothing is flushed for them: that would cost the references.
class PartDecoder {
 public:
  virtual ~PartDecoder() = default;
  /// Samples of one part on a grid of 1/samples_per_second from the run's start (so a cut elsewhere changes nothing before it).
  /// `run_offset_us` = this part's start counted from its run's start. `corrupt` when nothing could be decoded: go on with the
  /// next part. `unavailable` when the child died and could not be brought back: the next call tries anew. A child that dies in
  /// mid-part is replaced, fed the parts since the last key frame again, and the part is decoded as if nothing had been.
  virtual Result<std::vector<Picture>> decode(std::string_view part_bytes, std::int64_t run_offset_us) = 0;
  /// Forgets decoder state: before the first part of a new run.
  virtual void reset() = 0;
};
std::unique_ptr<PartDecoder> open_part_decoder(DecodeOptions options);

/// Decodes a whole file or URL in order (for `watch`); calls back for each sample until it returns false. Causal: what it
/// yields for the first t seconds does not depend on what comes after. Returns the duration seen. Blocks; errors name the source
/// without its credentials (`invalid` no video, `unsupported` codec, `corrupt` not one picture, `unavailable` the network).
Result<Micros> decode_file(const std::string& source, DecodeOptions options, const std::stop_token& stop,
                           const std::function<bool(Picture)>& on_picture);

// ---- cut (console): parts become one playable MP4, never re-encoded ----

/// Remuxes parts of one camera, in order, into one faststart MP4 of all they hold. Gaps between parts stay gaps in time.
/// `start_us` of each part places it on the timeline; parts before the first key frame are dropped.
struct CutInput {
  std::string bytes;
  std::int64_t start_us = 0;
};
struct CutResult {
  std::string mp4;
  std::int64_t start_us = 0;  ///< wall time of its first frame
  std::int64_t duration_us = 0;
  std::uint32_t parts_dropped = 0;     ///< before the first key frame, or after a gap and before the next one
  std::uint32_t parts_unreadable = 0;  ///< damaged: left out as a gap
};
/// `not_found` when no part holds a key frame, `too_large` over 400 MiB of parts, `unavailable` when the child cannot be started
/// or died. Blocks for as long as the copying takes, a second or less for ten minutes of one camera.
Result<CutResult> cut_mp4(const std::vector<CutInput>& parts);

/// What a file or URL is: codec, size, rate, key frame interval. For the room check and `watch`. Reads at most the first minute of
/// a file, twelve seconds of a stream; with one key frame in that time the interval is how long was read. Errors as decode_file.
struct MediaInfo {
  std::string video_codec;
  std::string audio_codec;
  std::uint32_t width = 0, height = 0;
  double frames_per_second = 0;
  double duration_s = 0;
  double key_interval_s = 0;
};
Result<MediaInfo> probe(const std::string& source);

}  // namespace invigil
