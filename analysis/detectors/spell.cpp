#include "analysis/detectors/spell.h"

#include <algorithm>

namespace invigil {

void Spell::state(std::vector<Claim>& out, Presence what, Instant from, Instant to, bool closed) {
  Claim claim = subject_;
  claim.from = from;
  claim.to = to;
  claim.state = what;
  claim.closed = closed;
  if (what == PRESENT) {
    claim.score = score_;
    claim.quality = quality_;
    claim.figures = figures_;
    claim.figures["duration_s"] = in_seconds(to - from);
    claim.sources = sources_;
  } else {
    claim.score = 0;
    claim.quality = 0;
    claim.opens_incident = false;
  }
  out.push_back(std::move(claim));
}

void Spell::forget() {
  open_ = false;
  since_.reset();
  clear_since_.reset();
  score_ = 0;
  quality_ = 1;
  figures_.clear();
  sources_.clear();
}

void Spell::end_unknown(Instant at, std::vector<Claim>& out) {
  if (unknown_open_) state(out, UNKNOWN, *unknown_since_, at, true);
  unknown_open_ = false;
  unknown_since_.reset();
}

void Spell::sample(const Stimulus& stimulus, Sample what, double score, double quality, const std::map<std::string, double>& figures,
                   std::vector<Claim>& out) {
  const Instant at = stimulus.at;
  if (last_ && at < *last_) return;
  const bool hole = last_ && at - *last_ > rule_.hole;
  if (hole && !open_) since_.reset();
  if (hole) clear_since_.reset();
  last_ = at;

  if (what == Sample::unknown) {
    if (!open_) forget();
    if (!unknown_since_) unknown_since_ = at;
    if (!unknown_open_ && at - *unknown_since_ >= rule_.unknown_after) {
      if (open_) state(out, PRESENT, *since_, last_holding_, true);
      forget();
      unknown_open_ = true;
      state(out, UNKNOWN, *unknown_since_, at, false);
    }
    return;
  }
  end_unknown(at, out);

  if (what == Sample::holds) {
    if (!since_) {
      forget();
      since_ = at;
      sources_.push_back(stimulus.source);
    }
    clear_since_.reset();
    last_holding_ = at;
    if (figures_.empty() || score > score_) figures_ = figures;
    score_ = std::max(score_, score);
    quality_ = std::min(quality_, quality);
    if (!open_ && at - *since_ >= rule_.on) {
      open_ = true;
      sources_.push_back(stimulus.source);
      state(out, PRESENT, *since_, at, false);
    }
    return;
  }
  if (!open_) {
    forget();
    return;
  }
  if (what == Sample::between) {
    clear_since_.reset();
    return;
  }
  if (!clear_since_) clear_since_ = at;
  if (at - *clear_since_ < rule_.off) return;
  sources_.push_back(stimulus.source);
  state(out, PRESENT, *since_, *clear_since_, true);
  forget();
}

}  // namespace invigil
