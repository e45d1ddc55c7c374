#pragma once
// The detectors that need several streams: all of a room's stimuli merged in event time, released by the watermark, judged anew when late.

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/pipeline/statements.h"

namespace invigil {

/// Runs whole-room detectors. Keeps every stimulus of the session (serialised: about 10 MB for a camera's two hours), because what
/// comes late is judged together with what was there. Single-thread, pure.
class WholeRoom {
 public:
  /// `context` and `options` must outlive it.
  WholeRoom(const RoomContext& context, const RoomOptions& options);

  void add(Instant at, const Source& source, const Scene& scene, std::string_view camera, std::uint32_t index);
  void add(Instant at, const Source& source, const TestEvent& event);
  void add(Instant at, const Source& source, const TestEventGap& gap);
  void add(Instant at, const Source& source, const TestEventConflict& conflict);
  void add(Instant at, const Source& source, const CameraStatus& status);
  void add_alive(Instant at, const Source& source, std::string_view boot);

  /// Judges up to the watermark, and up to `frontier` - bound even when some stream has not come that far (then provisionally:
  /// it is judged anew when the stream comes).
  void advance(Instant watermark, Instant frontier, std::vector<RoomOutput>& out);
  void end_all(Instant at, std::vector<RoomOutput>& out) { statements_.end_all(at, out); }

 private:
  enum class Kind { alive, camera, scene, event, gap, conflict };
  // Event time first; then an order that does not depend on arrival.
  using Key = std::tuple<Instant, Kind, std::string, std::uint64_t, std::uint32_t>;
  struct Item {
    Source source;
    std::string bytes;  // of the message; the boot id of an alive
  };

  void add(Key key, Item item);
  void begin(std::vector<Running>& detectors) const;
  void run(std::vector<Running>& detectors, Statements& statements, Instant after, Instant to, std::vector<RoomOutput>& out) const;
  void tick(std::vector<Running>& detectors, Statements& statements, Instant at, bool complete, std::vector<RoomOutput>& out) const;
  void judge_anew(Instant watermark, std::vector<RoomOutput>& out);

  const RoomContext* context_;
  const RoomOptions* options_;
  std::map<Key, Item> history_;
  std::vector<Running> detectors_;
  Statements statements_;
  Instant released_{};     // everything up to here has been judged once
  Instant judged_anew_{};  // the watermark at the last judgement of late data
  bool provisional_ = false;
};

}  // namespace invigil
