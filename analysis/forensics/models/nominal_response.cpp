#include "analysis/forensics/models/nominal_response.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "analysis/forensics/models/pair_kernels.h"

namespace invigil {
namespace {

constexpr double kAbilityLimit = 4;
constexpr double kLargestLogit = 700;  // its exponential is still finite

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Orthonormal contrasts: K × (K - 1), columns sum to 0 (Helmert).
MatrixXd contrasts(int options) {
  MatrixXd basis = MatrixXd::Zero(options, options - 1);
  for (int m = 1; m < options; ++m) {
    const double norm = std::sqrt(static_cast<double>(m) * (m + 1));
    for (int k = 0; k < m; ++k) basis(k, m - 1) = 1 / norm;
    basis(m, m - 1) = -m / norm;
  }
  return basis;
}

/// The nodes of the quadrature: θ, its powers 0, 1, 2 as columns, and the logarithm of the weight.
struct Quadrature {
  MatrixXd power;
  VectorXd log_weight;
  std::size_t stride;  ///< nodes rounded up to whole vectors
  explicit Quadrature(int nodes)
      : power(nodes, 3), log_weight(nodes), stride((static_cast<std::size_t>(nodes) + kNodeStep - 1) / kNodeStep * kNodeStep) {
    for (int q = 0; q < nodes; ++q) {
      const double theta = -kAbilityLimit + 2 * kAbilityLimit * q / (nodes - 1);
      power.row(q) << 1, theta, theta * theta;
      log_weight[q] = -theta * theta / 2;
    }
    log_weight.array() -= std::log(log_weight.array().exp().sum());
  }
  Index nodes() const { return power.rows(); }
  auto theta() const { return power.col(1); }
};

/// The item as Newton sees it: 2 (K - 1) free parameters, slopes first.
struct FreeItem {
  MatrixXd basis;
  VectorXd parameters;
  std::size_t first = 0;  ///< its first option among those of all items
  Index options() const { return basis.rows(); }
  VectorXd slopes() const { return basis * parameters.head(basis.cols()); }
  VectorXd intercepts() const { return basis * parameters.tail(basis.cols()); }

  /// P at every node (nodes × K) into `p`, its logarithm into `log_p`.
  void evaluate(const Quadrature& at, MatrixXd& p, Eigen::Ref<MatrixXd> log_p) const {
    log_p.noalias() = at.theta() * slopes().transpose();
    log_p.rowwise() += intercepts().transpose();
    log_p.colwise() -= log_p.rowwise().maxCoeff().eval();
    p = log_p.array().exp();
    const VectorXd sum = p.rowwise().sum();
    p.array().colwise() /= sum.array();
    log_p.colwise() -= sum.array().log().matrix();
  }

  /// One Newton step up Σ_q Σ_k counts(q, k) log P_k(θ_q) - ridge/2 |parameters|², from the `p` evaluate() gave; returns the largest
  /// change.
  double improve(const Quadrature& at, const MatrixXd& p, const Eigen::Ref<const MatrixXd>& counts, double ridge) {
    const Index free = basis.cols();
    if (free == 0) return 0;  // one option: nothing to choose
    const VectorXd total = counts.rowwise().sum();
    const MatrixXd excess = counts - total.asDiagonal() * p;
    VectorXd gradient = -ridge * parameters;
    gradient.head(free) += basis.transpose() * excess.transpose().lazyProduct(at.theta());
    gradient.tail(free) += basis.transpose() * excess.colwise().sum().transpose();
    MatrixXd curvature = ridge * MatrixXd::Identity(2 * free, 2 * free);
    MatrixXd weighted(p.rows(), p.cols()), full(p.cols(), p.cols());
    for (int power = 0; power < 3; ++power) {
      weighted = (total.cwiseProduct(at.power.col(power))).asDiagonal() * p;
      full = -weighted.transpose().lazyProduct(p);
      full.diagonal() += weighted.colwise().sum();
      const MatrixXd h = basis.transpose() * full * basis;
      if (power == 0) curvature.bottomRightCorner(free, free) += h;
      if (power == 1) curvature.topRightCorner(free, free) += h, curvature.bottomLeftCorner(free, free) += h;
      if (power == 2) curvature.topLeftCorner(free, free) += h;
    }
    VectorXd move = curvature.ldlt().solve(gradient);
    const double longest = move.cwiseAbs().maxCoeff();
    if (longest > 1) move /= longest;  // far from the top Newton overshoots
    parameters += move;
    return std::min(longest, 1.0);
  }
};

/// A slope of 1 at the key, which decides the sign of θ, and intercepts from how often each option was chosen.
std::vector<FreeItem> starting_items(const ExamData& exam) {
  const std::size_t items = exam.items.size();
  std::vector<FreeItem> free(items);
  std::size_t first = 0;
  for (std::size_t j = 0; j < items; ++j) {
    const int count = exam.option_count(static_cast<int>(j));
    free[j].basis = contrasts(count);
    free[j].first = first;
    first += static_cast<std::size_t>(count);
    VectorXd slopes = VectorXd::Zero(count), intercepts = VectorXd::Constant(count, 0.5);
    for (std::size_t i = 0; i < exam.candidates.size(); ++i)
      if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) intercepts[answer] += 1;
    intercepts = intercepts.array().log();
    slopes[exam.key[j]] = 1;
    free[j].parameters.resize(2 * (count - 1));
    free[j].parameters << free[j].basis.transpose() * slopes, free[j].basis.transpose() * intercepts;
  }
  return free;
}

/// Which option each candidate chose among those of all items, candidate after candidate; missing answers are left out.
struct ChosenOptions {
  std::vector<std::uint32_t> option;
  std::vector<std::size_t> end{0};
  ChosenOptions(const ExamData& exam, const std::vector<FreeItem>& free) {
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
      for (std::size_t j = 0; j < free.size(); ++j)
        if (const std::int8_t answer = exam.answers[i * free.size() + j]; answer != kNoAnswer)
          option.push_back(static_cast<std::uint32_t>(free[j].first + static_cast<std::size_t>(answer)));
      end.push_back(option.size());
    }
  }
};

}  // namespace

std::vector<double> option_probabilities(const NominalItem& item, double theta) {
  std::vector<double> p(item.slope.size());
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) top = std::max(top, p[k] = item.slope[k] * theta + item.intercept[k]);
  for (double& x : p) sum += x = std::exp(x - top);
  for (double& x : p) x /= sum;
  return p;
}

NominalTable::NominalTable(std::span<const NominalItem> items) : first_{0} {
  for (const NominalItem& item : items) {
    slope_.insert(slope_.end(), item.slope.begin(), item.slope.end());
    intercept_.insert(intercept_.end(), item.intercept.begin(), item.intercept.end());
    first_.push_back(slope_.size());
  }
}

void NominalTable::probabilities(double theta, std::span<double> out) const {
  const auto size = static_cast<Index>(width());
  const Eigen::Map<const Eigen::ArrayXd> slope(slope_.data(), size), intercept(intercept_.data(), size);
  Eigen::Map<Eigen::ArrayXd>(out.data(), size) = (slope * theta + intercept).min(kLargestLogit).exp();
  for (std::size_t j = 0; j + 1 < first_.size(); ++j) {
    double sum = 0;
    for (std::size_t at = first_[j]; at < first_[j + 1]; ++at) sum += out[at];
    const double scale = 1 / sum;
    for (std::size_t at = first_[j]; at < first_[j + 1]; ++at) out[at] *= scale;
  }
}

double NominalTable::ability(std::span<const std::int8_t> answers, double start) const {
  if (std::all_of(answers.begin(), answers.end(), [](std::int8_t answer) { return answer == kNoAnswer; })) return 0;
  std::vector<double> p(width());
  // Derivative of the log-likelihood and minus its second derivative.
  const auto slope_at = [&](double theta, double& information) {
    probabilities(theta, p);
    double gradient = 0;
    information = 0;
    for (std::size_t j = 0; j < answers.size(); ++j) {
      if (answers[j] == kNoAnswer) continue;
      double mean = 0, square = 0;
      for (std::size_t at = first_[j]; at < first_[j + 1]; ++at) mean += p[at] * slope_[at], square += p[at] * slope_[at] * slope_[at];
      gradient += slope_[first_[j] + static_cast<std::size_t>(answers[j])] - mean;
      information += square - mean * mean;
    }
    return gradient;
  };
  // The log-likelihood is concave in θ: its derivative falls, so Newton held inside a shrinking interval always ends at the top. The
  // interval's ends are looked at only when Newton wants to leave it.
  double low = -kAbilityLimit, high = kAbilityLimit, information = 0;
  bool low_seen = false, high_seen = false;
  double theta = std::clamp(start, low, high);
  for (int step = 0; step < 200 && high - low > 1e-10; ++step) {
    const double gradient = slope_at(theta, information);
    if (theta <= -kAbilityLimit && gradient <= 0) return information > 0 ? theta : 0;
    if (theta >= kAbilityLimit && gradient >= 0) return theta;
    (gradient > 0 ? low : high) = theta;
    (gradient > 0 ? low_seen : high_seen) = true;
    const double newton = information > 1e-12 ? theta + gradient / information : gradient > 0 ? high : low;
    if (std::abs(newton - theta) < 1e-8)
      return std::clamp(newton, -kAbilityLimit, kAbilityLimit);  // the error left is the square of the step
    double next = newton;
    if (newton >= high)
      next = high_seen ? (low + high) / 2 : high;
    else if (newton <= low)
      next = low_seen ? (low + high) / 2 : low;
    theta = next;
  }
  return theta;
}

NominalFit fit_nominal(const ExamData& exam, const NominalOptions& options) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  const double ridge = options.ridge >= 0 ? options.ridge : n < 100 ? 1 : 0.05;
  const Quadrature at(options.nodes);
  const auto stride = static_cast<Index>(at.stride);
  std::vector<FreeItem> free = starting_items(exam);
  const ChosenOptions chosen(exam, free);
  const auto width = items == 0 ? Index{0} : static_cast<Index>(free.back().first) + free.back().options();
  const PairKernels& kernels = pair_kernels();
  NominalFit fit;
  fit.ability.assign(n, 0);
  MatrixXd log_p = MatrixXd::Zero(stride, width), counts(stride, width);  // a column for each option: contiguous nodes
  std::vector<MatrixXd> p(items);
  VectorXd posterior = VectorXd::Zero(stride);
  for (fit.iterations = 1; fit.iterations <= options.max_iterations; ++fit.iterations) {
    for (std::size_t j = 0; j < items; ++j)
      free[j].evaluate(at, p[j], log_p.block(0, static_cast<Index>(free[j].first), at.nodes(), free[j].options()));
    counts.setZero();
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t* options_of = chosen.option.data() + chosen.end[i];
      const std::size_t answered = chosen.end[i + 1] - chosen.end[i];
      kernels.sum_nodes(log_p.data(), at.stride, options_of, answered, posterior.data());
      auto here = posterior.head(at.nodes());
      here += at.log_weight;
      here = (here.array() - here.maxCoeff()).exp();
      here /= here.sum();
      fit.ability[i] = here.dot(at.theta());
      kernels.add_nodes(posterior.data(), at.stride, options_of, answered, counts.data());
    }
    double change = 0;
    for (std::size_t j = 0; j < items; ++j)
      change = std::max(
          change, free[j].improve(at, p[j], counts.block(0, static_cast<Index>(free[j].first), at.nodes(), free[j].options()), ridge));
    if (change < options.tolerance) break;
  }
  for (const FreeItem& item : free) {
    const VectorXd slopes = item.slopes(), intercepts = item.intercepts();
    fit.items.push_back({{slopes.begin(), slopes.end()}, {intercepts.begin(), intercepts.end()}});
  }
  const NominalTable table(fit.items);
  for (std::size_t i = 0; i < n; ++i) fit.ability[i] = table.ability(exam.row(static_cast<int>(i)), fit.ability[i]);
  return fit;
}

}  // namespace invigil
