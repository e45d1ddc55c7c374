#include "analysis/forensics/hypotheses/nominal_pairs.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/models/pair_kernels.h"

namespace invigil {
namespace {

constexpr std::size_t kCacheLimit = std::size_t{256} << 20;

/// Σ x y over an item's options; four is what most items have.
double product(const double* x, const double* y, std::size_t options) {
  if (options == 4) return (x[0] * y[0] + x[1] * y[1]) + (x[2] * y[2] + x[3] * y[3]);
  double sum = 0;
  for (std::size_t k = 0; k < options; ++k) sum += x[k] * y[k];
  return sum;
}

int matches_of(std::span<const std::int8_t> mine, std::span<const std::int8_t> theirs) {
  int matches = 0;
  for (std::size_t j = 0; j < mine.size(); ++j) matches += mine[j] == theirs[j] && mine[j] != kNoAnswer;
  return matches;
}

}  // namespace

NominalModel::NominalModel(const ExamData& exam, const NominalFit& fit) : exam_(&exam), fit_(&fit), table_(fit.items) {
  const std::size_t width = table_.width(), n = exam.candidates.size();
  if (n * width * sizeof(double) > kCacheLimit) return;
  cache_.resize(n * width);
  for (std::size_t i = 0; i < n; ++i) fill(static_cast<int>(i), std::span(cache_).subspan(i * width, width));
}

void NominalModel::fill(int candidate, std::span<double> out) const {
  table_.probabilities(fit_->ability[static_cast<std::size_t>(candidate)], out);
  const auto answers = exam_->row(candidate);
  for (std::size_t j = 0; j < answers.size(); ++j)
    if (answers[j] == kNoAnswer)
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(table_.first(j)), out.begin() + static_cast<std::ptrdiff_t>(table_.first(j + 1)),
                0);
}

std::span<const double> NominalModel::row(int candidate, std::vector<double>& scratch) const {
  const std::size_t width = table_.width();
  if (!cache_.empty()) return std::span(cache_).subspan(static_cast<std::size_t>(candidate) * width, width);
  scratch.resize(width);
  fill(candidate, scratch);
  return scratch;
}

void NominalModel::match_probabilities(int a, int b, std::vector<double>& right, std::vector<double>& wrong) const {
  std::vector<double> scratch_a, scratch_b;
  const auto pa = row(a, scratch_a), pb = row(b, scratch_b);
  const auto mine = exam_->row(a), theirs = exam_->row(b);
  right.clear(), wrong.clear();
  for (std::size_t j = 0; j < mine.size(); ++j) {
    if (mine[j] == kNoAnswer || theirs[j] == kNoAnswer) continue;
    const std::size_t first = table_.first(j), key = first + static_cast<std::size_t>(exam_->key[j]);
    const double same = product(pa.data() + first, pb.data() + first, table_.first(j + 1) - first);
    right.push_back(pa[key] * pb[key]);
    wrong.push_back(std::max(0.0, same - right.back()));
  }
}

StarPair NominalModel::compare(int a, int b) const {
  std::vector<double> scratch_a, scratch_b;
  const auto pa = row(a, scratch_a), pb = row(b, scratch_b);
  const auto mine = exam_->row(a), theirs = exam_->row(b);
  StarPair pair{.a = a, .b = b};
  for (std::size_t j = 0; j < mine.size(); ++j) {
    if (mine[j] == kNoAnswer || theirs[j] == kNoAnswer) continue;
    ++pair.shared;
    if (mine[j] == theirs[j]) ++pair.matches, pair.wrong_matches += mine[j] != exam_->key[j];
    const std::size_t first = table_.first(j);
    const double pi = product(pa.data() + first, pb.data() + first, table_.first(j + 1) - first);
    pair.expected += pi;
    pair.variance += pi * (1 - pi);
  }
  pair.variance_given_scores = pair.variance;
  if (pair.variance > 0) pair.z = pair.z_corrected = (pair.matches - pair.expected) / std::sqrt(pair.variance);
  return pair;
}

double NominalModel::directed(int copier, int source) const {
  std::vector<double> scratch, pi;
  const auto p = row(copier, scratch);
  const auto mine = exam_->row(copier), theirs = exam_->row(source);
  for (std::size_t j = 0; j < mine.size(); ++j)
    if (mine[j] != kNoAnswer && theirs[j] != kNoAnswer) pi.push_back(p[table_.first(j) + static_cast<std::size_t>(theirs[j])]);
  return omega(pi, matches_of(mine, theirs)).z;
}

std::vector<double> NominalModel::gbt(std::span<const std::pair<int, int>> pairs) const {
  const std::size_t items = exam_->items.size();
  std::vector<int> matches;
  for (const auto& [a, b] : pairs) matches.push_back(matches_of(exam_->row(a), exam_->row(b)));
  std::vector<std::size_t> order(pairs.size());  // pairs with about as many matches side by side: they leave out the same cells
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return matches[x] < matches[y]; });
  std::vector<double> p(pairs.size()), probability(items * kGbtLanes), scratch_a, scratch_b;
  for (std::size_t begin = 0; begin < order.size(); begin += kGbtLanes) {
    const std::size_t lanes = std::min(kGbtLanes, order.size() - begin);
    std::array<int, kGbtLanes> wanted{};
    std::array<double, kGbtLanes> tail{};
    for (std::size_t l = 0; l < kGbtLanes; ++l) {
      const std::size_t at = order[begin + std::min(l, lanes - 1)];  // the last group repeats its last pair
      wanted[l] = matches[at];
      const auto pa = row(pairs[at].first, scratch_a), pb = row(pairs[at].second, scratch_b);
      for (std::size_t j = 0; j < items; ++j) {  // 0 where one did not answer
        const std::size_t first = table_.first(j);
        probability[j * kGbtLanes + l] = product(pa.data() + first, pb.data() + first, table_.first(j + 1) - first);
      }
    }
    gbt_tails(probability, items, wanted, tail);
    for (std::size_t l = 0; l < lanes; ++l) p[order[begin + l]] = tail[l];
  }
  return p;
}

}  // namespace invigil
