// Our figures against other programs' on the same data. tests/vectors/forensics/README.md says where they come from.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/forensics/exam/test_exams.h"
#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/hypotheses/similarity_star.h"
#include "analysis/forensics/models/nominal_response.h"

namespace invigil {
namespace {

nlohmann::json vectors(const std::string& name) {
  std::ifstream in(std::string(std::getenv("INVIGIL_SOURCE") ? std::getenv("INVIGIL_SOURCE") : ".") + "/tests/vectors/forensics/" + name);
  return nlohmann::json::parse(in);
}

struct Aberrance {
  nlohmann::json golden = vectors("golden_small_aberrance.json");
  std::vector<NominalItem> items;
  std::vector<std::vector<int>> answers = golden["r"].get<std::vector<std::vector<int>>>();
  std::vector<double> theta;
  Aberrance() {
    for (const auto& item : golden["psi_nrm"]) {
      NominalItem it;
      for (int k = 1; k <= 4; ++k) {
        it.slope.push_back(item["lambda" + std::to_string(k)].get<double>());
        it.intercept.push_back(item["zeta" + std::to_string(k)].get<double>());
      }
      items.push_back(it);
    }
    for (const auto& xi : golden["xi"]) theta.push_back(xi["theta"].get<double>());
  }
  double p(std::size_t person, std::size_t item, int option) const {
    return option_probabilities(items[item], theta[person])[static_cast<std::size_t>(option - 1)];
  }
};

TEST(PairIndices, EqualAberranceOnItsSmallExam) {
  const Aberrance g;
  std::size_t row = 0;
  for (std::size_t a = 0; a < g.theta.size(); ++a)
    for (std::size_t b = a + 1; b < g.theta.size(); ++b, ++row) {
      std::vector<double> pi, right, wrong;
      std::vector<int> matched;
      int matches = 0, right_matches = 0;
      for (std::size_t j = 0; j < g.items.size(); ++j) {
        double same = 0;
        for (int k = 1; k <= 4; ++k) same += g.p(a, j, k) * g.p(b, j, k);
        const double both_right = g.p(a, j, 4) * g.p(b, j, 4);  // the reference takes the last option as the key
        pi.push_back(same), right.push_back(both_right), wrong.push_back(same - both_right);
        matched.push_back(g.answers[a][j] == g.answers[b][j]);
        matches += matched.back();
        right_matches += matched.back() && g.answers[a][j] == 4;
      }
      const auto& stat = g.golden["detect_as_R"]["stat"][row];
      EXPECT_NEAR(omega(pi, matches).z, stat["OMG_R"].get<double>(), 1e-9) << row;
      EXPECT_NEAR(weighted_omega(pi, matched).z, stat["WOMG_R"].get<double>(), 1e-9) << row;
      EXPECT_NEAR(gbt_tail(pi, matches), stat["GBT_R"].get<double>(), 1e-9) << row;
      EXPECT_NEAR(m4_tail(right, wrong, right_matches, matches - right_matches), stat["M4_R"].get<double>(), 1e-9) << row;
    }
  EXPECT_EQ(row, g.golden["detect_as_R"]["stat"].size());
}

TEST(PairIndices, EqualAberranceWhereTheCopierIsNamed) {
  const Aberrance g;
  const auto& pairs = g.golden["detect_ac_R"]["pairs"];
  for (std::size_t row = 0; row < pairs.size(); ++row) {
    const std::string name = pairs[row].get<std::string>();
    const auto source = static_cast<std::size_t>(std::stoi(name) - 1),
               copier = static_cast<std::size_t>(std::stoi(name.substr(name.find('-') + 1)) - 1);
    std::vector<double> pi;
    int matches = 0;
    for (std::size_t j = 0; j < g.items.size(); ++j) {
      pi.push_back(g.p(copier, j, g.answers[source][j]));
      matches += g.answers[copier][j] == g.answers[source][j];
    }
    const auto& stat = g.golden["detect_ac_R"]["stat"][row];
    EXPECT_NEAR(omega(pi, matches).z, stat["OMG_R"].get<double>(), 1e-9) << name;
    EXPECT_NEAR(gbt_tail(pi, matches), stat["GBT_R"].get<double>(), 1e-9) << name;
  }
}

TEST(PairIndices, WorkedExamples) {
  EXPECT_NEAR(gbt_tail(std::vector{.5, .4, .3}, 2), .35, 1e-12);
  EXPECT_NEAR(omega(std::vector{.5, .4, .3}, 2).z, .9561829, 1e-7);
  EXPECT_NEAR(m4_tail(std::vector{.3, .25, .2}, std::vector{.2, .15, .1}, 1, 1), .35, 1e-12);
}

TEST(SimilarityStar, EqualsTheReferenceOnNegocios) {
  const auto exam = negocios_exam();
  if (!exam) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const auto reference = vectors("negocios_rasch_omega_star.json");
  const RaschFit fit = fit_rasch(*exam);
  for (std::size_t i = 0; i < fit.ability.size(); ++i) EXPECT_NEAR(fit.ability[i], reference["theta"][i].get<double>(), 1e-9) << i;
  for (std::size_t j = 0; j < fit.difficulty.size(); ++j) EXPECT_NEAR(fit.difficulty[j], reference["b"][j].get<double>(), 1e-9) << j;
  const auto pairs = compare_all(*exam, fit);
  std::vector<double> z;
  for (const StarPair& pair : pairs) z.push_back(pair.z);
  const double lambda = robust_sd(z);
  EXPECT_NEAR(lambda, reference["lambda"].at(0).get<double>(), 1e-9);
  const int n = exam->candidate_count();
  for (const auto& row : reference["pairs"]) {
    const int a = row["i"].get<int>() - 1, b = row["j"].get<int>() - 1;
    const StarPair& pair = pairs[static_cast<std::size_t>(a * n - a * (a + 1) / 2 + b - a - 1)];
    EXPECT_EQ(pair.matches, row["M"].get<int>());
    EXPECT_NEAR(pair.expected, row["E"].get<double>(), 1e-9);
    EXPECT_NEAR(pair.variance, row["V"].get<double>(), 1e-9);
    EXPECT_NEAR(pair.variance_given_scores, row["Vstar"].get<double>(), 1e-9);
    EXPECT_NEAR(pair.z, row["z"].get<double>(), 1e-9);
    EXPECT_NEAR(pair.z_corrected / lambda, row["zscaled"].get<double>(), 1e-9);
  }
  const auto top =
      std::max_element(pairs.begin(), pairs.end(), [](const StarPair& x, const StarPair& y) { return x.z_scaled < y.z_scaled; });
  EXPECT_EQ(exam->candidates[static_cast<std::size_t>(top->a)], "210515");
  EXPECT_EQ(exam->candidates[static_cast<std::size_t>(top->b)], "210516");
}

TEST(NominalResponse, SinglesOutTheSamePairOnNegocios) {
  const auto exam = negocios_exam();
  if (!exam) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const NominalFit fit = fit_nominal(*exam);
  const std::size_t items = exam->items.size();
  std::vector<std::vector<std::vector<double>>> p;
  for (std::size_t i = 0; i < exam->candidates.size(); ++i) {
    p.emplace_back();
    for (std::size_t j = 0; j < items; ++j) p.back().push_back(option_probabilities(fit.items[j], fit.ability[i]));
  }
  const auto z_of = [&](std::size_t a, std::size_t b) {
    std::vector<double> pi;
    int matches = 0;
    for (std::size_t j = 0; j < items; ++j) {
      const std::int8_t mine = exam->answers[a * items + j], theirs = exam->answers[b * items + j];
      if (mine == kNoAnswer || theirs == kNoAnswer) continue;
      double same = 0;
      for (std::size_t k = 0; k < p[a][j].size(); ++k) same += p[a][j][k] * p[b][j][k];
      pi.push_back(same);
      matches += mine == theirs;
    }
    return omega(pi, matches).z;
  };
  // Another program's fit of the same model: its ω of the pair, which our own quadrature and ridge only approach.
  EXPECT_NEAR(z_of(434, 435), 8.9527281648, 0.05);
  double top = 0;
  for (std::size_t a = 0; a < exam->candidates.size(); ++a)
    for (std::size_t b = a + 1; b < exam->candidates.size(); ++b) top = std::max(top, z_of(a, b));
  EXPECT_EQ(top, z_of(434, 435));
}

}  // namespace
}  // namespace invigil
