#include "analysis/forensics/hypotheses/spread_counter.h"

#include <algorithm>

namespace invigil {
namespace {

constexpr double kNormalQuantile99 = 2.3263478740408408;
constexpr std::uint64_t kLargeFamily = 2000;

}  // namespace

double SpreadCounter::quantile(double share) const {
  if (count_ == 0) return 0;
  const double wanted = share * static_cast<double>(count_);
  double below = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    const auto here = static_cast<double>(bins_[i]);
    if (below + here >= wanted && here > 0) return (static_cast<double>(i) + (wanted - below) / here) / 512 - 16;
    below += here;
  }
  return 48;
}

double SpreadCounter::robust_sd() const {
  std::vector<double> from(kBins + 1, 0);  // how many lie in bin i and above
  for (std::size_t i = kBins; i-- > 0;) from[i] = from[i + 1] + static_cast<double>(bins_[i]);
  const auto above = [&](double z) {
    const double at = std::clamp((z + 16) * 512, 0.0, static_cast<double>(kBins) - 1e-9);
    const auto bin = static_cast<std::size_t>(at);
    return from[bin] - (from[bin] - from[bin + 1]) * (at - static_cast<double>(bin));
  };
  const double centre = median();
  double low = 0, high = 64;
  while (high - low > 1e-4) {  // the radius around the median that holds half
    const double radius = (low + high) / 2;
    (2 * (above(centre - radius) - above(centre + radius)) < static_cast<double>(count_) ? low : high) = radius;
  }
  return 1.4826 * (low + high) / 2;
}

double SpreadCounter::scale() const {
  if (count_ == 0) return 1;
  double scale = std::max(1.0, robust_sd());
  if (count_ > kLargeFamily) scale = std::max(scale, (quantile(0.99) - median()) / kNormalQuantile99);
  return scale;
}

std::uint64_t SpreadCounter::at_least(double z) const {
  const double at = (z + 16) * 512;
  if (at <= 0) return count_;
  if (at >= static_cast<double>(kBins)) return 0;
  const auto bin = static_cast<std::size_t>(at);
  double sum = static_cast<double>(bins_[bin]) * (1 - (at - static_cast<double>(bin)));
  for (std::size_t i = bin + 1; i < kBins; ++i) sum += static_cast<double>(bins_[i]);
  return static_cast<std::uint64_t>(sum);
}

}  // namespace invigil
