// plain_pairs.h; compiled for AVX2 with FMA where the processor family has it (CMakeLists.txt).

#include "tests/bench/limits/plain_pairs.h"

#include <cstring>

namespace invigil::limits {
namespace {

constexpr std::size_t kLanes = 16, kTileRows = 6, kNodes = 32;
typedef float Floats __attribute__((vector_size(32)));
typedef float LooseFloats __attribute__((vector_size(32), aligned(4), may_alias));
typedef std::uint8_t Bytes __attribute__((vector_size(32)));
typedef std::uint8_t LooseBytes __attribute__((vector_size(32), aligned(1), may_alias));

}  // namespace

bool plain_pairs_run_here() {
#ifdef __AVX2__
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

double multiply_all_pairs(const std::vector<float>& rows, std::size_t n, std::size_t width) {
  const std::size_t blocks = (n + kLanes - 1) / kLanes, padded = (n + kTileRows - 1) / kTileRows * kTileRows;
  std::vector<float> block(blocks * kLanes * width, 0), tile(padded * width, 0);  // [block][feature][lane] and [tile][feature][row]
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t f = 0; f < width; ++f) {
      block[(i / kLanes * width + f) * kLanes + i % kLanes] = rows[i * width + f];
      tile[(i / kTileRows * width + f) * kTileRows + i % kTileRows] = rows[i * width + f];
    }
  double total = 0;
  for (std::size_t b = 0; b < blocks; ++b)
    for (std::size_t t = 0; t * kTileRows < (b + 1) * kLanes && t * kTileRows < n; ++t) {
      const float *x = tile.data() + t * width * kTileRows, *y = block.data() + b * width * kLanes;
      Floats sum[kTileRows][2] = {};
      for (std::size_t f = 0; f < width; ++f, x += kTileRows, y += kLanes) {
        const Floats low = *reinterpret_cast<const LooseFloats*>(y), high = *reinterpret_cast<const LooseFloats*>(y + 8);
#pragma GCC unroll 6
        for (std::size_t r = 0; r < kTileRows; ++r) sum[r][0] += x[r] * low, sum[r][1] += x[r] * high;
      }
      for (const auto& row : sum)
        for (const Floats& part : row) total += static_cast<double>(part[0] + part[3] + part[7]);
    }
  return total;
}

std::uint64_t compare_all_pairs(const std::vector<std::uint8_t>& rows, std::size_t n, std::size_t items) {
  const std::size_t stride = (items + 31) / 32 * 32;
  std::vector<std::uint8_t> mine(n * stride, 0xFE), theirs(n * stride, 0xFF);  // what pads them never matches
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(mine.data() + i * stride, rows.data() + i * items, items);
    std::memcpy(theirs.data() + i * stride, rows.data() + i * items, items);
  }
  std::uint64_t total = 0;
  for (std::size_t a = 0; a < n; ++a)
    for (std::size_t b = a + 1; b < n; ++b) {
      const std::uint8_t *x = mine.data() + a * stride, *y = theirs.data() + b * stride;
      Bytes count = {};
      for (std::size_t at = 0; at < stride; at += 32)
        count -= reinterpret_cast<Bytes>(*reinterpret_cast<const LooseBytes*>(x + at) == *reinterpret_cast<const LooseBytes*>(y + at));
      std::uint64_t parts[4];
      std::memcpy(parts, &count, sizeof parts);
      constexpr std::uint64_t kEven = 0x00FF00FF00FF00FFULL, kOnes = 0x0001000100010001ULL;
      std::uint64_t wide = 0;
      for (const std::uint64_t part : parts) wide += (part & kEven) + ((part >> 8) & kEven);
      total += (wide * kOnes) >> 48;
    }
  return total;
}

double touch_triangle(std::size_t items, std::size_t pairs) {
  std::vector<double> mass((items + 1) * 8, 0.5);
  for (std::size_t pair = 0; pair < pairs; pair += 8)
    for (std::size_t j = 0; j < items; ++j) {
      double* f = mass.data();
      for (std::size_t cell = 0; cell < (j + 1) * 8; ++cell) f[cell] = f[cell] * 0.75 + 0.125;
    }
  return mass[0];
}

double touch_pyramid(std::size_t items, std::size_t pairs) {
  std::vector<double> mass((items + 1) * (items + 2) / 2, 0.5);
  for (std::size_t pair = 0; pair < pairs; ++pair)
    for (std::size_t j = 0; j < items; ++j) {
      double* f = mass.data();
      const std::size_t cells = (j + 1) * (j + 2) / 2;
      for (std::size_t cell = 0; cell < cells; ++cell) f[cell] = f[cell] * 0.75 + 0.125;
    }
  return mass[0];
}

double add_nodes(const std::vector<std::int8_t>& answers, std::size_t n, std::size_t items, std::size_t options, int sweeps) {
  std::vector<double> table(items * options * kNodes, 0.25), counts(table.size(), 0);
  for (int sweep = 0; sweep < sweeps; ++sweep)
    for (std::size_t i = 0; i < n; ++i) {
      const std::int8_t* row = answers.data() + i * items;
      double posterior[kNodes] = {};
      for (std::size_t j = 0; j < items; ++j) {
        if (row[j] < 0) continue;
        const double* from = table.data() + (j * options + static_cast<std::size_t>(row[j])) * kNodes;
        for (std::size_t q = 0; q < kNodes; ++q) posterior[q] += from[q];
      }
      for (std::size_t j = 0; j < items; ++j) {
        if (row[j] < 0) continue;
        double* onto = counts.data() + (j * options + static_cast<std::size_t>(row[j])) * kNodes;
        for (std::size_t q = 0; q < kNodes; ++q) onto[q] += posterior[q];
      }
    }
  return counts[0];
}

}  // namespace invigil::limits
