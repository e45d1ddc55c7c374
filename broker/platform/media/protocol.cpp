#include "broker/platform/media/protocol.h"

#include <cmath>
#include <cstring>
#include <type_traits>

namespace invigil::media {
namespace {

constexpr std::string_view kMagic = "IVMD";
constexpr std::uint64_t kSmall = 64 * 1024;
constexpr std::uint64_t kPart = 64ull * 1024 * 1024;
constexpr std::uint64_t kCut = 640ull * 1024 * 1024;
constexpr std::uint32_t kMaxSide = 16384;

class Packer {
 public:
  template <class T>
  void operator()(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      (*this)(static_cast<std::uint32_t>(value.size()));
      out_ += value;
    } else if constexpr (std::is_same_v<T, std::vector<std::uint64_t>>) {
      (*this)(static_cast<std::uint32_t>(value.size()));
      for (const auto item : value) (*this)(item);
    } else if constexpr (std::is_same_v<T, bool>) {
      out_ += value ? '\1' : '\0';
    } else {
      char raw[sizeof(T)];
      std::memcpy(raw, &value, sizeof(T));  // every machine we build for is little-endian
      out_.append(raw, sizeof(T));
    }
  }
  std::string take() { return std::move(out_); }
  void reserve(std::size_t n) { out_.reserve(n); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view in) : in_(in) {}

  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      std::uint32_t size = 0;
      (*this)(size);
      if (!fits(size)) return;
      value.assign(in_.substr(0, size));
      in_.remove_prefix(size);
    } else if constexpr (std::is_same_v<T, std::vector<std::uint64_t>>) {
      std::uint32_t count = 0;
      (*this)(count);
      if (!fits(std::uint64_t{count} * sizeof(std::uint64_t))) return;
      value.resize(count);
      for (auto& item : value) (*this)(item);
    } else if constexpr (std::is_same_v<T, bool>) {
      std::uint8_t byte = 0;
      (*this)(byte);
      if (byte > 1) ok_ = false;
      value = byte == 1;
    } else {
      if (!fits(sizeof(T))) return;
      std::memcpy(&value, in_.data(), sizeof(T));
      in_.remove_prefix(sizeof(T));
    }
  }
  bool finished() const { return ok_ && in_.empty(); }

 private:
  bool fits(std::uint64_t size) {
    if (in_.size() < size) ok_ = false;
    return ok_;
  }
  std::string_view in_;
  bool ok_ = true;
};

// One list of fields a message serves both directions, so they cannot drift apart.
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, OpenSource> {
  f(m.url), f(m.name_hint), f(m.part_length_us), f(m.stall_limit_us), f(m.paced), f(m.keep_audio);
  f(m.samples_per_second), f(m.wide_width), f(m.small_width), f(m.small_height);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, DecodeSetup> {
  f(m.samples_per_second), f(m.wide_width), f(m.small_width), f(m.small_height);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, DecodePart> {
  f(m.run_offset_us), f(m.quiet), f(m.bytes);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, CutPart> {
  f(m.start_us), f(m.bytes);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, PictureMessage> {
  f(m.offset_us), f(m.width), f(m.height), f(m.small_width), f(m.small_height), f(m.errors), f(m.damaged), f(m.bgr), f(m.grey);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, PartDone> {
  f(m.frames), f(m.packets), f(m.errors), f(m.starts_with_key);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, SourceEnd> {
  f(m.duration_us), f(m.errors);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, EventMessage> {
  f(m.state), f(m.detail), f(m.video_codec), f(m.width), f(m.height);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, PartMessage> {
  f(m.start_us), f(m.duration_us), f(m.first_pts), f(m.time_base_num), f(m.time_base_den), f(m.width), f(m.height), f(m.frames);
  f(m.starts_with_key), f(m.transcoded), f(m.audio_codec), f(m.key_hashes), f(m.bytes);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, CutDone> {
  f(m.start_us), f(m.duration_us), f(m.parts_dropped), f(m.parts_unreadable), f(m.bytes);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, InfoMessage> {
  f(m.video_codec), f(m.audio_codec), f(m.width), f(m.height), f(m.frames_per_second), f(m.duration_s), f(m.key_interval_s);
}
template <class M, class F>
void fields(M& m, F&& f) requires std::is_same_v<std::remove_const_t<M>, Failure> {
  f(m.code), f(m.message);
}

template <class M>
std::string packed(const M& m, std::size_t expected = 256) {
  Packer out;
  out.reserve(expected);
  fields(m, out);
  return out.take();
}

bool sides_ok(std::uint32_t width, std::uint32_t height) { return width <= kMaxSide && height <= kMaxSide; }
bool rate_ok(double rate) { return std::isfinite(rate) && rate > 0 && rate <= 1000; }

// What each message must hold beyond having the right length.
bool sane(const OpenSource& m) {
  return sides_ok(m.wide_width, m.small_width) && sides_ok(m.small_height, 0) && std::isfinite(m.samples_per_second) &&
         m.part_length_us >= 0 && m.stall_limit_us >= 0;
}
bool sane(const DecodeSetup& m) {
  return rate_ok(m.samples_per_second) && sides_ok(m.wide_width, m.small_width) && sides_ok(m.small_height, 0);
}
bool sane(const PictureMessage& m) {
  return sides_ok(m.width, m.height) && sides_ok(m.small_width, m.small_height) && m.bgr.size() == std::uint64_t{m.width} * m.height * 3 &&
         m.grey.size() == std::uint64_t{m.small_width} * m.small_height;
}
bool sane(const EventMessage& m) { return m.state >= 1 && m.state <= 6 && sides_ok(m.width, m.height); }
bool sane(const PartMessage& m) {
  constexpr std::int64_t year_us = 366ll * 24 * 3600 * 1'000'000;
  return m.start_us >= 0 && m.start_us <= year_us && m.duration_us >= 0 && m.duration_us <= year_us && m.frames > 0 &&
         m.time_base_num > 0 && m.time_base_den > 0 && sides_ok(m.width, m.height) && !m.bytes.empty();
}
bool sane(const InfoMessage& m) {
  return sides_ok(m.width, m.height) && std::isfinite(m.frames_per_second) && std::isfinite(m.duration_s) &&
         std::isfinite(m.key_interval_s);
}
bool sane(const Failure& m) { return m.code <= static_cast<std::uint32_t>(ErrorCode::internal); }
template <class M>
bool sane(const M&) {
  return true;
}

}  // namespace

std::uint64_t body_limit(Kind kind) {
  switch (kind) {
    case Kind::decode_reset:
    case Kind::cut_finish:
    case Kind::stop: return 1;
    case Kind::decode_part:
    case Kind::cut_part:
    case Kind::part:
    case Kind::picture: return kPart;
    case Kind::cut_done: return kCut;
    case Kind::open_source:
    case Kind::decode_setup:
    case Kind::part_done:
    case Kind::source_end:
    case Kind::event:
    case Kind::info:
    case Kind::failure: return kSmall;
  }
  return 0;
}

std::string pack_header(Header header) {
  Packer out;
  std::string bytes(kMagic);
  out(static_cast<std::uint8_t>(header.kind));
  out(std::uint8_t{0}), out(std::uint8_t{0}), out(std::uint8_t{0});
  out(header.size);
  return bytes + out.take();
}

Result<Header> unpack_header(std::string_view bytes) {
  if (bytes.size() != kHeaderSize || bytes.substr(0, 4) != kMagic) return fail(ErrorCode::corrupt, "media protocol: no frame begins here");
  std::uint8_t kind = 0, zero[3] = {};
  Header header;
  Unpacker in(bytes.substr(4));
  in(kind), in(zero[0]), in(zero[1]), in(zero[2]), in(header.size);
  header.kind = static_cast<Kind>(kind);
  const auto limit = body_limit(header.kind);
  if (limit == 0 || zero[0] || zero[1] || zero[2]) return fail(ErrorCode::corrupt, "media protocol: unknown frame kind");
  if (header.size > limit) return fail(ErrorCode::too_large, "media protocol: a frame over its limit");
  return header;
}

std::string pack(const OpenSource& m) { return packed(m); }
std::string pack(const DecodeSetup& m) { return packed(m); }
std::string pack(const DecodePart& m) { return packed(m, m.bytes.size() + 64); }
std::string pack(const CutPart& m) { return packed(m, m.bytes.size() + 64); }
std::string pack(const PictureMessage& m) { return packed(m, m.bgr.size() + m.grey.size() + 64); }
std::string pack(const PartDone& m) { return packed(m); }
std::string pack(const SourceEnd& m) { return packed(m); }
std::string pack(const EventMessage& m) { return packed(m); }
std::string pack(const PartMessage& m) { return packed(m, m.bytes.size() + 256); }
std::string pack(const CutDone& m) { return packed(m, m.bytes.size() + 64); }
std::string pack(const InfoMessage& m) { return packed(m); }
std::string pack(const Failure& m) { return packed(m); }

template <class Message>
Result<Message> unpack(std::string_view body) {
  Message m;
  Unpacker in(body);
  fields(m, in);
  if (!in.finished() || !sane(m)) return fail(ErrorCode::corrupt, "media protocol: a message that does not fit its kind");
  return m;
}

template Result<OpenSource> unpack(std::string_view);
template Result<DecodeSetup> unpack(std::string_view);
template Result<DecodePart> unpack(std::string_view);
template Result<CutPart> unpack(std::string_view);
template Result<PictureMessage> unpack(std::string_view);
template Result<PartDone> unpack(std::string_view);
template Result<SourceEnd> unpack(std::string_view);
template Result<EventMessage> unpack(std::string_view);
template Result<PartMessage> unpack(std::string_view);
template Result<CutDone> unpack(std::string_view);
template Result<InfoMessage> unpack(std::string_view);
template Result<Failure> unpack(std::string_view);

}  // namespace invigil::media
