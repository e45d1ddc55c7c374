// The parent's side of decoding: parts or a whole source in, pictures out, children replaced as they die.
#include <fmt/format.h>

#include <deque>
#include <utility>

#include "broker/platform/media/child.h"
#include "broker/platform/media/media.h"
#include "broker/platform/media/source.h"

namespace invigil {
namespace {

using namespace std::chrono_literals;
using media::Channel;
using media::Child;
using media::Frame;
using media::Kind;

constexpr auto kPartPatience = 30s;  // wall time for one part: beyond it the child hangs
constexpr std::size_t kPrimeParts = 128;
constexpr std::size_t kPrimeBytes = 96 * 1024 * 1024;
constexpr std::size_t kMaxPictures = 100'000;

Picture to_picture(media::PictureMessage m) {
  Picture p;
  p.offset_us = m.offset_us;
  p.width = m.width;
  p.height = m.height;
  p.bgr = std::move(m.bgr);
  p.small_width = m.small_width;
  p.small_height = m.small_height;
  p.grey = std::move(m.grey);
  p.decode_damaged = m.damaged;
  p.decode_errors = m.errors;
  return p;
}

tl::unexpected<Error> failure_of(const Frame& frame) {
  const auto failure = media::unpack<media::Failure>(frame.body);
  if (!failure) return tl::make_unexpected(failure.error());
  return fail(static_cast<ErrorCode>(failure->code), failure->message);
}

// A child's picture must be what was asked for; more would be an attack on our memory.
bool fits(const media::PictureMessage& m, const DecodeOptions& o) {
  return m.width <= o.wide_width && (m.grey.empty() || (m.small_width == o.small_width && m.small_height == o.small_height));
}

class ChildPartDecoder final : public PartDecoder {
 public:
  explicit ChildPartDecoder(DecodeOptions options) : options_(options) {}

  Result<std::vector<Picture>> decode(std::string_view bytes, std::int64_t run_offset_us) override {
    if (bytes.size() + 64 > media::body_limit(Kind::decode_part)) return fail(ErrorCode::too_large, "a part of video over 64 MiB");
    if (!child_)
      if (auto r = restart(); !r) return tl::make_unexpected(r.error());
    auto pictures = ask(bytes, run_offset_us, false);
    if (!pictures && !child_) {
      // The child died. Another is brought to the same place, and the part gets a second chance.
      if (auto r = restart(); !r) return tl::make_unexpected(r.error());
      pictures = ask(bytes, run_offset_us, false);
      if (!pictures && !child_) return fail(ErrorCode::corrupt, "this part of video ends the decoder each time; it is left out");
    }
    return pictures;
  }

  void reset() override {
    primed_.clear();
    primed_bytes_ = 0;
    if (child_ && !child_->channel().send(Kind::decode_reset, {}, soon())) child_.reset();
  }

 private:
  struct Primed {
    std::string bytes;
    std::int64_t run_offset_us;
  };

  static media::Deadline soon() { return std::chrono::steady_clock::now() + kPartPatience; }

  Result<> restart() {
    auto child = Child::start("decode");
    if (!child) return tl::make_unexpected(child.error());
    child_ = std::move(*child);
    const media::DecodeSetup setup{options_.samples_per_second, options_.wide_width, options_.small_width, options_.small_height};
    if (auto r = child_->channel().send(Kind::decode_setup, media::pack(setup), soon()); !r) {
      child_.reset();
      return r;
    }
    for (const auto& part : primed_) {
      (void)ask(part.bytes, part.run_offset_us, true);  // what it says was heard the first time
      if (!child_) {                                    // then it is one of these that kills: begin anew with the next key frame
        primed_.clear();
        primed_bytes_ = 0;
        return fail(ErrorCode::unavailable, "the video decoder died twice over the same parts; it goes on with the next one");
      }
    }
    return {};
  }

  // Drops the child when it died, hangs or talks nonsense; keeps it when it only refuses the part.
  Result<std::vector<Picture>> ask(std::string_view bytes, std::int64_t run_offset_us, bool quiet) {
    Channel& channel = child_->channel();
    const auto deadline = soon();
    const auto lost = [this](const Error& e) {
      child_.reset();
      return tl::make_unexpected(e);
    };
    if (auto r = channel.send(Kind::decode_part, media::pack(media::DecodePart{run_offset_us, quiet, std::string(bytes)}), deadline); !r)
      return lost(r.error());
    std::vector<Picture> pictures;
    for (;;) {
      auto frame = channel.receive(deadline);
      if (!frame) return lost(frame.error());
      if (frame->kind == Kind::failure) return failure_of(*frame);
      if (frame->kind == Kind::part_done) {
        const auto done = media::unpack<media::PartDone>(frame->body);
        if (!done) return lost(done.error());
        if (!quiet) remember(bytes, run_offset_us, done->starts_with_key);
        return pictures;
      }
      auto picture = media::unpack<media::PictureMessage>(frame->body);
      if (frame->kind != Kind::picture || !picture || !fits(*picture, options_) || pictures.size() >= kMaxPictures)
        return lost({ErrorCode::corrupt, "the media process talks nonsense"});
      pictures.push_back(to_picture(std::move(*picture)));
    }
  }

  void remember(std::string_view bytes, std::int64_t run_offset_us, bool starts_with_key) {
    if (starts_with_key || primed_.size() >= kPrimeParts || primed_bytes_ + bytes.size() > kPrimeBytes) {
      primed_.clear();
      primed_bytes_ = 0;
    }
    primed_.push_back({std::string(bytes), run_offset_us});
    primed_bytes_ += bytes.size();
  }

  DecodeOptions options_;
  std::unique_ptr<Child> child_;
  std::deque<Primed> primed_;  // the parts since the last key frame, to bring a new child to the same place
  std::size_t primed_bytes_ = 0;
};

constexpr Micros kNetworkStall = seconds(5);

}  // namespace

std::unique_ptr<PartDecoder> open_part_decoder(DecodeOptions options) { return std::make_unique<ChildPartDecoder>(options); }

Result<Micros> decode_file(const std::string& source, DecodeOptions options, const std::stop_token& stop,
                           const std::function<bool(Picture)>& on_picture) {
  auto opened = media::open_source(source);
  if (!opened) return tl::make_unexpected(opened.error());
  auto child = Child::start(opened->network ? "decode-url" : "decode-file", opened->network ? -1 : opened->file.get());
  if (!child) return tl::make_unexpected(child.error());
  const auto about = [&](const Error& e) { return fail(e.code, fmt::format("{}: {}", opened->shown, e.message)); };

  media::OpenSource request;
  request.url = opened->url;
  request.name_hint = opened->name_hint;
  request.stall_limit_us = kNetworkStall.us;
  request.samples_per_second = options.samples_per_second;
  request.wide_width = options.wide_width;
  request.small_width = options.small_width;
  request.small_height = options.small_height;
  Channel& channel = (*child)->channel();
  if (auto r = channel.send(Kind::open_source, media::pack(request)); !r) return about(r.error());
  const media::StopFd stopped(stop);
  Micros seen{};
  for (;;) {
    // A file's picture may take as long as decoding to it takes; the child's own CPU limit ends a decoder gone astray.
    auto frame = channel.receive(media::kNever, stopped.get());
    if (!frame) {
      if (frame.error().code == ErrorCode::conflict) return seen;
      if (channel.peer_gone()) return about({ErrorCode::corrupt, "the decoder died over it: the file is damaged or hostile"});
      return about(frame.error());
    }
    if (frame->kind == Kind::failure) return about(failure_of(*frame).value());
    if (frame->kind == Kind::source_end) {
      const auto end = media::unpack<media::SourceEnd>(frame->body);
      if (!end) return about(end.error());
      return Micros{end->duration_us};
    }
    auto picture = media::unpack<media::PictureMessage>(frame->body);
    if (frame->kind != Kind::picture || !picture || !fits(*picture, options))
      return about({ErrorCode::corrupt, "the media process talks nonsense"});
    seen = Micros{picture->offset_us};
    if (!on_picture(to_picture(std::move(*picture)))) return seen;
  }
}

}  // namespace invigil
