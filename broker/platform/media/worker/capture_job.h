#pragma once
// One capture in the child: packets of a camera in, parts out.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "broker/platform/media/channel.h"
#include "broker/platform/media/worker/audio_track.h"
#include "broker/platform/media/worker/h264_track.h"
#include "broker/platform/media/worker/input.h"
#include "broker/platform/media/worker/part_cutter.h"
#include "broker/platform/media/worker/timeline.h"
#include "broker/platform/media/worker/transcoder.h"

namespace invigil::media {

/// From an opened source to parts on the channel. Single-thread.
class CaptureJob {
 public:
  CaptureJob(Channel& channel, const OpenSource& request, Input& in, Watch& watch, bool network);

  /// Reads until the end, a fault or the parent's word; what happened, to be told as the last event.
  EventMessage run();

 private:
  struct Frame {
    TimedPacket timed;
    std::int64_t stamp = 0;  ///< as the camera sent it
    std::optional<std::uint64_t> idr_hash;
    bool key = false;
  };

  Result<> on_video(PacketPtr packet);
  Result<> on_stamped(PacketPtr packet);
  Result<> on_placed(PacketPtr packet, std::int64_t time_us);
  Result<> on_h264(PacketPtr packet, std::int64_t time_us, const H264Track::Look& look);
  void on_audio(const AVPacket& packet);
  Result<> send_parts(bool at_end);
  Result<> send_part(const PartCutter::Cut& cut);
  Result<> finish();
  Result<> announce();
  bool wait_until_due(std::int64_t time_us);
  EventMessage ending(int error) const;

  Channel& channel_;
  const OpenSource request_;
  Input& in_;
  Watch& watch_;
  const bool network_;
  AVRational time_base_;
  Timeline timeline_;
  PartCutter cutter_;
  std::optional<H264Track> h264_;
  std::optional<Transcoder> transcoder_;
  std::optional<AudioTrack> audio_;
  std::vector<PacketPtr> unstamped_;  // the first packets, while their times cannot be told
  std::deque<Frame> frames_;          // what the cutter holds, packet by packet
  std::vector<TimedPacket> sounds_;
  std::string source_codec_;
  std::optional<std::int64_t> zero_us_;  // the first frame kept
  std::optional<std::int64_t> pace_origin_us_;
  std::chrono::steady_clock::time_point pace_start_;
  bool stamps_known_ = false;  // the first packet with a time was met
  bool reorders_ = false;
  std::uint64_t pictures_ = 0;
  AVRational frame_rate_{};
};

}  // namespace invigil::media
