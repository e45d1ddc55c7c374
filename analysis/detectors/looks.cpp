#include "analysis/detectors/looks.h"

#include <algorithm>
#include <string>
#include <utility>

namespace invigil {
namespace {

/// "camera/1 seats/1 faces-yunet/2" has "faces".
bool names_percept(std::string_view names, std::string_view percept) {
  while (!names.empty()) {
    const std::string_view one = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(names.size(), one.size() + 1));
    if (one.substr(0, one.find_first_of("-/")) == percept) return true;
  }
  return false;
}

}  // namespace

Looks::Looks(Claim subject, LooksRule rule) : subject_(std::move(subject)), rule_(rule) {}

void Looks::state(Instant to, bool closed, const Stimulus& stimulus, std::vector<Claim>& out) {
  Claim claim = subject_;
  claim.from = judged_to_;
  claim.to = std::max(to, judged_to_);
  claim.state = UNKNOWN;
  claim.score = 0;
  claim.quality = 0;
  claim.opens_incident = false;
  claim.closed = closed;
  claim.words = {{"reason", "looked_too_seldom"}};
  claim.sources = {first_};
  if (closed) claim.sources.push_back(stimulus.source);
  out.push_back(std::move(claim));
  open_ = !closed;
}

void Looks::begin_anew(Instant at, const Stimulus& stimulus, std::vector<Claim>& out) {
  if (open_) state(*newest_, true, stimulus, out);
  judged_to_ = at;
  in_a_row_ = 0;
}

void Looks::come_to(Instant at, const Stimulus& stimulus, std::vector<Claim>& out) {
  if (!newest_ || at - *newest_ > rule_.video_hole) begin_anew(at, stimulus, out);
  newest_ = std::max(at, newest_.value_or(at));
}

void Looks::picture(const Stimulus& stimulus, bool ran, std::vector<Claim>& out) {
  if (newest_ && stimulus.at < *newest_ - seconds(1)) return;  // taken already
  if (!there_ && !ran) return;
  there_ = true;
  come_to(stimulus.at, stimulus, out);
  if (ran) {
    if (in_a_row_ == 0 || stimulus.at - last_look_ > rule_.gap) {
      in_a_row_ = 0;
      row_from_ = stimulus.at;
    }
    last_look_ = stimulus.at;
    if (++in_a_row_ < rule_.in_a_row) return;
    if (open_) state(row_from_, true, stimulus, out);
    judged_to_ = stimulus.at;
    return;
  }
  if (open_ || stimulus.at - judged_to_ <= rule_.said_after) return;
  first_ = stimulus.source;
  state(stimulus.at, false, stimulus, out);
}

void Looks::part(const Stimulus& stimulus, const Scenes& scenes, std::vector<Claim>& out) {
  if (!names_percept(scenes.percepts(), rule_.percept)) return;
  const Instant from{scenes.from_us()}, to{scenes.to_us()};
  if (!std::exchange(there_, true) || scenes.scenes().empty()) come_to(from, stimulus, out);
  come_to(to, stimulus, out);
  if (open_ || to - judged_to_ <= rule_.said_after) return;
  first_ = stimulus.source;
  state(to, false, stimulus, out);
}

}  // namespace invigil
