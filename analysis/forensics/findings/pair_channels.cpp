#include "analysis/forensics/findings/pair_channels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr std::size_t kStrangersNeeded = 1000, kStrangers = 20000, kNullNeeds = 100, kAlikePairs = 200, kPartners = 10;
constexpr double kWindow_s = 15;

/// 1 - (1 - p)^tests without losing small p.
double sidak(double p, double tests) { return p >= 1 ? 1 : -std::expm1(tests * std::log1p(-p)); }

double pace_likeness(const ExamData& exam, const std::vector<float>& pace, int a, int b) {
  const std::size_t items = exam.items.size();
  double rho = 0;
  for (std::size_t j = 0; j < items; ++j)
    rho += static_cast<double>(pace[static_cast<std::size_t>(a) * items + j]) *
           static_cast<double>(pace[static_cast<std::size_t>(b) * items + j]);
  return std::atanh(std::clamp(rho, -0.99999, 0.99999)) * std::sqrt(std::max(1.0, static_cast<double>(items) - 3));
}

/// The larger of: a's answers that b repeats within the window, and the other way round.
int follows(const ExamData& exam, int a, int b) {
  const std::size_t items = exam.items.size(), first = static_cast<std::size_t>(a) * items, second = static_cast<std::size_t>(b) * items;
  int after = 0, before = 0;
  for (std::size_t j = 0; j < items; ++j) {
    if (exam.answers[first + j] == kNoAnswer || exam.answers[first + j] != exam.answers[second + j]) continue;
    const double lag = exam.commit_s[second + j] - exam.commit_s[first + j];
    after += lag > 0 && lag <= kWindow_s;
    before += lag < 0 && lag >= -kWindow_s;
  }
  return std::max(after, before);
}

void keep_smallest(CandidateFinding& candidate, const ChannelFinding& found) {
  for (ChannelFinding& channel : candidate.channels)
    if (channel.name == found.name) {
      if (found.p < channel.p || (found.p == channel.p && found.z > channel.z)) channel = found;
      return;
    }
  candidate.channels.push_back(found);
}

/// How much each candidate's pace moves with that of the (at most ten) partners most alike in answers: Σ z / √partners, centred and scaled
/// over the candidates, since who errs alike also lingers alike. 0 and partner -1 where nobody is listed.
std::vector<Closest> pace_with_partners(const ExamFindings& out) {
  std::vector<std::vector<std::pair<double, std::size_t>>> own(out.candidates.size());
  for (std::size_t k = 0; k < out.pairs.size(); ++k)
    for (const int i : {out.pairs[k].pair.a, out.pairs[k].pair.b}) own[static_cast<std::size_t>(i)].emplace_back(out.pairs[k].p, k);
  std::vector<Closest> together(own.size(), {0, -1});
  std::vector<double> known;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i].empty()) continue;
    const std::size_t most = std::min(kPartners, own[i].size());
    std::partial_sort(own[i].begin(), own[i].begin() + static_cast<std::ptrdiff_t>(most), own[i].end());
    double sum = 0;
    for (std::size_t k = 0; k < most; ++k) sum += out.pairs[own[i][k].second].pace_z;
    const StarPair& first = out.pairs[own[i][0].second].pair;
    together[i] = {static_cast<float>(sum / std::sqrt(static_cast<double>(most))), first.a == static_cast<int>(i) ? first.b : first.a};
    known.push_back(static_cast<double>(together[i].z));
  }
  if (known.empty()) return together;
  const double centre = median_of(known), scale = std::max(1.0, robust_sd(known));
  for (Closest& t : together)
    if (t.partner >= 0) t.z = static_cast<float>((static_cast<double>(t.z) - centre) / scale);
  return together;
}

}  // namespace

void add_pace(const ExamData& exam, const SeatFamilies& families, const std::vector<float>& pace, const std::vector<Closest>& closest,
              ExamFindings& out) {
  if (pace.empty() || closest.empty()) return;
  std::vector<double> null;
  for (const auto& [a, b] : families.strangers(kStrangersNeeded, kStrangers)) null.push_back(pace_likeness(exam, pace, a, b));
  if (null.size() < kNullNeeds) return;
  const double centre = median_of(null), scale = std::max(1.0, robust_sd(null));
  // On -ln p of the normal tail a calibrated null is exponential: shape 0, and what is heavier shows as a positive shape or scale.
  const auto surprise = [&](double z) { return -std::log(normal_upper_tail((z - centre) / scale)); };
  for (double& z : null) z = surprise(z);
  std::sort(null.begin(), null.end());
  const TailFit tail(std::move(null), 0);
  for (PairFinding& f : out.pairs) f.pace_z = (pace_likeness(exam, pace, f.pair.a, f.pair.b) - centre) / scale;
  const std::vector<Closest> together = pace_with_partners(out);
  const double partners = exam.candidate_count() - 1.0;
  for (std::size_t i = 0; i < closest.size(); ++i) {
    if (closest[i].partner < 0) continue;
    const double z = (pace_likeness(exam, pace, static_cast<int>(i), closest[i].partner) - centre) / scale;
    const double nearest = sidak(tail.p(surprise(z * scale + centre)), partners);
    if (together[i].partner < 0) {
      out.candidates[i].channels.push_back({"rt_profile", nearest, z, closest[i].partner});
      continue;
    }
    const auto joint = static_cast<double>(together[i].z);
    const double confirmed = tail.p(surprise(joint * scale + centre)), p = 2 / (1 / nearest + 1 / confirmed);
    out.candidates[i].channels.push_back(nearest <= confirmed ? ChannelFinding{"rt_profile", p, z, closest[i].partner}
                                                              : ChannelFinding{"rt_profile", p, joint, together[i].partner});
  }
}

void add_follow_lag(const ExamData& exam, const SeatFamilies& families, ExamFindings& out) {
  if (exam.commit_s.empty() || exam.candidate_count() < 20) return;
  std::set<std::pair<int, int>> asked(families.near().begin(), families.near().end());
  for (std::size_t i = 0; i < std::min(out.pairs.size(), kAlikePairs); ++i) asked.emplace(out.pairs[i].pair.a, out.pairs[i].pair.b);
  std::map<std::string, std::vector<double>> by_room;  // of pairs that do not sit side by side
  std::vector<double> tests(exam.candidates.size(), 0);
  std::vector<double> counts;
  for (const auto& [a, b] : asked) {
    counts.push_back(follows(exam, a, b));
    ++tests[static_cast<std::size_t>(a)], ++tests[static_cast<std::size_t>(b)];
    if (families.of(a, b) == PairFamily::same_room) by_room[families.room(a)].push_back(counts.back());
  }
  std::vector<double> null;
  std::map<std::string, double> usual;
  for (const auto& [room, values] : by_room) {
    usual[room] = median_of(values);
    for (const double count : values) null.push_back(count - usual[room]);
  }
  if (null.size() < kNullNeeds) {  // no rooms known: strangers, then
    null.clear();
    for (const auto& [a, b] : families.strangers(kStrangersNeeded, kStrangers)) null.push_back(follows(exam, a, b));
  }
  if (null.size() < kNullNeeds) return;
  std::sort(null.begin(), null.end());
  const TailFit tail(std::move(null), 0);
  std::size_t at = 0;
  for (const auto& [a, b] : asked) {
    const double count = counts[at++];
    const auto room = families.room(a) == families.room(b) ? usual.find(families.room(a)) : usual.end();
    // Half a count less: the tail is fitted to whole numbers as if they were not.
    const double p = tail.p(count - (room == usual.end() ? 0 : room->second) - 0.5);
    for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}})
      keep_smallest(out.candidates[static_cast<std::size_t>(one)],
                    {"follow_lag", sidak(p, tests[static_cast<std::size_t>(one)]), count, other});
  }
}

}  // namespace invigil
