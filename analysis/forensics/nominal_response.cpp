#include "analysis/forensics/nominal_response.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace invigil {
namespace {

constexpr double kAbilityLimit = 4;
constexpr int kNewtonSteps = 3;  // a few a cycle: EM corrects the rest

/// Orthonormal contrasts: K × (K - 1), columns sum to 0 (Helmert).
Eigen::MatrixXd contrasts(int options) {
  Eigen::MatrixXd basis = Eigen::MatrixXd::Zero(options, options - 1);
  for (int m = 1; m < options; ++m) {
    const double norm = std::sqrt(static_cast<double>(m) * (m + 1));
    for (int k = 0; k < m; ++k) basis(k, m - 1) = 1 / norm;
    basis(m, m - 1) = -m / norm;
  }
  return basis;
}

/// The item as Newton sees it: 2 (K - 1) free parameters, slopes first.
struct FreeItem {
  Eigen::MatrixXd basis;
  Eigen::VectorXd parameters;
  int options() const { return static_cast<int>(basis.rows()); }
  Eigen::VectorXd slopes() const { return basis * parameters.head(basis.cols()); }
  Eigen::VectorXd intercepts() const { return basis * parameters.tail(basis.cols()); }
};

Eigen::VectorXd softmax(const Eigen::VectorXd& logits) {
  const Eigen::VectorXd e = (logits.array() - logits.maxCoeff()).exp();
  return e / e.sum();
}

/// Maximises Σ_q Σ_k counts(k, q) log P_k(θ_q) - ridge/2 |parameters|² by a few Newton steps; returns the largest change.
double improve(FreeItem& item, const Eigen::MatrixXd& counts, const Eigen::VectorXd& theta, double ridge) {
  const Eigen::Index free = item.basis.cols();
  const Eigen::VectorXd before = item.parameters;
  for (int step = 0; step < kNewtonSteps; ++step) {
    const Eigen::VectorXd slopes = item.slopes(), intercepts = item.intercepts();
    Eigen::VectorXd gradient = -ridge * item.parameters;
    Eigen::MatrixXd curvature = ridge * Eigen::MatrixXd::Identity(2 * free, 2 * free);
    for (Eigen::Index q = 0; q < theta.size(); ++q) {
      const double total = counts.col(q).sum();
      if (total <= 0) continue;
      const Eigen::VectorXd p = softmax(slopes * theta[q] + intercepts);
      const Eigen::VectorXd g = item.basis.transpose() * (counts.col(q) - total * p);
      const Eigen::VectorXd bp = item.basis.transpose() * p;
      const Eigen::MatrixXd h = total * (item.basis.transpose() * p.asDiagonal() * item.basis - bp * bp.transpose());
      gradient.head(free) += theta[q] * g;
      gradient.tail(free) += g;
      curvature.topLeftCorner(free, free) += theta[q] * theta[q] * h;
      curvature.topRightCorner(free, free) += theta[q] * h;
      curvature.bottomLeftCorner(free, free) += theta[q] * h;
      curvature.bottomRightCorner(free, free) += h;
    }
    Eigen::VectorXd move = curvature.ldlt().solve(gradient);
    const double longest = move.cwiseAbs().maxCoeff();
    if (longest > 1) move /= longest;  // far from the top Newton overshoots
    item.parameters += move;
    if (longest < 1e-6) break;
  }
  return (item.parameters - before).cwiseAbs().maxCoeff();
}

std::vector<double> to_vector(const Eigen::VectorXd& v) { return {v.data(), v.data() + v.size()}; }

}  // namespace

std::vector<double> option_probabilities(const NominalItem& item, double theta) {
  std::vector<double> p(item.slope.size());
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k) top = std::max(top, p[k] = item.slope[k] * theta + item.intercept[k]);
  for (double& x : p) sum += x = std::exp(x - top);
  for (double& x : p) x /= sum;
  return p;
}

double nominal_ability(const std::vector<NominalItem>& items, std::span<const std::int8_t> answers) {
  // Derivative of the log-likelihood and minus its second derivative.
  const auto slope_at = [&](double theta, double& information) {
    double gradient = 0;
    information = 0;
    for (std::size_t j = 0; j < items.size(); ++j) {
      if (answers[j] == kNoAnswer) continue;
      const auto p = option_probabilities(items[j], theta);
      double mean = 0, square = 0;
      for (std::size_t k = 0; k < p.size(); ++k) mean += p[k] * items[j].slope[k], square += p[k] * items[j].slope[k] * items[j].slope[k];
      gradient += items[j].slope[static_cast<std::size_t>(answers[j])] - mean;
      information += square - mean * mean;
    }
    return gradient;
  };
  // The log-likelihood is concave in θ: its derivative falls, so bisection with Newton inside always ends at the top.
  double low = -kAbilityLimit, high = kAbilityLimit, information = 0;
  if (slope_at(low, information) <= 0) return information > 0 ? low : 0;
  if (slope_at(high, information) >= 0) return high;
  double theta = 0;
  for (int step = 0; step < 100 && high - low > 1e-10; ++step) {
    const double gradient = slope_at(theta, information);
    (gradient > 0 ? low : high) = theta;
    const double newton = information > 1e-12 ? theta + gradient / information : low;
    const double next = newton > low && newton < high ? newton : (low + high) / 2;
    if (std::abs(next - theta) < 1e-11) return next;
    theta = next;
  }
  return theta;
}

NominalFit fit_nominal(const ExamData& exam, const NominalOptions& options) {
  const std::size_t n = exam.candidates.size(), items = exam.items.size();
  const int nodes = options.nodes;
  const double ridge = options.ridge >= 0 ? options.ridge : n < 100 ? 1 : 0.05;
  Eigen::VectorXd theta(nodes), weight(nodes);
  for (int q = 0; q < nodes; ++q) {
    theta[q] = -kAbilityLimit + 2 * kAbilityLimit * q / (nodes - 1);
    weight[q] = std::exp(-theta[q] * theta[q] / 2);
  }
  const Eigen::VectorXd log_weight = (weight / weight.sum()).array().log();
  std::vector<FreeItem> free(items);
  for (std::size_t j = 0; j < items; ++j) {
    const int count = exam.option_count(static_cast<int>(j));
    free[j].basis = contrasts(count);
    Eigen::VectorXd slopes = Eigen::VectorXd::Zero(count), intercepts = Eigen::VectorXd::Constant(count, 0.5);
    for (std::size_t i = 0; i < n; ++i)
      if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) intercepts[answer] += 1;
    intercepts = intercepts.array().log();
    slopes[exam.key[j]] = 1;  // the right option rises with ability: decides the sign of θ
    free[j].parameters.resize(2 * (count - 1));
    free[j].parameters << free[j].basis.transpose() * slopes, free[j].basis.transpose() * intercepts;
  }
  NominalFit fit;
  std::vector<Eigen::MatrixXd> log_p(items), counts(items);  // options × nodes, stored transposed for contiguous nodes
  for (fit.iterations = 1; fit.iterations <= options.max_iterations; ++fit.iterations) {
    for (std::size_t j = 0; j < items; ++j) {
      const Eigen::VectorXd slopes = free[j].slopes(), intercepts = free[j].intercepts();
      log_p[j].resize(nodes, free[j].options());
      for (int q = 0; q < nodes; ++q) log_p[j].row(q) = softmax(slopes * theta[q] + intercepts).array().log();
      counts[j] = Eigen::MatrixXd::Zero(nodes, free[j].options());
    }
    for (std::size_t i = 0; i < n; ++i) {
      Eigen::VectorXd posterior = log_weight;
      for (std::size_t j = 0; j < items; ++j)
        if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) posterior += log_p[j].col(answer);
      posterior = softmax(posterior);
      for (std::size_t j = 0; j < items; ++j)
        if (const std::int8_t answer = exam.answers[i * items + j]; answer != kNoAnswer) counts[j].col(answer) += posterior;
    }
    double change = 0;
    for (std::size_t j = 0; j < items; ++j) change = std::max(change, improve(free[j], counts[j].transpose(), theta, ridge));
    if (change < options.tolerance) break;
  }
  fit.items.resize(items);
  for (std::size_t j = 0; j < items; ++j) fit.items[j] = {to_vector(free[j].slopes()), to_vector(free[j].intercepts())};
  for (std::size_t i = 0; i < n; ++i) fit.ability.push_back(nominal_ability(fit.items, exam.row(static_cast<int>(i))));
  return fit;
}

}  // namespace invigil
