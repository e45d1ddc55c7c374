// The parent's side of cutting and probing: one child a question.
#include <fmt/format.h>

#include "broker/platform/media/child.h"
#include "broker/platform/media/media.h"
#include "broker/platform/media/source.h"

namespace invigil {
namespace {

using namespace std::chrono_literals;
using media::Kind;

constexpr std::size_t kMaxCut = 400ull * 1024 * 1024;
constexpr auto kCutPatience = 180s;
constexpr auto kProbePatience = 60s;
constexpr Micros kProbeStall = seconds(5);

media::Deadline in(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

// The child's one answer, or why there is none.
template <class Message>
Result<Message> answer(media::Channel& channel, Kind kind, media::Deadline deadline) {
  const auto frame = channel.receive(deadline);
  if (!frame)
    return fail(ErrorCode::unavailable,
                channel.peer_gone() ? "the media process died over it: try again, or with a shorter stretch" : frame.error().message);
  if (frame->kind == Kind::failure) {
    const auto failure = media::unpack<media::Failure>(frame->body);
    if (failure) return fail(static_cast<ErrorCode>(failure->code), failure->message);
  }
  if (frame->kind != kind) return fail(ErrorCode::corrupt, "the media process talks nonsense");
  return media::unpack<Message>(frame->body);
}

}  // namespace

Result<CutResult> cut_mp4(const std::vector<CutInput>& parts) {
  std::size_t total = 0;
  for (const auto& part : parts) total += part.bytes.size();
  if (total > kMaxCut)
    return fail(ErrorCode::too_large,
                fmt::format("{} MiB of video in one clip: at most {} MiB, cut a shorter stretch", total >> 20, kMaxCut >> 20));
  auto child = media::Child::start("cut");
  if (!child) return tl::make_unexpected(child.error());
  auto& channel = (*child)->channel();
  const auto deadline = in(kCutPatience);
  for (const auto& part : parts)
    if (!channel.send(Kind::cut_part, media::pack(media::CutPart{part.start_us, part.bytes}), deadline)) break;  // answer() says why
  (void)channel.send(Kind::cut_finish, {}, deadline);
  auto done = answer<media::CutDone>(channel, Kind::cut_done, deadline);
  if (!done) return tl::make_unexpected(done.error());
  CutResult out;
  out.mp4 = std::move(done->bytes);
  out.start_us = done->start_us;
  out.duration_us = done->duration_us;
  out.parts_dropped = done->parts_dropped;
  out.parts_unreadable = done->parts_unreadable;
  return out;
}

Result<MediaInfo> probe(const std::string& source) {
  auto opened = media::open_source(source);
  if (!opened) return tl::make_unexpected(opened.error());
  auto child = media::Child::start(opened->network ? "probe-url" : "probe-file", opened->network ? -1 : opened->file.get());
  if (!child) return tl::make_unexpected(child.error());
  media::OpenSource request;
  request.url = opened->url;
  request.name_hint = opened->name_hint;
  request.stall_limit_us = kProbeStall.us;
  auto& channel = (*child)->channel();
  (void)channel.send(Kind::open_source, media::pack(request));
  auto info = answer<media::InfoMessage>(channel, Kind::info, in(kProbePatience));
  if (!info) return fail(info.error().code, fmt::format("{}: {}", opened->shown, info.error().message));
  MediaInfo out;
  out.video_codec = std::move(info->video_codec);
  out.audio_codec = std::move(info->audio_codec);
  out.width = info->width;
  out.height = info->height;
  out.frames_per_second = info->frames_per_second;
  out.duration_s = info->duration_s;
  out.key_interval_s = info->key_interval_s;
  return out;
}

}  // namespace invigil
