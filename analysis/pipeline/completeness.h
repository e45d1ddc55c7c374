#pragma once
// How far each stream of a room is complete: by its records, by what heartbeats promise, and by what has been looked at.

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "models/media.pb.h"
#include "models/time.h"

namespace invigil {

/// A stream that has come this far without anything older outstanding.
struct Progress {
  std::string stream;
  Instant to;
};

/// The streams of one room. Pure, single-thread.
class Completeness {
 public:
  /// The stream belongs to the room; until something is known about it the watermark stands still.
  void expect(std::string_view stream);
  bool expects(std::string_view stream) const { return streams_.find(stream) != streams_.end(); }

  /// A record of the stream has come. Heartbeats that waited for it now count; what they promise is appended to `out`.
  void passed(std::string_view stream, std::uint64_t seq, std::vector<Progress>& out);
  /// The stream's own record says that it is complete to `to`.
  void recorded(std::string_view stream, Instant to);
  /// What a heartbeat promises about a stream, if its records have come; otherwise it waits for them. `slack` is taken off.
  void promised(const AgentHeartbeat::StreamState& state, Micros slack, std::vector<Progress>& out);

  /// A camera's part was recorded, and one was looked at: in between its scenes are complete only as far as the latter.
  void part_recorded(std::string_view stream, std::uint64_t seq);
  void part_seen(std::string_view stream, std::uint64_t seq, Instant to);

  /// Minimum over all streams; {0} while one of them has said nothing, or there are none.
  Instant watermark() const;

 private:
  struct Stream {
    std::uint64_t seen = 0;
    Instant to{};
    std::deque<std::pair<std::uint64_t, Instant>> promises;  // of records that have not come yet
    std::uint64_t part = 0, part_seen = 0;
    Instant scenes_to{};
  };
  std::map<std::string, Stream, std::less<>> streams_;
};

}  // namespace invigil
