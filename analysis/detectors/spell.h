#pragma once
// A spell: a condition that must last before it is claimed and must be clearly over before the claim ends. Three-valued.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/detector.h"

namespace invigil {

/// What one sample says. `between` = below the threshold but not clearly over (hysteresis): it keeps a claim, it starts none.
enum class Sample { holds, between, clear, unknown };

/// How long things must last.
struct SpellRule {
  Micros on;                          ///< holding for so long opens the claim, which then counts from its first sample
  Micros off;                         ///< clear for so long ends it, at the first clear sample
  Micros unknown_after = seconds(5);  ///< so long without judgement is said as a claim of its own with state UNKNOWN
  Micros hole = seconds(3);           ///< samples further apart than this do not add up: nobody looked in between
};

/// Makes claims out of samples of one condition about one subject. States each spell twice at most: when it opens
/// (closed = false) and when it is over. Single-thread; takes time from its samples only.
class Spell {
 public:
  /// `subject` carries kind, seat and camera of the claims.
  Spell(Claim subject, SpellRule rule) : subject_(std::move(subject)), rule_(rule) {}

  /// One sample. `score` (largest kept), `quality` (smallest kept) and `figures` (of the sample with the largest score) go into the
  /// claim. Samples must come in time order; an older one is ignored.
  void sample(const Stimulus& stimulus, Sample what, double score, double quality, const std::map<std::string, double>& figures,
              std::vector<Claim>& out);

  /// Changes how long holding must last, for rules with several signs of different strength.
  void needs(Micros on) { rule_.on = on; }

  /// Whether a PRESENT claim is open.
  bool open() const { return open_; }
  /// First sample of the claim that is open, or of the holding that may become one.
  std::optional<Instant> since() const { return since_; }

 private:
  void state(std::vector<Claim>& out, Presence what, Instant from, Instant to, bool closed);
  void end_unknown(Instant at, std::vector<Claim>& out);
  void forget();

  Claim subject_;
  SpellRule rule_;
  bool open_ = false;
  bool unknown_open_ = false;
  std::optional<Instant> since_, clear_since_, unknown_since_, last_;
  Instant last_holding_{};
  double score_ = 0, quality_ = 1;
  std::map<std::string, double> figures_;
  std::vector<Source> sources_;
};

}  // namespace invigil
