// The parent's side of capture: one child a camera, its parts and events passed on, its death an event.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "broker/platform/media/child.h"
#include "broker/platform/media/media.h"
#include "broker/platform/media/source.h"

namespace invigil {
namespace {

using namespace std::chrono_literals;
using media::Kind;

// How long a stopped child may take to hand over its open part before it is ended.
constexpr auto kLastWord = 120ms;

CaptureEvent told(CameraStatus::State state, std::string detail) {
  CaptureEvent e;
  e.state = state;
  e.detail = std::move(detail);
  return e;
}

CapturedPart to_part(media::PartMessage m, std::uint64_t number) {
  CapturedPart out;
  VideoPart& p = out.part;
  p.set_size(m.bytes.size());
  p.set_start_us(m.start_us);
  p.set_duration_us(m.duration_us);
  p.set_starts_with_key(m.starts_with_key);
  p.set_number(number);
  p.set_video_codec("h264");
  p.set_transcoded(m.transcoded);
  p.set_width(m.width);
  p.set_height(m.height);
  p.set_frames(m.frames);
  p.set_first_pts(m.first_pts);
  p.set_time_base_num(m.time_base_num);
  p.set_time_base_den(m.time_base_den);
  p.set_audio_codec(m.audio_codec);
  for (const auto hash : m.key_hashes) p.add_key_payload_hashes(hash);
  out.bytes = std::move(m.bytes);
  return out;
}

class Capture {
 public:
  Capture(const CaptureOptions& options, const std::function<void(CapturedPart)>& on_part) : options_(options), on_part_(on_part) {}

  /// Runs to the end; what to say last. `on_event` hears what comes before.
  CaptureEvent run(const std::stop_token& stop, const std::function<void(CaptureEvent)>& on_event) {
    auto source = media::open_source(options_.source);
    if (!source) return told(CameraStatus::CANNOT_OPEN, source.error().message);
    auto child = media::Child::start(source->network ? "capture-url" : "capture-file", source->network ? -1 : source->file.get());
    if (!child) return told(CameraStatus::CANNOT_OPEN, child.error().message);
    shown_ = source->shown;
    auto& channel = (*child)->channel();
    media::OpenSource request;
    request.url = source->url;
    request.name_hint = source->name_hint;
    request.part_length_us = options_.part_length.us;
    request.stall_limit_us = options_.stall_limit.us;
    request.paced = options_.paced;
    request.keep_audio = options_.keep_audio;
    const media::StopFd stopped(stop);
    (void)channel.send(Kind::open_source, media::pack(request));  // a child already dead is met in the first receive

    bool stopping = false;
    media::Deadline deadline = media::kNever;
    for (;;) {
      // A network child answers within its own limits, but a hung one must not hang us: see patience().
      const auto frame = channel.receive(stopping ? deadline : patience(source->network), stopping ? -1 : stopped.get());
      if (!frame && frame.error().code == ErrorCode::conflict) {
        stopping = true;
        deadline = std::chrono::steady_clock::now() + kLastWord;
        if (!channel.send(Kind::stop, {}, deadline)) return told(CameraStatus::ENDED, "stopped");
        continue;
      }
      if (stopping && !frame) return told(CameraStatus::ENDED, "stopped");
      if (!frame)
        return told(CameraStatus::DISCONNECTED, about(channel.peer_gone() ? "the media process died over it; it is started again"
                                                                          : "the media process hangs; it is started again"));
      if (auto last = take(*frame, on_event)) return *last;
    }
  }

 private:
  media::Deadline patience(bool network) const {
    if (!network && options_.paced) return media::kNever;  // a file may show one picture for an hour
    const auto limit = std::chrono::microseconds(4 * options_.stall_limit.us) + 30s + std::chrono::microseconds(options_.part_length.us);
    return std::chrono::steady_clock::now() + (opened_ ? limit : limit + 60s);
  }

  std::string about(const std::string& text) const { return fmt::format("{}: {}", shown_, text); }

  std::optional<CaptureEvent> take(const media::Frame& frame, const std::function<void(CaptureEvent)>& on_event) {
    if (frame.kind == Kind::part) {
      auto part = media::unpack<media::PartMessage>(frame.body);
      if (!part || part->start_us < next_start_us_ || !opened_)
        return told(CameraStatus::DISCONNECTED, about("the media process talks nonsense; it is started again"));
      next_start_us_ = part->start_us;
      on_part_(to_part(std::move(*part), ++number_));
      return std::nullopt;
    }
    if (frame.kind == Kind::failure) {
      const auto failure = media::unpack<media::Failure>(frame.body);
      return told(CameraStatus::CANNOT_OPEN, about(failure ? failure->message : "the media process talks nonsense"));
    }
    auto event = media::unpack<media::EventMessage>(frame.body);
    if (frame.kind != Kind::event || !event)
      return told(CameraStatus::DISCONNECTED, about("the media process talks nonsense; it is started again"));
    CaptureEvent out;
    out.state = static_cast<CameraStatus::State>(event->state);
    out.detail = event->detail.empty() ? "" : about(event->detail);
    out.video_codec = std::move(event->video_codec);
    out.width = event->width;
    out.height = event->height;
    if (out.state != CameraStatus::OPENED) return out;
    opened_ = true;
    on_event(std::move(out));
    return std::nullopt;
  }

  const CaptureOptions& options_;
  const std::function<void(CapturedPart)>& on_part_;
  std::string shown_;
  std::uint64_t number_ = 0;
  std::int64_t next_start_us_ = 0;
  bool opened_ = false;
};

}  // namespace

void capture(const CaptureOptions& options, const std::stop_token& stop, const std::function<void(CapturedPart)>& on_part,
             const std::function<void(CaptureEvent)>& on_event) {
  Capture running(options, on_part);
  on_event(running.run(stop, on_event));
}

}  // namespace invigil
