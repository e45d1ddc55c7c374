#pragma once
// The words parent and media child exchange over their socketpair: length-checked frames, one struct a message.
// Neither side trusts the other's lengths: the child has read hostile media, and a frame is refused before memory is taken for it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/result.h"

namespace invigil::media {

/// What a frame carries. Numbers are fixed; requests are below 32, answers from 32.
enum class Kind : std::uint8_t {
  open_source = 1,   ///< OpenSource: first word to capture, decode and probe children
  decode_setup = 2,  ///< DecodeSetup: first word to a part decoder
  decode_part = 3,   ///< DecodePart
  decode_reset = 4,  ///< empty
  cut_part = 5,      ///< CutPart, repeated
  cut_finish = 6,    ///< empty
  stop = 7,          ///< empty: finish what is open, then end

  picture = 32,     ///< PictureMessage
  part_done = 33,   ///< PartDone: all pictures of one part were sent
  source_end = 34,  ///< SourceEnd
  event = 35,       ///< EventMessage
  part = 36,        ///< PartMessage
  cut_done = 37,    ///< CutDone
  info = 38,        ///< InfoMessage
  failure = 39      ///< Failure
};

inline constexpr std::size_t kHeaderSize = 12;

/// The largest body a frame of this kind may have; 0 for an unknown kind.
std::uint64_t body_limit(Kind kind);

struct Header {
  Kind kind{};
  std::uint32_t size = 0;
};

/// kHeaderSize bytes: "IVMD", kind, three zero bytes, body size (little-endian).
std::string pack_header(Header header);
/// `corrupt` when the magic, the kind or the size is none of ours.
Result<Header> unpack_header(std::string_view bytes);

struct Frame {
  Kind kind{};
  std::string body;
};

struct OpenSource {
  std::string url;        ///< with credentials; empty: read the inherited file
  std::string name_hint;  ///< the file's name, which helps guess its format
  std::int64_t part_length_us = 0, stall_limit_us = 0;
  bool paced = false, keep_audio = false;
  double samples_per_second = 0;
  std::uint32_t wide_width = 0, small_width = 0, small_height = 0;
};

struct DecodeSetup {
  double samples_per_second = 0;
  std::uint32_t wide_width = 0, small_width = 0, small_height = 0;
};

struct DecodePart {
  std::int64_t run_offset_us = 0;
  bool quiet = false;  ///< decode to regain state, send no picture
  std::string bytes;
};

struct CutPart {
  std::int64_t start_us = 0;
  std::string bytes;
};

struct PictureMessage {
  std::int64_t offset_us = 0;
  std::uint32_t width = 0, height = 0, small_width = 0, small_height = 0;
  std::uint32_t errors = 0;
  bool damaged = false;
  std::string bgr, grey;
};

struct PartDone {
  std::uint32_t frames = 0;  ///< decoded, sampled or not
  std::uint32_t packets = 0;
  std::uint32_t errors = 0;
  bool starts_with_key = false;
};

struct SourceEnd {
  std::int64_t duration_us = 0;
  std::uint32_t errors = 0;
};

struct EventMessage {
  std::uint32_t state = 0;  ///< CameraStatus::State
  std::string detail, video_codec;
  std::uint32_t width = 0, height = 0;
};

struct PartMessage {
  std::int64_t start_us = 0, duration_us = 0, first_pts = 0;
  std::uint32_t time_base_num = 0, time_base_den = 0, width = 0, height = 0, frames = 0;
  bool starts_with_key = false, transcoded = false;
  std::string audio_codec;
  std::vector<std::uint64_t> key_hashes;
  std::string bytes;
};

struct CutDone {
  std::int64_t start_us = 0, duration_us = 0;
  std::uint32_t parts_dropped = 0, parts_unreadable = 0;
  std::string bytes;
};

struct InfoMessage {
  std::string video_codec, audio_codec;
  std::uint32_t width = 0, height = 0;
  double frames_per_second = 0, duration_s = 0, key_interval_s = 0;
};

struct Failure {
  std::uint32_t code = 0;  ///< ErrorCode
  std::string message;
};

/// A message's body. Fields in the order above, integers little-endian, text and bytes with a 32-bit length before them.
std::string pack(const OpenSource& m);
std::string pack(const DecodeSetup& m);
std::string pack(const DecodePart& m);
std::string pack(const CutPart& m);
std::string pack(const PictureMessage& m);
std::string pack(const PartDone& m);
std::string pack(const SourceEnd& m);
std::string pack(const EventMessage& m);
std::string pack(const PartMessage& m);
std::string pack(const CutDone& m);
std::string pack(const InfoMessage& m);
std::string pack(const Failure& m);

/// Reads a body back; `corrupt` when it is short, has bytes left over, or holds a value no honest peer sends
/// (pixel counts that do not fit the size, an unknown state or code).
template <class Message>
Result<Message> unpack(std::string_view body);

}  // namespace invigil::media
