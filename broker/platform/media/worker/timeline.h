#pragma once
// From the time stamps a camera sends to one time that only runs forward. Pure: no libav, no clock of its own.

#include <array>
#include <cstdint>
#include <optional>

namespace invigil::media {

/// The presentation time of each video packet, in microseconds, continuous whatever the stamps do. Single-thread.
///
/// A stamp is taken as it is while it is plausible. A jump forward of more than ten seconds (a live source: of two more than have
/// passed), or a step back that is not reordering, is a break: time goes on one frame later (live: as much later as has passed).
class Timeline {
 public:
  /// `frame_us`: what the container says a frame lasts, 0 for unknown. `live`: arrival times mean something.
  Timeline(std::int64_t frame_us, bool live) : told_frame_us_(frame_us), live_(live) {}

  /// The next video packet in decode order. `stamp_us` is empty when the camera gave none; `may_reorder` once B-pictures were
  /// seen; `arrival_us` from a monotonic clock.
  std::int64_t place(std::optional<std::int64_t> stamp_us, bool may_reorder, std::int64_t arrival_us);
  /// A time on the same line for another stream (sound); it moves nothing.
  std::int64_t place_beside(std::int64_t stamp_us) const { return stamp_us + offset_us_; }

  /// How long a frame lasts: the median step of the last frames, or what the container said.
  std::int64_t frame_us() const;
  std::int64_t latest_us() const { return latest_us_.value_or(0); }
  std::uint32_t breaks() const { return breaks_; }

 private:
  std::int64_t told_frame_us_;
  bool live_;
  std::int64_t offset_us_ = 0, last_arrival_us_ = 0;
  std::optional<std::int64_t> latest_us_;
  std::array<std::int64_t, 16> recent_{};
  std::size_t seen_ = 0;
  std::uint32_t breaks_ = 0;
};

}  // namespace invigil::media
