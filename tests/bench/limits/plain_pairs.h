#pragma once
// What answer forensics is measured against: bare loops over the same matrices that do nothing but the unavoidable arithmetic, in wide
// vectors and in tiles that stay in the cache. None of them calculates a statistic.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace invigil::limits {

/// Whether this processor runs the loops below (x86: AVX2 with FMA).
bool plain_pairs_run_here();

/// Every pair of the n rows of `width` floats: their dot product. Returns the sum of all, so that nothing is left out.
double multiply_all_pairs(const std::vector<float>& rows, std::size_t n, std::size_t width);

/// Every pair of the n rows of `items` bytes: how many are equal. Returns the sum of all.
std::uint64_t compare_all_pairs(const std::vector<std::uint8_t>& rows, std::size_t n, std::size_t items);

/// One multiply-add for each cell that the textbook's Poisson-binomial recursion over `items` items has, for `pairs` pairs, eight side
/// by side. A recursion that leaves cells out or takes two items in one pass can beat it.
double touch_triangle(std::size_t items, std::size_t pairs);

/// One multiply-add for each cell that the textbook's trinomial recursion over `items` items has, for `pairs` pairs.
double touch_pyramid(std::size_t items, std::size_t pairs);

/// The additions of `sweeps` EM sweeps with 31 nodes: each answer's row of the table onto its candidate's, and that back onto a table of
/// counts. Tables are [item][option][node]; answers < 0 are missing.
double add_nodes(const std::vector<std::int8_t>& answers, std::size_t n, std::size_t items, std::size_t options, int sweeps);

}  // namespace invigil::limits
