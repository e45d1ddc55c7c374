#include "analysis/forensics/hypotheses/answer_changes.h"

#include <algorithm>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <cmath>
#include <map>

#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {
namespace {

constexpr std::size_t kCountsNeed = 20;

double chance(double ability, double difficulty) { return 1 / (1 + std::exp(difficulty - ability)); }

/// The ability on the items not in `changed`.
double ability_elsewhere(const ExamData& exam, const RaschFit& rasch, int candidate, const std::vector<char>& changed) {
  std::vector<LogisticItem> items;
  std::vector<Right> right;
  for (int j = 0; j < exam.item_count(); ++j) {
    const auto at = static_cast<std::size_t>(j);
    items.push_back({1, rasch.difficulty[at]});
    right.push_back(changed[at] || !exam.answered(candidate, j) ? Right{-1} : static_cast<Right>(exam.right(candidate, j)));
  }
  return logistic_ability(items, right);
}

/// The ability on the answers first given: what was corrected later does not hide how able somebody was when answering alone.
double ability_at_first(const ExamData& exam, const RaschFit& rasch, int candidate, std::span<const AnswerChange> own) {
  std::vector<LogisticItem> items;
  std::vector<Right> right;
  for (int j = 0; j < exam.item_count(); ++j) {
    items.push_back({1, rasch.difficulty[static_cast<std::size_t>(j)]});
    right.push_back(exam.answered(candidate, j) ? static_cast<Right>(exam.right(candidate, j)) : Right{-1});
  }
  std::map<int, double> first;  // item → when it was first changed
  for (const AnswerChange& c : own) {
    if (c.from == kNoAnswer) continue;
    const auto [at, fresh] = first.emplace(c.item, c.at_s);
    if (!fresh && c.at_s >= at->second) continue;
    at->second = c.at_s;
    right[static_cast<std::size_t>(c.item)] = c.from == exam.key[static_cast<std::size_t>(c.item)];
  }
  return logistic_ability(items, right);
}

std::vector<char> changed_by(const ExamData& exam, int candidate, std::span<const AnswerChange> own) {
  std::vector<char> changed(exam.items.size(), 0);
  for (const AnswerChange& c : own)
    if (c.from != kNoAnswer && c.to != kNoAnswer && exam.answered(candidate, c.item)) changed[static_cast<std::size_t>(c.item)] = 1;
  return changed;
}

}  // namespace

GroupErasure erasure_of_group(std::span<const ChangedItems> members) {
  GroupErasure out;
  double variance = 0, of_abilities = 0;
  for (const ChangedItems& m : members) {
    if (m.information <= 0) continue;
    for (const double p : m.probability_right) out.expected += p, variance += p * (1 - p);
    out.changed += static_cast<int>(m.probability_right.size());
    out.right += m.right;
    of_abilities += m.slope * m.slope / m.information;
  }
  if (variance <= 0) return out;
  const double excess = out.right - out.expected;
  out.z_uncorrected = excess / std::sqrt(variance);
  out.z_corrected = (excess - 0.5) / std::sqrt(variance);
  out.z = excess / std::sqrt(variance + of_abilities);
  out.p = normal_upper_tail(out.z);
  return out;
}

std::vector<std::vector<AnswerChange>> changes_by_candidate(const ExamData& exam) {
  std::vector<std::vector<AnswerChange>> out(exam.candidates.size());
  for (const AnswerChange& c : exam.changes) out[static_cast<std::size_t>(c.candidate)].push_back(c);
  return out;
}

ChangedItems changed_items(const ExamData& exam, const RaschFit& rasch, int candidate, std::span<const AnswerChange> own) {
  ChangedItems out;
  const std::vector<char> changed = changed_by(exam, candidate, own);
  const double ability = ability_elsewhere(exam, rasch, candidate, changed);
  for (int j = 0; j < exam.item_count(); ++j) {
    if (!exam.answered(candidate, j)) continue;
    const auto at = static_cast<std::size_t>(j);
    const double p = chance(ability, rasch.difficulty[at]);
    if (!changed[at]) {
      out.information += p * (1 - p);
      continue;
    }
    out.probability_right.push_back(p);
    out.slope += p * (1 - p);
    out.right += exam.right(candidate, j);
  }
  return out;
}

std::vector<GroupChanges> changes_by_group(const ExamData& exam, const RaschFit& rasch, const std::vector<std::string>& group) {
  std::map<std::string, std::vector<ChangedItems>> members;
  const auto changes = changes_by_candidate(exam);
  for (int i = 0; i < exam.candidate_count(); ++i) {
    const std::string& name = group[static_cast<std::size_t>(i)];
    const auto& own = changes[static_cast<std::size_t>(i)];
    if (name.empty() || own.empty()) continue;
    if (ChangedItems changed = changed_items(exam, rasch, i, own); !changed.probability_right.empty())
      members[name].push_back(std::move(changed));
  }
  std::vector<GroupChanges> out;
  for (const auto& [name, changed] : members) out.push_back({name, static_cast<int>(changed.size()), erasure_of_group(changed)});
  std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.erasure.p < y.erasure.p; });
  return out;
}

std::vector<TurnedRight> turned_right(const ExamData& exam) {
  std::map<std::pair<int, int>, AnswerChange> last;  // candidate, item → the last change
  for (const AnswerChange& c : exam.changes) {
    if (c.from == kNoAnswer || c.to == kNoAnswer) continue;
    const auto [at, fresh] = last.emplace(std::pair{c.candidate, c.item}, c);
    if (!fresh && c.at_s >= at->second.at_s) at->second = c;
  }
  std::vector<TurnedRight> counts(exam.candidates.size());
  for (const auto& [who, c] : last) {
    const std::int8_t key = exam.key[static_cast<std::size_t>(who.second)];
    TurnedRight& count = counts[static_cast<std::size_t>(who.first)];
    ++count.changed;
    count.turned_right += c.from != key && c.to == key;
  }
  double sum = 0, squares = 0;
  for (const TurnedRight& c : counts) sum += c.turned_right, squares += static_cast<double>(c.turned_right) * c.turned_right;
  const double others = static_cast<double>(counts.size()) - 1;
  std::vector<double> p;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    TurnedRight& c = counts[i];
    c.candidate = static_cast<int>(i);
    if (c.turned_right > 0 && counts.size() >= kCountsNeed) {
      using namespace boost::math;
      const double own = c.turned_right, mean = std::max(1.0, sum - own) / others,
                   variance = (squares - own * own - others * mean * mean) / (others - 1);
      const double size = mean * mean / (variance - mean), below = c.turned_right - 1;
      c.p = variance > mean * (1 + 1e-9) ? cdf(complement(negative_binomial(size, size / (size + mean)), below))
                                         : cdf(complement(poisson(mean), below));
    }
    p.push_back(c.p);
  }
  const auto adjusted = holm(p);
  std::vector<TurnedRight> out;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i].p = adjusted[i];
    if (counts[i].changed > 0) out.push_back(counts[i]);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& x, const auto& y) { return x.p != y.p ? x.p < y.p : x.turned_right > y.turned_right; });
  return out;
}

ChangeBurst change_burst(const ExamData& exam, const RaschFit& rasch, int candidate, std::span<const AnswerChange> own, double window_s) {
  std::map<int, AnswerChange> last;  // item → its last change
  for (const AnswerChange& c : own) {
    if (c.from == kNoAnswer || c.to == kNoAnswer) continue;
    const auto [at, fresh] = last.emplace(c.item, c);
    if (!fresh && c.at_s >= at->second.at_s) at->second = c;
  }
  std::vector<AnswerChange> from_wrong;
  for (const auto& [item, c] : last)
    if (c.from != exam.key[static_cast<std::size_t>(item)]) from_wrong.push_back(c);
  std::stable_sort(from_wrong.begin(), from_wrong.end(), [](const auto& x, const auto& y) { return x.at_s < y.at_s; });
  ChangeBurst best;
  if (from_wrong.empty()) return best;
  const double ability = ability_at_first(exam, rasch, candidate, own);
  for (std::size_t first = 0; first < from_wrong.size(); ++first) {
    std::vector<double> p;
    ChangeBurst burst{candidate, 0, 0, from_wrong[first].at_s, from_wrong[first].at_s, 1};
    for (std::size_t k = first; k < from_wrong.size() && from_wrong[k].at_s <= burst.from_s + window_s; ++k) {
      const auto item = static_cast<std::size_t>(from_wrong[k].item);
      p.push_back(chance(ability, rasch.difficulty[item]));
      burst.turned_right += from_wrong[k].to == exam.key[item];
      ++burst.changed;
      burst.to_s = from_wrong[k].at_s;
    }
    if (burst.turned_right == 0) continue;
    burst.p = std::min(1.0, gbt_tail(p, burst.turned_right) * static_cast<double>(from_wrong.size()));
    if (best.candidate < 0 || burst.p < best.p) best = burst;
  }
  return best;
}

}  // namespace invigil
