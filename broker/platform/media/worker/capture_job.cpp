#include "broker/platform/media/worker/capture_job.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "broker/platform/media/worker/h264.h"
#include "broker/platform/media/worker/jobs.h"
#include "broker/platform/media/worker/sandbox.h"
#include "models/media.pb.h"

namespace invigil::media {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int kCpuSeconds = 120;  // between two packets
constexpr std::size_t kMaxUnstamped = 32, kKnownInOrder = 2, kKnownReordered = 6;
constexpr std::size_t kMaxSounds = 2000;
constexpr std::size_t kMaxPacket = 24 * 1024 * 1024;
constexpr std::int64_t kSoundApart = 5'000'000;
constexpr auto kKeyPatience = 60s;  // a live stream without a key frame for so long cannot be used
constexpr int kMaxBadReads = 100;

std::int64_t now_us() { return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count(); }

AVRational sane_rate(const AVStream& stream) {
  for (const auto rate : {stream.avg_frame_rate, stream.r_frame_rate})
    if (rate.num > 0 && rate.den > 0 && av_q2d(rate) >= 0.1 && av_q2d(rate) <= 240) return rate;
  return {0, 1};
}

std::int64_t frame_us_of(AVRational rate) { return rate.num > 0 ? av_rescale(1'000'000, rate.den, rate.num) : 0; }

CameraStatus::State state_of(const Error& error) {
  return error.code == ErrorCode::invalid || error.code == ErrorCode::corrupt ? CameraStatus::NONSENSE : CameraStatus::CANNOT_OPEN;
}

EventMessage told(CameraStatus::State state, std::string detail) {
  EventMessage m;
  m.state = static_cast<std::uint32_t>(state);
  m.detail = std::move(detail);
  return m;
}

}  // namespace

CaptureJob::CaptureJob(Channel& channel, const OpenSource& request, Input& in, Watch& watch, bool network)
    : channel_(channel),
      request_(request),
      in_(in),
      watch_(watch),
      network_(network),
      time_base_(in.video()->time_base),
      timeline_(frame_us_of(sane_rate(*in.video())), network),
      cutter_(request.part_length_us),
      frame_rate_(sane_rate(*in.video())) {
  source_codec_ = avcodec_get_name(in.video()->codecpar->codec_id);
  if (request.keep_audio && in.audio())
    audio_.emplace(*in.audio()->codecpar);
  else if (in.audio())
    in.audio()->discard = AVDISCARD_ALL;
}

EventMessage CaptureJob::run() {
  const auto& parameters = *in_.video()->codecpar;
  if (parameters.codec_id == AV_CODEC_ID_H264) {
    h264_.emplace(parameters);
  } else {
    auto transcoder = Transcoder::open(parameters, frame_rate_);
    if (!transcoder) return told(state_of(transcoder.error()), transcoder.error().message);
    transcoder_.emplace(std::move(*transcoder));
  }
  reorders_ = parameters.video_delay > 0;

  const auto began = Clock::now();
  int read = 0, bad_reads = 0;
  const std::chrono::microseconds stall(request_.stall_limit_us);
  if (network_) watch_.allow(stall);
  while (!watch_.over()) {
    PacketPtr packet = make_packet();
    arm_cpu_limit(kCpuSeconds);
    read = av_read_frame(&in_.format(), packet.get());
    if (read == AVERROR_INVALIDDATA || read == AVERROR(EAGAIN)) {
      if (++bad_reads > kMaxBadReads) break;
      continue;
    }
    if (read < 0) break;
    bad_reads = 0;
    if (static_cast<std::size_t>(packet->size) > kMaxPacket)
      return told(CameraStatus::NONSENSE, "it sends single pictures of over 24 MB: lower the camera's resolution or bit rate");
    Result<> done;
    if (packet->stream_index == in_.video()->index) {
      if (network_) watch_.allow(stall);
      done = on_video(std::move(packet));
    } else if (audio_ && packet->stream_index == in_.audio()->index) {
      on_audio(*packet);
    }
    if (!done) return told(state_of(done.error()), done.error().message);
    if (network_ && !zero_us_ && Clock::now() - began > kKeyPatience)
      return told(CameraStatus::NONSENSE,
                  "it sent no key frame for a minute: set the camera's key frame (I-frame) interval to 2 s or less");
  }
  const auto last = finish();
  if (!last) return told(state_of(last.error()), last.error().message);
  return ending(read);
}

EventMessage CaptureJob::ending(int error) const {
  if (watch_.called) return told(CameraStatus::ENDED, "stopped");
  if (watch_.expired)
    return told(CameraStatus::STALLED, fmt::format("connected, but no picture came for {:.1f} s: check the camera and the network",
                                                   static_cast<double>(request_.stall_limit_us) / 1e6));
  if (pictures_ == 0)
    return told(CameraStatus::NONSENSE, "not one picture came that begins with a key frame: it is damaged, cut off or no video");
  if (network_ && error != AVERROR_EOF) return told(CameraStatus::DISCONNECTED, fmt::format("the connection broke ({})", av_words(error)));
  if (network_) return told(CameraStatus::ENDED, "the camera ended the stream or closed the connection");
  const auto should = in_.video()->duration > 0 ? to_us(in_.video()->duration, time_base_) : 0;
  const auto got = zero_us_ ? timeline_.latest_us() - *zero_us_ + timeline_.frame_us() : 0;
  if (error != AVERROR_EOF)
    return told(CameraStatus::NONSENSE,
                fmt::format("the file is damaged after {:.1f} s ({})", static_cast<double>(got) / 1e6, av_words(error)));
  if (should > got + 1'000'000)
    return told(CameraStatus::ENDED, fmt::format("the file ends after {:.1f} s though it says {:.1f} s: it is cut off or damaged",
                                                 static_cast<double>(got) / 1e6, static_cast<double>(should) / 1e6));
  return told(CameraStatus::ENDED, "the file came to its end");
}

// A server may send its first pictures without a time (gst-rtsp-server does). They wait until later ones tell the step.
Result<> CaptureJob::on_video(PacketPtr packet) {
  if (packet->pts == AV_NOPTS_VALUE && !transcoder_ && !reorders_) packet->pts = packet->dts;
  const bool stamped = packet->pts != AV_NOPTS_VALUE || packet->dts != AV_NOPTS_VALUE;
  stamps_known_ = stamps_known_ || (stamped && unstamped_.empty());
  if (stamps_known_) return on_stamped(std::move(packet));
  unstamped_.push_back(std::move(packet));
  std::vector<std::int64_t> known;
  for (const auto& p : unstamped_)
    if (p->pts != AV_NOPTS_VALUE) known.push_back(p->pts);
  const bool in_order = std::is_sorted(known.begin(), known.end());
  if (known.size() < (in_order ? kKnownInOrder : kKnownReordered) && unstamped_.size() < kMaxUnstamped) return {};
  if (!known.empty()) {
    // They come before all others, one frame apart.
    std::sort(known.begin(), known.end());
    auto step = av_rescale_q(timeline_.frame_us(), AVRational{1, 1'000'000}, time_base_);
    for (std::size_t i = 1; i < known.size(); ++i)
      if (known[i] > known[i - 1]) step = i == 1 ? known[i] - known[i - 1] : std::min(step, known[i] - known[i - 1]);
    std::size_t leading = 0;
    while (unstamped_[leading]->pts == AV_NOPTS_VALUE) ++leading;
    for (std::size_t i = 0; i < leading; ++i) unstamped_[i]->pts = known.front() - step * static_cast<std::int64_t>(leading - i);
  }
  stamps_known_ = true;
  for (auto& p : std::exchange(unstamped_, {}))
    if (auto r = on_stamped(std::move(p)); !r) return r;
  return {};
}

Result<> CaptureJob::on_stamped(PacketPtr packet) {
  const auto stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  std::optional<std::int64_t> stamp_us;
  if (stamp != AV_NOPTS_VALUE) stamp_us = to_us(stamp, time_base_);
  if (!h264_) return on_placed(std::move(packet), timeline_.place(stamp_us, true, now_us()));
  const auto look = h264_->look(*packet);
  if (!look.picture) return {};
  reorders_ = reorders_ || look.reordered;
  // Pictures before the first key frame cannot be shown by anybody.
  if (!zero_us_ && !(look.key && h264_->complete())) return {};
  const auto time = timeline_.place(stamp_us, reorders_, now_us());
  if (!wait_until_due(time)) return {};
  return on_h264(std::move(packet), time, look);
}

Result<> CaptureJob::on_placed(PacketPtr packet, std::int64_t time_us) {
  if (!wait_until_due(time_us)) return {};
  // AVI knows only when to decode; the decoder finds the order of showing itself.
  const bool shown = packet->pts != AV_NOPTS_VALUE;
  packet->pts = shown ? time_us : AV_NOPTS_VALUE;
  packet->dts = shown ? AV_NOPTS_VALUE : time_us;
  std::vector<TimedPacket> encoded;
  if (auto r = transcoder_->feed(packet.get(), encoded); !r) return r;
  for (auto& e : encoded) {
    if (!zero_us_) zero_us_ = e.time_us;
    if (pictures_++ == 0)
      if (auto r = announce(); !r) return r;
    const std::string_view bytes(reinterpret_cast<const char*>(e.packet->data), static_cast<std::size_t>(e.packet->size));
    Frame frame{std::move(e), 0, idr_payload_hash(bytes, 0), false};
    frame.timed.time_us -= *zero_us_;
    frame.stamp = frame.timed.time_us;
    frame.key = (frame.timed.packet->flags & AV_PKT_FLAG_KEY) != 0;
    cutter_.push({frame.timed.time_us, frame.key, false, bytes.size()});
    frames_.push_back(std::move(frame));
  }
  return send_parts(false);
}

Result<> CaptureJob::on_h264(PacketPtr packet, std::int64_t time_us, const H264Track::Look& look) {
  if (!zero_us_) {
    zero_us_ = time_us;
    cutter_.expect_reordering(h264_->reorder_depth(*packet));
  }
  if (time_us < *zero_us_) return {};  // leading pictures of an open GOP whose references we never had
  if (pictures_++ == 0)
    if (auto r = announce(); !r) return r;
  Frame frame;
  frame.stamp = packet->pts != AV_NOPTS_VALUE ? packet->pts : av_rescale_q(time_us, AVRational{1, 1'000'000}, time_base_);
  frame.key = look.key;
  frame.idr_hash = look.idr_hash;
  if (look.key) packet->flags |= AV_PKT_FLAG_KEY;
  cutter_.push({time_us - *zero_us_, look.key, look.new_sets && look.key, static_cast<std::size_t>(packet->size)});
  frame.timed = {std::move(packet), time_us - *zero_us_, 0};
  frames_.push_back(std::move(frame));
  return send_parts(false);
}

void CaptureJob::on_audio(const AVPacket& packet) {
  const auto stamp = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (stamp == AV_NOPTS_VALUE || !zero_us_ || sounds_.size() >= kMaxSounds) return;
  const auto time = timeline_.place_beside(to_us(stamp, in_.audio()->time_base));
  if (std::abs(time - timeline_.latest_us()) > kSoundApart || time < *zero_us_) return;
  if (auto carried = audio_->carried(packet))
    sounds_.push_back({std::move(carried), time - *zero_us_, to_us(packet.duration, in_.audio()->time_base)});
}

Result<> CaptureJob::announce() {
  EventMessage m = told(
      CameraStatus::OPENED,
      transcoder_ ? fmt::format("its {} video is turned into H.264 here: set the camera to H.264 to save that work", source_codec_) : "");
  if (audio_ && !audio_->left_out().empty()) m.detail += (m.detail.empty() ? "" : "; ") + audio_->left_out();
  const auto& parameters = transcoder_ ? *transcoder_->parameters() : h264_->parameters();
  m.video_codec = source_codec_;
  m.width = static_cast<std::uint32_t>(parameters.width);
  m.height = static_cast<std::uint32_t>(parameters.height);
  return channel_.send(Kind::event, pack(m));
}

Result<> CaptureJob::send_parts(bool at_end) {
  while (const auto cut = cutter_.next(timeline_.frame_us(), at_end))
    if (auto r = send_part(*cut); !r) return r;
  return {};
}

Result<> CaptureJob::send_part(const PartCutter::Cut& cut) {
  const AVCodecParameters& parameters = transcoder_ ? *transcoder_->parameters() : h264_->parameters();
  PartMessage m;
  m.start_us = cut.start_us;
  m.duration_us = cut.duration_us;
  m.width = static_cast<std::uint32_t>(parameters.width);
  m.height = static_cast<std::uint32_t>(parameters.height);
  m.frames = static_cast<std::uint32_t>(cut.count);
  m.starts_with_key = frames_.front().key;
  m.transcoded = transcoder_.has_value();
  const AVRational base = transcoder_ ? AVRational{1, 1'000'000} : time_base_;
  m.time_base_num = static_cast<std::uint32_t>(base.num);
  m.time_base_den = static_cast<std::uint32_t>(base.den);

  std::vector<TimedPacket> video, sound, later;
  std::int64_t earliest = INT64_MAX;
  for (std::size_t i = 0; i < cut.count; ++i) {
    Frame frame = std::move(frames_.front());
    frames_.pop_front();
    if (frame.timed.time_us < earliest) {
      earliest = frame.timed.time_us;
      m.first_pts = frame.stamp;
    }
    if (frame.idr_hash) m.key_hashes.push_back(*frame.idr_hash);
    video.push_back(std::move(frame.timed));
  }
  video.back().duration_us = timeline_.frame_us();
  for (auto& s : sounds_) (s.time_us < cut.start_us + cut.duration_us ? sound : later).push_back(std::move(s));
  sounds_ = std::move(later);
  if (!sound.empty()) m.audio_codec = audio_->codec();
  auto bytes = write_part(parameters, video, audio_ ? audio_->parameters() : nullptr, sound);
  if (!bytes) return tl::make_unexpected(bytes.error());
  m.bytes = std::move(*bytes);
  return channel_.send(Kind::part, pack(m));
}

Result<> CaptureJob::finish() {
  for (auto& p : std::exchange(unstamped_, {}))
    if (auto r = on_stamped(std::move(p)); !r) return r;
  if (transcoder_ && !watch_.called) {
    std::vector<TimedPacket> rest;
    if (auto r = transcoder_->feed(nullptr, rest); !r) return r;
    for (auto& e : rest) {
      if (!zero_us_ || e.time_us < *zero_us_) continue;
      Frame frame;
      frame.key = (e.packet->flags & AV_PKT_FLAG_KEY) != 0;
      e.time_us -= *zero_us_;
      frame.stamp = e.time_us;
      cutter_.push({e.time_us, frame.key, false, static_cast<std::size_t>(e.packet->size)});
      frame.timed = std::move(e);
      frames_.push_back(std::move(frame));
      ++pictures_;
    }
  }
  return send_parts(true);
}

// A file at its own pace: sleeps until this picture's turn, but listens to the parent. False when called away.
bool CaptureJob::wait_until_due(std::int64_t time_us) {
  if (!pace_origin_us_) {
    pace_origin_us_ = time_us;
    pace_start_ = Clock::now();
  }
  if (network_ || !request_.paced) return true;
  const auto due = pace_start_ + std::chrono::microseconds(time_us - *pace_origin_us_);
  while (!watch_.over()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
    if (left <= 0) return true;
    pollfd p{watch_.control_fd, POLLIN, 0};
    ::poll(&p, 1, static_cast<int>(std::min<std::int64_t>(left, 1000)));
  }
  return false;
}

int run_capture(Channel& channel, bool network) {
  const auto request = first_word<OpenSource>(channel, Kind::open_source);
  if (!request) return give_up(channel, request.error());
  Watch watch;
  auto in = open_locked_in(*request, network, watch, std::chrono::microseconds(3 * request->stall_limit_us));
  EventMessage last;
  if (in) {
    last = CaptureJob(channel, *request, *in, watch, network).run();
  } else {
    last = watch.called ? told(CameraStatus::ENDED, "stopped") : told(state_of(in.error()), in.error().message);
  }
  return channel.send(Kind::event, pack(last)) ? 0 : 1;
}

}  // namespace invigil::media
