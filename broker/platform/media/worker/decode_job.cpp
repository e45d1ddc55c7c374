#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "broker/platform/media/worker/jobs.h"
#include "broker/platform/media/worker/sampler.h"
#include "broker/platform/media/worker/sandbox.h"

namespace invigil::media {
namespace {

constexpr int kPartCpuSeconds = 20;
constexpr int kFileCpuSeconds = 600;  // re-armed as long as frames come

// All video packets of a part, with times in microseconds from the run's start.
Result<std::vector<PacketPtr>> packets_of(Input& in, std::int64_t run_offset_us) {
  std::vector<PacketPtr> packets;
  std::int64_t first = INT64_MAX;
  for (;;) {
    PacketPtr packet = make_packet();
    if (av_read_frame(&in.format(), packet.get()) < 0) break;
    if (packet->stream_index != in.video()->index) continue;
    if (packet->pts == AV_NOPTS_VALUE) packet->pts = packet->dts;
    if (packet->pts != AV_NOPTS_VALUE) first = std::min(first, packet->pts);
    packets.push_back(std::move(packet));
  }
  if (packets.empty() || first == INT64_MAX) return fail(ErrorCode::corrupt, "this part holds no video");
  for (auto& packet : packets) {
    const auto pts = packet->pts == AV_NOPTS_VALUE ? first : packet->pts;
    packet->pts = run_offset_us + to_us(pts - first, in.video()->time_base);
    packet->dts = AV_NOPTS_VALUE;
  }
  return packets;
}

Result<PartDone> decode_part(Channel& channel, Sampler& sampler, const DecodePart& part) {
  auto in = Input::from_part(part.bytes);
  if (!in) return tl::make_unexpected(in.error());
  // All parts are H.264: no other decoder is within reach of a forged one.
  if (in->video()->codecpar->codec_id != AV_CODEC_ID_H264) return fail(ErrorCode::corrupt, "this part holds no H.264");
  auto packets = packets_of(*in, part.run_offset_us);
  if (!packets) return tl::make_unexpected(packets.error());
  if (auto r = sampler.open(*in->video()->codecpar); !r) return tl::make_unexpected(r.error());
  const auto frames_before = sampler.frames(), errors_before = sampler.errors();
  const auto send = [&](PictureMessage m) {
    m.offset_us -= part.run_offset_us;
    return channel.send(Kind::picture, pack(m));
  };
  for (const auto& packet : *packets)
    if (auto r = sampler.decode(packet.get(), send, part.quiet); !r) return tl::make_unexpected(r.error());
  const bool key = (packets->front()->flags & AV_PKT_FLAG_KEY) != 0;
  // A decoder that holds pictures back for reordering may owe us those of its first parts; without a key frame there are none.
  if (sampler.frames() == 0 && (!key || sampler.errors() > 0))
    return fail(ErrorCode::corrupt, key ? "nothing in this part of video could be decoded: it is damaged"
                                        : "no key frame came yet: this part of video cannot be decoded");
  return PartDone{sampler.frames() - frames_before, static_cast<std::uint32_t>(packets->size()), sampler.errors() - errors_before, key};
}

}  // namespace

int run_part_decoder(Channel& channel) {
  if (auto r = enter_sandbox(Powers::files, {2 * kGibibyte}); !r) return give_up(channel, r.error());
  const auto setup = first_word<DecodeSetup>(channel, Kind::decode_setup);
  if (!setup) return give_up(channel, setup.error());
  Sampler sampler(*setup);
  for (;;) {
    auto frame = channel.receive();
    if (!frame) return channel.peer_gone() ? 0 : give_up(channel, frame.error());
    if (frame->kind == Kind::decode_reset) {
      sampler.reset();
      continue;
    }
    auto part = unpack<DecodePart>(frame->body);
    if (frame->kind != Kind::decode_part || !part) return give_up(channel, {ErrorCode::corrupt, "media protocol: a part was expected"});
    frame->body = {};
    arm_cpu_limit(kPartCpuSeconds);
    const auto done = decode_part(channel, sampler, *part);
    arm_cpu_limit(0);
    if (channel.peer_gone()) return 0;
    const auto sent = done
                          ? channel.send(Kind::part_done, pack(*done))
                          : channel.send(Kind::failure, pack(Failure{static_cast<std::uint32_t>(done.error().code), done.error().message}));
    if (!sent) return 0;
  }
}

int run_source_decoder(Channel& channel, bool network) {
  const auto request = first_word<OpenSource>(channel, Kind::open_source);
  if (!request) return give_up(channel, request.error());
  Watch watch;
  const std::chrono::microseconds stall(request->stall_limit_us);
  auto in = open_locked_in(*request, network, watch, 3 * stall);
  if (!in) return give_up(channel, in.error());
  Sampler sampler({request->samples_per_second, request->wide_width, request->small_width, request->small_height});
  if (auto r = sampler.open(*in->video()->codecpar); !r) return give_up(channel, r.error());

  const auto time_base = in->video()->time_base;
  std::int64_t origin = AV_NOPTS_VALUE, last = 0;
  const auto send = [&](PictureMessage m) {
    last = m.offset_us;
    return channel.send(Kind::picture, pack(m));
  };
  // The first frame's time is zero: known at the first key frame, whose leading pictures (an open GOP's) are not decodable anyway.
  PacketPtr packet = make_packet();
  int read = 0;
  for (;;) {
    if (network) watch.allow(stall);
    arm_cpu_limit(kFileCpuSeconds);
    av_packet_unref(packet.get());
    read = av_read_frame(&in->format(), packet.get());
    if (read < 0) break;
    if (packet->stream_index != in->video()->index) continue;
    const auto stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    if (origin == AV_NOPTS_VALUE) origin = stamp;
    if (packet->pts != AV_NOPTS_VALUE) packet->pts = to_us(packet->pts - origin, time_base);
    if (packet->dts != AV_NOPTS_VALUE && origin != AV_NOPTS_VALUE) packet->dts = to_us(packet->dts - origin, time_base);
    if (packet->pts != AV_NOPTS_VALUE) last = std::max(last, packet->pts);
    if (auto r = sampler.decode(packet.get(), send); !r) return channel.peer_gone() ? 0 : give_up(channel, r.error());
  }
  if (auto r = sampler.decode(nullptr, send); !r) return channel.peer_gone() ? 0 : give_up(channel, r.error());
  if (watch.called) return 0;
  if (watch.expired)
    return give_up(channel, {ErrorCode::unavailable, "nothing came for the stall limit: check the camera and the network"});
  if (sampler.frames() == 0)
    return give_up(channel, {ErrorCode::corrupt, "not one picture could be decoded: the file is damaged or cut off"});
  if (read != AVERROR_EOF && network)
    return give_up(channel, {ErrorCode::unavailable, fmt::format("the stream broke off ({})", av_words(read))});
  const auto frame_us =
      in->video()->avg_frame_rate.num > 0 ? av_rescale(1'000'000, in->video()->avg_frame_rate.den, in->video()->avg_frame_rate.num) : 0;
  channel.send(Kind::source_end, pack(SourceEnd{last + frame_us, sampler.errors()}));
  return 0;
}

}  // namespace invigil::media
