#pragma once
// How often a percept looked at a camera's pictures, and the stretches in which that was too seldom to judge: claimed as UNKNOWN.

#include <optional>
#include <string_view>
#include <vector>

#include "analysis/detector.h"

namespace invigil {

/// When looks are enough.
struct LooksRule {
  std::string_view percept;        ///< as named in Scenes.percepts, up to the first '-': "faces"
  Micros gap;                      ///< looks no further apart than this belong together
  int in_a_row = 1;                ///< so many looks that belong together allow a judgement
  Micros said_after;               ///< without judgement for so long is said
  Micros video_hole = seconds(2);  ///< no pictures at all for so long: there is nothing to look at, which others say
};

/// Under overload the percepts leave pictures out, and Scenes tell which. What happened meanwhile is not "nothing": it is unknown.
/// States each such stretch twice, when it is said and when it is over, from the last look before it to the first look after it, with
/// words.reason = "looked_too_seldom". A percept that is off says nothing here (AnalysisStatus does). Takes time from stimuli only, in
/// their order; single-thread.
class Looks {
 public:
  /// `subject` carries kind, seat and camera of the claims.
  Looks(Claim subject, LooksRule rule);
  /// A picture: `ran` = the percept looked at it.
  void picture(const Stimulus& stimulus, bool ran, std::vector<Claim>& out);
  /// A part of video as a whole, after its pictures (none, if only parts with key frames are looked at).
  void part(const Stimulus& stimulus, const Scenes& scenes, std::vector<Claim>& out);
  /// Such a stretch is being claimed.
  bool too_seldom() const { return open_; }

 private:
  void begin_anew(Instant at, const Stimulus& stimulus, std::vector<Claim>& out);
  void come_to(Instant at, const Stimulus& stimulus, std::vector<Claim>& out);
  void state(Instant to, bool closed, const Stimulus& stimulus, std::vector<Claim>& out);

  const Claim subject_;
  const LooksRule rule_;
  bool there_ = false;             // the percept is on
  std::optional<Instant> newest_;  // of the video
  Instant judged_to_{}, row_from_{}, last_look_{};
  int in_a_row_ = 0;
  bool open_ = false;
  Source first_;
};

}  // namespace invigil
