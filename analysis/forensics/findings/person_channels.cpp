#include "analysis/forensics/findings/person_channels.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/hypotheses/person_tests.h"

namespace invigil {
namespace {

constexpr double kHurryFloor = 0.05;

std::vector<LogisticItem> rasch_items(const RaschFit& rasch) {
  std::vector<LogisticItem> items;
  for (const double b : rasch.difficulty) items.push_back({1, b});
  return items;
}

std::vector<Right> rights(const ExamData& exam, int candidate) {
  std::vector<Right> out;
  for (int j = 0; j < exam.item_count(); ++j)
    out.push_back(!exam.answered(candidate, j) ? Right{-1} : exam.right(candidate, j) ? Right{1} : Right{0});
  return out;
}

std::vector<double> log_seconds_of(const ExamData& exam, int candidate) {
  std::vector<double> out;
  for (std::size_t j = 0; j < exam.items.size(); ++j) {
    const double t = exam.seconds[static_cast<std::size_t>(candidate) * exam.items.size() + j];
    out.push_back(t > 0 ? std::log(t) : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

/// z values made standard by the exam's own median and spread (spread never below 1).
void standardise(std::vector<double>& z) {
  const double centre = median_of(z), scale = std::max(1.0, robust_sd(z));
  for (double& value : z) value = (value - centre) / scale;
}

}  // namespace

int first_quartile_score(const std::vector<CandidateFinding>& candidates) {
  std::vector<int> scores;
  for (const auto& c : candidates) scores.push_back(c.score);
  std::sort(scores.begin(), scores.end());
  return scores.empty() ? 0 : scores[scores.size() / 4];
}

double fast_tail(double z, std::size_t candidates) { return speed_tail(z * std::max(0.0, 1 - 1.5 / static_cast<double>(candidates))); }

void add_speed(const ExamData& exam, const ResponseTimeFit& fit, std::vector<CandidateFinding>& candidates) {
  const auto z = speed_z(exam, fit);
  const auto effort = response_time_effort(exam);
  const int quartile = first_quartile_score(candidates);
  const int items = exam.item_count(), edge = std::max(3, items / 10);
  for (auto& c : candidates) {
    const auto i = static_cast<std::size_t>(c.candidate);
    c.effort = effort[i];
    if (std::isnan(z[i])) continue;
    const double p = fast_tail(z[i], candidates.size());
    c.channels.push_back({"speed", c.score >= quartile && candidates.size() >= kSpeedNeeds ? p : std::max(p, kHurryFloor), z[i], -1});
    if (items >= 2 * edge + 1) {
      const auto change = speed_change(fit.intensity, fit.precision, log_seconds_of(exam, c.candidate), edge, items - edge);
      c.pace_change = change.statistic, c.pace_change_after = change.after;
    }
  }
}

void add_preknowledge(const ExamData& exam, const RaschFit& rasch, const ResponseTimeFit* times, const std::vector<char>& known,
                      std::vector<CandidateFinding>& candidates) {
  const auto items = rasch_items(rasch);
  std::vector<double> by_answers, by_times;
  for (const auto& c : candidates) {
    by_answers.push_back(preknowledge_by_answers(items, rights(exam, c.candidate), known).likelihood_ratio);
    by_times.push_back(times ? preknowledge_by_times(times->intensity, times->precision, log_seconds_of(exam, c.candidate), known) : 0);
  }
  standardise(by_answers);
  if (times) standardise(by_times);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!times) {
      candidates[i].channels.push_back({"preknowledge", normal_upper_tail(by_answers[i]), by_answers[i], -1});
      continue;
    }
    const auto joint = join_preknowledge(by_answers[i], by_times[i]);
    candidates[i].channels.push_back({"preknowledge", joint.p, std::sqrt(joint.statistic), -1});
  }
}

void add_changes(const ExamData& exam, const RaschFit& rasch, std::vector<CandidateFinding>& candidates) {
  std::map<int, std::map<int, bool>> changed;  // candidate → item → ended right
  for (const AnswerChange& change : exam.changes)
    if (change.from != kNoAnswer && change.to != kNoAnswer && exam.answered(change.candidate, change.item))
      changed[change.candidate][change.item] = exam.right(change.candidate, change.item);
  const auto items = rasch_items(rasch);
  for (const auto& [candidate, by_item] : changed) {
    auto right = rights(exam, candidate);
    for (const auto& [item, ended_right] : by_item) right[static_cast<std::size_t>(item)] = -1;
    const double theta = logistic_ability(items, right);  // from the answers left alone
    std::vector<double> p;
    int ended_right_count = 0;
    for (const auto& [item, ended_right] : by_item) {
      p.push_back(1 / (1 + std::exp(-(theta - items[static_cast<std::size_t>(item)].difficulty))));
      ended_right_count += ended_right;
    }
    const auto index = erasure_index(p, ended_right_count);
    candidates[static_cast<std::size_t>(candidate)].channels.push_back({"changes", index.p, index.z, -1});
  }
}

}  // namespace invigil
