#pragma once
// How the z of very many pairs spread, in bounded memory.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace invigil {

/// Counts of z in bins of 1/512 over [-16, 48): quantiles to a thousandth. What lies outside counts in the outermost bins. The questions
/// walk all bins: ask once, not for each pair.
class SpreadCounter {
 public:
  SpreadCounter() : bins_(kBins, 0) {}
  void add(float z) { add(&z, 0, 1); }
  /// z[begin] … z[end - 1]; at most 16.
  void add(const float* z, std::size_t begin, std::size_t end) {
    std::int32_t at[kMost];
    for (std::size_t l = begin; l < end; ++l) {
      const float raw = (z[l] + 16) * 512, low = raw > 0 ? raw : 0, last = static_cast<float>(kBins - 1);
      at[l] = static_cast<std::int32_t>(low < last ? low : last);
    }
    for (std::size_t l = begin; l < end; ++l) ++bins_[static_cast<std::size_t>(at[l])];
    count_ += end - begin;
  }
  std::uint64_t count() const { return count_; }
  /// The share-quantile, interpolated inside its bin; 0 when empty.
  double quantile(double share) const;
  double median() const { return quantile(0.5); }
  /// 1.4826 × median absolute deviation.
  double robust_sd() const;
  /// As star_scale(): max(1, robust sd), and in large families (q99 - median) / 2.326.
  double scale() const;
  /// How many are ≥ z.
  std::uint64_t at_least(double z) const;

 private:
  static constexpr std::size_t kBins = std::size_t{64} * 512, kMost = 16;
  std::vector<std::uint64_t> bins_;
  std::uint64_t count_ = 0;
};

}  // namespace invigil
