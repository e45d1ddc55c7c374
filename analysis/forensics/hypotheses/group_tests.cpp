#include "analysis/forensics/hypotheses/group_tests.h"

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <map>
#include <numeric>

#include "analysis/forensics/exam/random_source.h"

namespace invigil {

double k2_tail(const ExamData& exam, int copier, int source) {
  const auto items = exam.items.size();
  const auto answers = exam.row(source);
  const auto wrong_of = [&](int i) {
    int count = 0;
    for (std::size_t j = 0; j < items; ++j) count += exam.row(i)[j] != kNoAnswer && exam.row(i)[j] != exam.key[j];
    return count;
  };
  const auto shared_with = [&](int i) {
    int count = 0;
    for (std::size_t j = 0; j < items; ++j) count += answers[j] != kNoAnswer && answers[j] != exam.key[j] && exam.row(i)[j] == answers[j];
    return count;
  };
  const int source_wrong = wrong_of(source);
  if (source_wrong == 0) return 1;
  std::map<int, std::pair<double, int>> groups;  // by wrong answers: sum of the shares, candidates
  for (int i = 0; i < exam.candidate_count(); ++i) {
    if (i == source) continue;
    auto& [sum, count] = groups[wrong_of(i)];
    sum += static_cast<double>(shared_with(i)) / source_wrong;
    ++count;
  }
  if (groups.size() < 4) return 1;
  Eigen::MatrixXd x(static_cast<Eigen::Index>(groups.size()), 3);
  Eigen::VectorXd y(x.rows());
  Eigen::Index at = 0;
  for (const auto& [wrong, group] : groups) {
    const double q = static_cast<double>(wrong) / static_cast<double>(items);
    x.row(at) << 1, q, q * q;
    y[at++] = group.first / group.second;
  }
  const Eigen::VectorXd beta = x.colPivHouseholderQr().solve(y);
  const double q = static_cast<double>(wrong_of(copier)) / static_cast<double>(items);
  const double chance = std::clamp(beta[0] + beta[1] * q + beta[2] * q * q, 0.001, 0.999);
  const int shared = shared_with(copier);
  if (shared == 0) return 1;
  return boost::math::cdf(boost::math::complement(boost::math::binomial(source_wrong, chance), shared - 1));
}

FollowLag follow_lag(const ExamData& exam, int a, int b, double window_s, int shifts) {
  FollowLag out;
  if (exam.commit_s.empty()) return out;
  const std::size_t items = exam.items.size();
  std::vector<double> first, second;
  double begin = std::numeric_limits<double>::infinity(), end = -begin;
  for (std::size_t j = 0; j < items; ++j) {
    const double fa = exam.commit_s[static_cast<std::size_t>(a) * items + j], fb = exam.commit_s[static_cast<std::size_t>(b) * items + j];
    if (std::isnan(fa) || std::isnan(fb)) continue;
    begin = std::min(begin, fb), end = std::max(end, fb);
    if (exam.row(a)[j] == kNoAnswer || exam.row(a)[j] != exam.row(b)[j]) continue;
    first.push_back(fa), second.push_back(fb);
  }
  const double length = end - begin + 1;  // a second more, or the last commit would fall on the first
  if (first.size() < 5 || length < 8 * window_s) return out;
  const auto count = [&](double shift, int& after, int& before) {
    after = before = 0;
    for (std::size_t i = 0; i < first.size(); ++i) {
      const double lag = begin + std::fmod(second[i] - begin + shift, length) - first[i];
      after += lag > 0 && lag <= window_s;
      before += lag < 0 && lag >= -window_s;
    }
    return std::max(after, before);
  };
  int after = 0, before = 0;
  out.follows = count(0, after, before);
  if (out.follows == 0) return out;
  out.follower = after >= before ? b : a;
  std::vector<double> lags;
  for (std::size_t i = 0; i < first.size(); ++i)
    if (const double lag = (after >= before ? 1 : -1) * (second[i] - first[i]); lag > 0 && lag <= window_s) lags.push_back(lag);
  out.median_lag_s = median_of(lags);
  int as_many = 0, ignored_after = 0, ignored_before = 0;
  for (int s = 1; s <= shifts; ++s)  // shifts shorter than two windows would be the observation again
    as_many += count(2 * window_s + (length - 4 * window_s) * s / (shifts + 1), ignored_after, ignored_before) >= out.follows;
  out.p = (1.0 + as_many) / (1.0 + shifts);
  return out;
}

std::vector<std::vector<int>> rings(int candidates, const std::vector<std::pair<int, int>>& edges, std::size_t smallest) {
  std::vector<int> root(static_cast<std::size_t>(candidates));
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int i) {
    while (root[static_cast<std::size_t>(i)] != i)
      i = root[static_cast<std::size_t>(i)] = root[static_cast<std::size_t>(root[static_cast<std::size_t>(i)])];
    return i;
  };
  for (const auto& [a, b] : edges) root[static_cast<std::size_t>(std::max(find(a), find(b)))] = std::min(find(a), find(b));
  std::map<int, std::vector<int>> members;
  for (int i = 0; i < candidates; ++i) members[find(i)].push_back(i);
  std::vector<std::vector<int>> out;
  for (auto& [first, ring] : members)
    if (ring.size() >= smallest) out.push_back(std::move(ring));
  std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.size() > y.size(); });
  return out;
}

std::vector<GroupPattern> group_patterns(const std::vector<std::string>& group, const std::vector<std::string>& within,
                                         const std::vector<std::pair<int, int>>& conspicuous, int permutations, std::uint64_t seed) {
  std::map<std::string, std::size_t> number;
  std::map<std::string, std::vector<std::size_t>> dealt;  // candidates whose labels change places
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].empty()) continue;
    number.emplace(group[i], 0);
    dealt[within[i]].push_back(i);
  }
  std::vector<GroupPattern> out;
  for (auto& [name, at] : number) at = out.size(), out.push_back({name});
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> label(group.size(), kNone);
  for (std::size_t i = 0; i < group.size(); ++i)
    if (!group[i].empty()) label[i] = number[group[i]], ++out[label[i]].members;
  const auto count = [&] {
    std::vector<int> inside(out.size(), 0);
    for (const auto& [a, b] : conspicuous)
      if (const std::size_t g = label[static_cast<std::size_t>(a)]; g != kNone && g == label[static_cast<std::size_t>(b)]) ++inside[g];
    return inside;
  };
  const auto observed = count();
  std::vector<int> as_many(out.size(), 0);
  RandomSource random(seed);
  for (int round = 0; round < permutations; ++round) {
    for (const auto& [name, members] : dealt)
      for (std::size_t i = members.size(); i > 1; --i)
        std::swap(label[members[i - 1]], label[members[static_cast<std::size_t>(random.below(static_cast<int>(i)))]]);
    const auto inside = count();
    for (std::size_t g = 0; g < out.size(); ++g) out[g].expected += inside[g], as_many[g] += inside[g] >= observed[g];
  }
  for (std::size_t g = 0; g < out.size(); ++g) {
    out[g].inside = observed[g];
    out[g].expected /= std::max(1, permutations);
    out[g].p = (1.0 + as_many[g]) / (1.0 + permutations);
  }
  return out;
}

}  // namespace invigil
