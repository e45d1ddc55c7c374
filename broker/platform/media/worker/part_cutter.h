#pragma once
// Decides where one part of video ends and the next begins. Pure: it sees times and flags, not media.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace invigil::media {

/// Groups packets in decode order into parts of at most `part_length_us`. A part is cut where nothing sent after it is shown
/// before its end, so parts do not overlap in time even with B-frames. A part is longer only where there is no such place within
/// the length (few frames a second, many B-frames): a wrong time would be worse; at four lengths it is cut all the same. A key
/// frame begins a new part unless keys come faster than parts. One frame is always a part's least. Single-thread.
class PartCutter {
 public:
  explicit PartCutter(std::int64_t part_length_us) : length_us_(part_length_us) {}

  struct Slot {
    std::int64_t time_us = 0;
    bool key = false;
    bool fresh = false;  ///< a part must begin here: new parameter sets
    std::size_t bytes = 0;
  };
  struct Cut {
    std::size_t count = 0;         ///< how many of the waiting packets make the part
    std::int64_t start_us = 0;     ///< its earliest frame
    std::int64_t duration_us = 0;  ///< to the earliest frame after it
  };

  /// How many packets a picture may come after ones shown later, as far as the stream says; more is learnt from what comes.
  void expect_reordering(std::size_t depth);
  void push(Slot slot);
  /// The next part, if it can be told by now; its packets are forgotten. `frame_us` is how long a frame lasts; with `at_end`
  /// nothing more will come and all that waits becomes parts.
  std::optional<Cut> next(std::int64_t frame_us, bool at_end);

 private:
  std::optional<std::size_t> place(std::int64_t frame_us, bool at_end) const;
  std::int64_t length_us_;
  std::deque<Slot> waiting_;
  std::size_t depth_ = 0;  // how many packets a picture was seen to come after ones shown later: the reordering of this stream
  std::int64_t last_key_cut_us_ = INT64_MIN / 2;
  std::int64_t last_start_us_ = INT64_MIN / 2;
};

}  // namespace invigil::media
