#pragma once
// What `watch` prints: each thing said once when it is over, or once while it goes on for long.

#include <iosfwd>
#include <map>
#include <string>
#include <string_view>

#include "analysis/pipeline/room_pipeline.h"
#include "models/time.h"

namespace invigil {

/// Lines in the order in which they became certain. What the first t seconds bring is printed the same whatever comes after.
/// Single-thread; `out` must outlive it.
class WatchLines {
 public:
  /// `start` = the time that is printed as 0 s.
  WatchLines(std::ostream& out, bool jsonl, Instant start) : out_(&out), jsonl_(jsonl), start_(start) {}

  /// Something said by the pipeline. A thing that goes on is held back until it is over, at most `kHeld`.
  void take(const RoomOutput& said, Instant now);
  /// A count of persons over an interval; over when it is given.
  void persons(int count, Instant from, Instant to, int looks, std::string_view percept);
  /// Time goes on: what was held back too long is printed.
  void pass(Instant now);
  /// Prints what is still held back, as going on until `at` at most.
  void flush(Instant at);

  static constexpr Micros kHeld = seconds(30);

 private:
  struct Line {
    std::string type, id, kind, seat, state, detector, version;
    Instant from{}, to{};
    double score = 0;
    std::map<std::string, double> figures;
    bool ongoing = false;
    int count = -1;
  };
  struct Held {
    Line line;
    Instant since{};
  };
  void say(Line line, Instant now);
  void print(const Line& line);

  std::ostream* out_;
  bool jsonl_;
  Instant start_;
  bool headed_ = false;
  std::map<std::string, Held> held_;       // by id
  std::map<std::string, int> statements_;  // of each observation: the first opens it
};

}  // namespace invigil
