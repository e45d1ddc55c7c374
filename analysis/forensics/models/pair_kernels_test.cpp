// Every variant of the inner loops that this processor runs, against plain loops in double.

#include "analysis/forensics/models/pair_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "analysis/forensics/exam/random_source.h"
#include "analysis/forensics/hypotheses/pair_indices.h"

namespace invigil {

extern const PairKernels kPairKernels_wide;

namespace {

constexpr std::size_t kSizes[] = {1, 2, 3, 8, 31, 60, 170, 300};

std::vector<float> uniform_floats(std::size_t count, RandomSource& random) {
  std::vector<float> values(count);
  for (float& x : values) x = static_cast<float>(random.uniform());
  return values;
}
std::vector<double> uniform_doubles(std::size_t count, double scale, RandomSource& random) {
  std::vector<double> values(count);
  for (double& x : values) x = scale * random.uniform();
  return values;
}
/// Floats: the rounding of a few hundred terms.
void expect_near(double value, double exact, double size) { EXPECT_NEAR(value, exact, 1e-5 * (size + std::abs(exact))); }

const PairKernels* variant_of(const std::string& name) { return name == "wide" ? &kPairKernels_wide : pair_kernels(name.c_str()); }

/// What this processor runs; the others are named once, at the start.
std::vector<const char*> variants_here() {
  std::vector<const char*> here;
  for (const char* name : {"baseline", "avx2", "avx512", "wide"}) {
    if (variant_of(name))
      here.push_back(name);
    else
      std::printf("not tested, this processor has no %s\n", name);
  }
  return here;
}

class Kernels : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    kernels_ = variant_of(GetParam());
    ASSERT_NE(kernels_, nullptr);
    EXPECT_STREQ(kernels_->name, GetParam());
  }
  const PairKernels* kernels_ = nullptr;
  RandomSource random_{17};
};

TEST_P(Kernels, NominalSumsMatchesOfTwoRows) {
  for (const std::size_t items : kSizes) {
    std::vector<std::uint32_t> first{0};
    for (std::size_t j = 0; j < items; ++j) first.push_back(first.back() + 2 + static_cast<std::uint32_t>(random_.below(5)));
    const std::size_t width = first.back();
    const auto a = uniform_floats(2 * width, random_), block = uniform_floats(width * kLanes, random_);
    std::vector<float> expected(2 * kLanes, 0.5F), squares(2 * kLanes, 0.25F);
    kernels_->nominal(a.data(), a.data() + width, block.data(), first.data(), items, expected.data(), squares.data());
    for (std::size_t r = 0; r < 2; ++r)
      for (std::size_t l = 0; l < kLanes; ++l) {
        double e = 0.5, s = 0.25;
        for (std::size_t j = 0; j < items; ++j) {
          double pi = 0;
          for (std::size_t f = first[j]; f < first[j + 1]; ++f)
            pi += static_cast<double>(a[r * width + f]) * static_cast<double>(block[f * kLanes + l]);
          e += pi, s += pi * pi;
        }
        expect_near(expected[r * kLanes + l], e, 1), expect_near(squares[r * kLanes + l], s, 1);
      }
  }
}

TEST_P(Kernels, StarSumsMatchesAndPulls) {
  for (const std::size_t items : kSizes) {
    auto p = uniform_floats(items, random_), block = uniform_floats(items * kLanes, random_);
    const auto share = uniform_floats(items, random_);
    std::vector<float> q(items), weighted(items * kLanes), out(4 * kLanes);
    for (std::size_t j = 0; j < items; ++j) {
      q[j] = 1 - p[j];
      if (j % 5 == 3) p[j] = q[j] = 0;  // not answered
      for (std::size_t l = 0; l < kLanes; ++l) weighted[j * kLanes + l] = (1 - block[j * kLanes + l]) * share[j];
    }
    kernels_->star(p.data(), q.data(), block.data(), weighted.data(), share.data(), items, out.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      double e = 0, s = 0, ca = 0, cb = 0;
      for (std::size_t j = 0; j < items; ++j) {
        const double pa = p[j], qa = q[j], pb = block[j * kLanes + l], qs = weighted[j * kLanes + l];
        const double pi = pa * pb + qa * qs;
        e += pi, s += pi * pi, ca += pa * qa * (pb - qs), cb += (pa - qa * static_cast<double>(share[j])) * pb * (1 - pb);
      }
      const auto size = static_cast<double>(items);
      expect_near(out[l], e, size), expect_near(out[kLanes + l], s, size), expect_near(out[2 * kLanes + l], ca, size),
          expect_near(out[3 * kLanes + l], cb, size);
    }
  }
}

TEST_P(Kernels, MatchesCountsPast255) {
  for (const std::size_t items : {1U, 60U, 255U, 256U, 700U}) {
    std::vector<std::uint8_t> a(items), block(items * kLanes);
    for (auto& code : a) code = static_cast<std::uint8_t>(random_.below(3));
    for (auto& code : block) code = static_cast<std::uint8_t>(random_.below(3));
    for (std::size_t j = 0; j < items; ++j) block[j * kLanes + 5] = a[j];
    std::vector<float> out(kLanes);
    kernels_->matches(a.data(), block.data(), items, out.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      int exact = 0;
      for (std::size_t j = 0; j < items; ++j) exact += a[j] == block[j * kLanes + l];
      EXPECT_EQ(out[l], static_cast<float>(exact));
    }
    EXPECT_EQ(out[5], static_cast<float>(items));
  }
}

TEST_P(Kernels, ScoresStandardise) {
  const auto matches = uniform_floats(kLanes, random_), squares = uniform_floats(kLanes, random_);
  auto star = uniform_floats(4 * kLanes, random_), expected = uniform_floats(kLanes, random_), inverse = uniform_floats(kLanes, random_);
  for (std::size_t l = 0; l < kLanes; ++l) expected[l] += 1, star[l] += 2;
  expected[3] = squares[3];        // no variance: ω says nothing
  star[4] = star[kLanes + 4] = 0;  // no shared item: ω* neither
  star[2 * kLanes + 4] = star[3 * kLanes + 4] = 0;
  star[2 * kLanes + 6] = 30;  // the scores explain more than there is: the floor of a fifth
  std::vector<float> z(kLanes), plain(kLanes), corrected(kLanes);
  kernels_->score(matches.data(), expected.data(), squares.data(), z.data());
  kernels_->score_star(matches.data(), star.data(), 0.25F, inverse.data(), plain.data(), corrected.data());
  EXPECT_EQ(z[3], 0);
  EXPECT_EQ(plain[4], 0);
  EXPECT_EQ(corrected[4], 0);
  for (std::size_t l = 0; l < kLanes; ++l) {
    const double m = matches[l], e = expected[l], v = e - static_cast<double>(squares[l]);
    if (l != 3) expect_near(z[l], (m - e) / std::sqrt(v), 1);
    if (l == 4) continue;
    const double es = star[l], vs = es - static_cast<double>(star[kLanes + l]), ca = star[2 * kLanes + l], cb = star[3 * kLanes + l];
    const double given = std::max(0.2 * vs, vs - ca * ca * 0.25 - cb * cb * static_cast<double>(inverse[l]));
    expect_near(plain[l], (m - es) / std::sqrt(given), 10), expect_near(corrected[l], (m - 0.5 - es) / std::sqrt(given), 10);
  }
}

TEST_P(Kernels, DotMultiplies) {
  for (const std::size_t items : kSizes) {
    const auto a = uniform_floats(items, random_), block = uniform_floats(items * kLanes, random_);
    std::vector<float> out(kLanes);
    kernels_->dot(a.data(), block.data(), items, out.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      double exact = 0;
      for (std::size_t j = 0; j < items; ++j) exact += static_cast<double>(a[j]) * static_cast<double>(block[j * kLanes + l]);
      expect_near(out[l], exact, 1);
    }
  }
}

TEST_P(Kernels, PoissonBinomialInsideAnyBand) {
  for (const std::size_t items : {1U, 2U, 5U, 60U, 171U}) {
    const auto probability = uniform_doubles(items * kGbtLanes, 1, random_);
    for (const std::size_t least : {std::size_t{0}, items / 3, items / 2, items})
      for (const std::size_t most : {std::size_t{1}, items / 2, items / 2 + 3, items}) {
        if (most < std::max<std::size_t>(1, least) || most > items) continue;
        std::vector<double> mass((most + 3) * kGbtLanes);
        kernels_->poisson_binomial(probability.data(), items, least, most, mass.data());
        for (std::size_t l = 0; l < kGbtLanes; ++l) {
          std::vector<double> own;
          for (std::size_t j = 0; j < items; ++j) own.push_back(probability[j * kGbtLanes + l]);
          for (std::size_t k = least; k <= most; ++k) {
            const double tail = gbt_tail(own, static_cast<int>(k)),
                         exact = k == most ? tail : tail - gbt_tail(own, static_cast<int>(k + 1));
            EXPECT_NEAR(mass[(k + 2) * kGbtLanes + l], exact, 1e-12) << items << ' ' << least << ' ' << most << ' ' << k;
          }
        }
      }
  }
}

TEST_P(Kernels, TrinomialCellByCell) {
  for (const std::size_t items : {1U, 2U, 3U, 12U, 61U}) {
    const auto right = uniform_doubles(items, 0.6, random_), wrong = uniform_doubles(items, 0.4, random_);
    std::vector<double> mass(trinomial_size(items), 7.0);  // what was there before doesn't matter
    kernels_->trinomial(right.data(), wrong.data(), items, mass.data());
    const std::size_t side = items + 1;
    std::vector<double> plain(side * side, 0);
    plain[0] = 1;
    for (std::size_t j = 0; j < items; ++j)
      for (std::size_t x = side; x-- > 0;)
        for (std::size_t y = side; y-- > 0;)
          plain[x * side + y] = plain[x * side + y] * (1 - right[j] - wrong[j]) + (x > 0 ? plain[(x - 1) * side + y] * right[j] : 0) +
                                (y > 0 ? plain[x * side + y - 1] * wrong[j] : 0);
    for (std::size_t x = 0; x < side; ++x)
      for (std::size_t y = 0; x + y < side; ++y) {
        const double exact = plain[x * side + y];
        EXPECT_NEAR(mass[trinomial_cell(items, x, y)], exact, 1e-12 * exact) << items << ' ' << x << ' ' << y;
      }
  }
}

TEST_P(Kernels, NodesAreSummedAndAdded) {
  for (const std::size_t stride : {8U, 16U, 32U, 40U, 72U}) {
    constexpr std::size_t kRows = 9;
    const auto table = uniform_doubles(kRows * stride, 1, random_), what = uniform_doubles(stride, 1, random_);
    const std::vector<std::uint32_t> rows{1, 4, 8, 0};
    std::vector<double> sum(stride, 5.0), onto = table;
    kernels_->sum_nodes(table.data(), stride, rows.data(), rows.size(), sum.data());
    kernels_->add_nodes(what.data(), stride, rows.data(), rows.size(), onto.data());
    for (std::size_t q = 0; q < stride; ++q) {
      double exact = 0;
      for (const std::uint32_t row : rows) exact += table[row * stride + q];
      EXPECT_NEAR(sum[q], exact, 1e-14);
      for (std::uint32_t row = 0; row < kRows; ++row)
        EXPECT_EQ(onto[row * stride + q], table[row * stride + q] + (std::count(rows.begin(), rows.end(), row) > 0 ? what[q] : 0))
            << row << ' ' << q;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Kernels, testing::ValuesIn(variants_here()),
                         [](const auto& variant) { return std::string(variant.param); });

TEST(PairKernelChoice, TakesTheWidestOfThisProcessor) {
  const PairKernels* widest = pair_kernels("avx512") ? pair_kernels("avx512")
                              : pair_kernels("avx2") ? pair_kernels("avx2")
                                                     : pair_kernels("baseline");
  EXPECT_EQ(&pair_kernels(), widest);
  EXPECT_EQ(pair_kernels("mmx"), nullptr);
  RecordProperty("kernels", pair_kernels().name);
}

}  // namespace
}  // namespace invigil
