#include "analysis/forensics/findings/candidate_levels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "analysis/forensics/findings/person_channels.h"
#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr double kReviewQ = 0.05, kPairHolm = 0.01, kPersonAlpha = 0.05, kStrong = 1e-3, kSupport = 0.01, kNote = 0.01, kSmallestP = 1e-300,
                 kQuickZ = 1, kHurried = 0.05;
constexpr double kPaceWeight = 0.05, kUntold = 0.5;

struct Channel {
  const char* name;
  int kind;  ///< channels of one kind are one piece of evidence
  bool by_holm;
};
constexpr std::array<Channel, 6> kChannels{{{"similarity", 0, false},
                                            {"rt_profile", 1, false},
                                            {"follow_lag", 1, true},
                                            {"speed", 2, false},
                                            {"preknowledge", 3, true},
                                            {"changes", 4, true}}};
constexpr int kKinds = 5;

class Judge {
 public:
  explicit Judge(ExamFindings& out) : out_(out), review_(out.candidates.size(), false), adjacent_(out.candidates.size(), false) {
    for (const auto& c : out_.candidates)
      for (const auto& channel : c.channels) present_.insert(channel.name);
  }

  void run() {
    pairs();
    speed();
    people();
    for (auto& c : out_.candidates) {
      level(c);
      rank(c);
    }
    std::set<int> kinds;
    for (const auto& channel : kChannels)
      if (present_.contains(channel.name)) kinds.insert(channel.kind);
    const double n = static_cast<double>(out_.candidates.size()), k = static_cast<double>(kinds.size());
    if (k > 1) expect("two_kinds", n * k * (k - 1) / 2 * kStrong * kStrong);
    out_.expected_notes = 0;
    for (const auto& c : out_.candidates) out_.expected_notes += 1 - std::pow(1 - kNote, static_cast<double>(c.channels.size()));
    out_.expected_false_flags = 0;
    for (const auto& rule : out_.expected_by_rule) out_.expected_false_flags += rule.expected;
  }

 private:
  void expect(const char* rule, double expected) { out_.expected_by_rule.push_back({rule, expected}); }

  void pairs() {
    if (!out_.similarity_tested) return;
    std::vector<double> p;
    for (const PairFinding& f : out_.pairs) {
      p.push_back(f.p);
      const bool holm = f.p_adjusted <= kPairHolm;
      if (f.q > kReviewQ && !holm) continue;
      for (const int i : {f.pair.a, f.pair.b}) {
        review_[static_cast<std::size_t>(i)] = true;
        if (holm && f.family == PairFamily::adjacent) adjacent_[static_cast<std::size_t>(i)] = true;
      }
    }
    std::sort(p.begin(), p.end());
    expect("pairs_fdr", 2 * kReviewQ * static_cast<double>(rejections_with_one_more(p, static_cast<double>(out_.pair_count), kReviewQ)));
    expect("pairs_holm", 2 * kPairHolm / (1 - kPairHolm));
  }

  void speed() {
    if (!present_.contains("speed") || out_.candidates.size() < kSpeedNeeds) return;
    const int quartile = first_quartile_score(out_.candidates);
    double timed = 0, good = 0, quick = 0, quick_and_good = 0;
    for (const auto& c : out_.candidates) {
      const auto* channel = c.channel("speed");
      if (!channel) continue;
      const bool scored = c.score >= quartile;
      ++timed, good += scored;
      if (channel->z > kQuickZ) ++quick, quick_and_good += scored;
      if (scored && channel->z > kFastZ) review_[static_cast<std::size_t>(c.candidate)] = true;
    }
    // Able people may be quicker: how many of the quick are good says how far the score thins out the fast.
    const double share = std::max(good / std::max(1.0, timed), quick > 0 ? quick_and_good / quick : 0.0);
    expect("speed", timed * share * fast_tail(kFastZ, out_.candidates.size()));
  }

  void people() {
    double channels = 0;
    for (const auto& channel : kChannels) channels += channel.by_holm && present_.contains(channel.name);
    for (const auto& channel : kChannels) {
      if (!channel.by_holm || !present_.contains(channel.name)) continue;
      std::vector<double> p;
      std::vector<std::size_t> who;
      for (const auto& c : out_.candidates)
        if (const auto* found = c.channel(channel.name)) p.push_back(found->p), who.push_back(static_cast<std::size_t>(c.candidate));
      const double alpha = kPersonAlpha / channels;
      const auto adjusted = holm(p);
      for (std::size_t i = 0; i < p.size(); ++i)
        if (adjusted[i] <= alpha) review_[who[i]] = true;
      expect(channel.name, alpha);
    }
  }

  void level(CandidateFinding& c) const {
    std::array<double, kKinds> by_kind;
    by_kind.fill(1);
    for (const auto& channel : kChannels)
      if (const auto* found = c.channel(channel.name)) {
        double& p = by_kind[static_cast<std::size_t>(channel.kind)];
        p = std::min(p, found->p);
      }
    const auto below = [&](double limit, int from) {
      return std::count_if(by_kind.begin() + from, by_kind.end(), [&](double p) { return p < limit; });
    };
    const auto at = static_cast<std::size_t>(c.candidate);
    if (below(kNote, 0) > 0) c.level = SuspicionLevel::note;
    if (review_[at]) c.level = SuspicionLevel::review;
    if (below(kStrong, 0) >= 2 || (adjacent_[at] && below(kSupport, 1) > 0)) c.level = SuspicionLevel::strong;
  }

  void rank(CandidateFinding& c) const {
    double weights = 0, sum = 0;
    for (const auto& channel : kChannels) {
      if (!present_.contains(channel.name)) continue;
      const double weight = std::string_view(channel.name) == "rt_profile" ? kPaceWeight : 1;
      const auto* found = c.channel(channel.name);
      weights += weight;
      sum += weight / std::max(found ? ranking_p(*found) : kUntold, kSmallestP);
    }
    c.suspicion = weights > 0 ? std::log10(sum / weights) : 0;
  }

  /// Speed between two tails: t₅ is what is quoted, for it must hold; but somebody truly fast is far out in any tail, and next to corrected
  /// likeness, whose chance values reach down to 1 / candidates, t₅ alone would rank him among the luckiest of the honest.
  static double ranking_p(const ChannelFinding& found) {
    if (found.name != "speed" || found.p >= kHurried) return found.p;
    return std::sqrt(found.p * normal_upper_tail(found.z));
  }

  ExamFindings& out_;
  std::vector<bool> review_, adjacent_;
  std::set<std::string, std::less<>> present_;
};

}  // namespace

void judge(ExamFindings& out) { Judge(out).run(); }

}  // namespace invigil
