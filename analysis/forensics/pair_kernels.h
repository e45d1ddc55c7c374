#pragma once
// The inner loops over pairs, compiled once for each vector width; which one runs is asked of the processor at run time.

#include <cstddef>
#include <cstdint>

namespace invigil {

/// Candidates a block holds side by side: [item][option][lane].
inline constexpr std::size_t kLanes = 16;

/// Loops over one candidate (or two) against a block of kLanes others. No library code inside: these files are compiled for
/// processors the rest of the program doesn't ask for.
struct PairKernels {
  const char* name;
  /// ω: expected[l] = Σ_j π, squares[l] = Σ_j π² with π = Σ_k a[j k] block[j k l]. Two rows of a at once.
  void (*nominal)(const float* a0, const float* a1, const float* block, std::size_t items, std::size_t options, float* expected, float* squares);
  /// ω*: rows of p and q (0 where not answered) against blocks of p and of q Σshare². out: expected, squares, pull of a, pull of b; each kLanes.
  void (*star)(const float* p, const float* q, const float* block_p, const float* block_qs, const float* share_square, std::size_t items, float* out);
  /// Items on which codes are equal. Codes of the row and the block must differ where one did not answer.
  void (*matches)(const std::uint8_t* a, const std::uint8_t* block, std::size_t items, std::uint32_t* out);
  /// Dot products with a block.
  void (*dot)(const float* a, const float* block, std::size_t items, float* out);
  /// Poisson-binomial distributions of 8 pairs: probability [item][8] → mass [items + 1][8].
  void (*poisson_binomial)(const double* probability, std::size_t items, double* mass);
  /// Trinomial of M4: mass over (right, wrong) matches, side × side with side = items + 1, row-major; `scratch` of the same size. Returns
  /// whichever of the two holds the result.
  double* (*trinomial)(const double* right, const double* wrong, std::size_t items, double* mass, double* scratch);
};

/// The widest this processor runs: AVX-512, AVX2 with FMA, or the baseline.
const PairKernels& pair_kernels();
/// By name ("baseline", "avx2", "avx512"); null when this processor can't run it. For tests.
const PairKernels* pair_kernels(const char* name);

}  // namespace invigil
