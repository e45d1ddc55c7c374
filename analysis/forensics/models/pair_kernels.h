#pragma once
// The inner loops of forensics, compiled once for each vector width; which one runs is asked of the processor at run time.

#include <cstddef>
#include <cstdint>

namespace invigil {

/// Candidates a block holds side by side: [feature][lane].
inline constexpr std::size_t kLanes = 16;
/// Pairs the Poisson-binomial takes at once, side by side in the vectors.
inline constexpr std::size_t kGbtLanes = 8;
/// Rows of node tables are a multiple of this long.
inline constexpr std::size_t kNodeStep = 8;

/// Doubles a trinomial's table has, and where a cell lies: two empty rows and columns in front and seven columns behind, so that its loop
/// needs no edges and whole vectors fit.
constexpr std::size_t trinomial_stride(std::size_t items) { return items + 10; }
constexpr std::size_t trinomial_size(std::size_t items) { return (items + 3) * trinomial_stride(items); }
constexpr std::size_t trinomial_cell(std::size_t items, std::size_t right, std::size_t wrong) {
  return (right + 2) * trinomial_stride(items) + wrong + 2;
}

/// Loops over one candidate (or two) against a block of kLanes others, and over the cells of distributions. No library code inside: these
/// files are compiled for processors the rest of the program doesn't ask for.
struct PairKernels {
  const char* name;
  /// ω, added to what is there: expected[l] += Σ_j π, squares[l] += Σ_j π² with π = Σ_k a[f] block[f l] over the features `first`[j] ≤ f <
  /// first[j + 1] of item j. Two rows a0, a1 at once; each result is 2 × kLanes.
  void (*nominal)(const float* a0, const float* a1, const float* block, const std::uint32_t* first, std::size_t items, float* expected,
                  float* squares);
  /// ω*: rows of p and q (0 where not answered) against blocks of p and of q Σshare². out: expected, squares, pull of a, pull of b; each
  /// kLanes.
  void (*star)(const float* p, const float* q, const float* block_p, const float* block_qs, const float* share_square, std::size_t items,
               float* out);
  /// Items on which codes are equal. Codes of the row and the block must differ where one did not answer.
  void (*matches)(const std::uint8_t* a, const std::uint8_t* block, std::size_t items, float* out);
  /// Dot products with a block.
  void (*dot)(const float* a, const float* block, std::size_t items, float* out);
  /// z of ω: (matches - expected) / √(expected - squares); 0 where there is no variance.
  void (*score)(const float* matches, const float* expected, const float* squares, float* z);
  /// z of ω* from star()'s results and 1 / information of both (0 for none): plain, and with the continuity correction of ½.
  void (*score_star)(const float* matches, const float* star, float inverse_a, const float* inverse_b, float* plain, float* corrected);
  /// Poisson-binomial tails of kGbtLanes pairs: probability [item][lane]. Afterwards mass[(k + 2) lane] is P(exactly k), for least ≤ k <
  /// most, and P(at least k) for k = most. 0 ≤ least ≤ most, 1 ≤ most ≤ items. mass has (most + 3) × kGbtLanes doubles.
  void (*poisson_binomial)(const double* probability, std::size_t items, std::size_t least, std::size_t most, double* mass);
  /// Trinomial of M4 over (right, wrong) matches: cell trinomial_cell(items, x, y) of mass, which has trinomial_size(items) doubles.
  void (*trinomial)(const double* right, const double* wrong, std::size_t items, double* mass);
  /// sum[q] = Σ_r table[rows[r] × stride + q], `count` rows; stride a multiple of kNodeStep.
  void (*sum_nodes)(const double* table, std::size_t stride, const std::uint32_t* rows, std::size_t count, double* sum);
  /// table[rows[r] × stride + q] += what[q]; the rows differ.
  void (*add_nodes)(const double* what, std::size_t stride, const std::uint32_t* rows, std::size_t count, double* table);
};

/// The widest this processor runs: AVX-512, AVX2 with FMA, or the baseline.
const PairKernels& pair_kernels();
/// By name ("baseline", "avx2", "avx512"); null when this processor can't run it. For tests.
const PairKernels* pair_kernels(const char* name);

}  // namespace invigil
