// Statistics of one candidate against the R package aberrance on its small exam (tests/vectors/forensics/README.md).
// Where aberrance maximises numerically, 1e-3; everything else 1e-9.

#include "analysis/forensics/hypotheses/person_tests.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/test_exams.h"
#include "analysis/forensics/models/nominal_response.h"

namespace invigil {
namespace {

constexpr double kOptimised = 1e-3;

struct SmallExam {
  nlohmann::json json = reference_vectors("golden_small_aberrance.json");
  std::vector<LogisticItem> items, guessed;
  std::vector<NominalItem> nominal;
  std::vector<double> precision, intensity;
  std::vector<std::vector<int>> x = json["x"].get<std::vector<std::vector<int>>>();
  std::vector<std::vector<double>> y = json["y"].get<std::vector<std::vector<double>>>();
  SmallExam() {
    for (const auto& p : json["psi_3pl_ln"]) {
      items.push_back({p["a"].get<double>(), p["b"].get<double>()});
      guessed.push_back({p["a"].get<double>(), p["b"].get<double>(), p["c"].get<double>()});
      precision.push_back(p["alpha"].get<double>());
      intensity.push_back(p["beta"].get<double>());
    }
    for (const auto& p : json["psi_nrm"]) {
      NominalItem item;
      for (int k = 1; k <= 4; ++k) {
        item.slope.push_back(p["lambda" + std::to_string(k)].get<double>());
        item.intercept.push_back(p["zeta" + std::to_string(k)].get<double>());
      }
      nominal.push_back(item);
    }
  }
  std::vector<Right> right(std::size_t i) const { return {x[i].begin(), x[i].end()}; }
  double stat(const char* test, std::size_t i, const char* name) const { return json[test]["stat"][i][name].get<double>(); }
  double p(const char* test, std::size_t i, const char* name) const { return json[test]["pval"][i][name].get<double>(); }
};

TEST(Preknowledge, EqualsAberrance) {
  const SmallExam g;
  std::vector<char> known(12, 0);
  for (const auto& item : g.json["detect_pk"]["ci"]) known[item.get<std::size_t>() - 1] = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    const auto s = preknowledge_by_answers(g.items, g.right(i), known);
    EXPECT_NEAR(s.likelihood_ratio, g.stat("detect_pk", i, "L_S"), kOptimised) << i;
    EXPECT_NEAR(s.score, g.stat("detect_pk", i, "S_S"), kOptimised) << i;
    EXPECT_NEAR(s.wald, g.stat("detect_pk", i, "W_S"), kOptimised) << i;
    const double t = preknowledge_by_times(g.intensity, g.precision, g.y[i], known);
    EXPECT_NEAR(t, g.stat("detect_pk", i, "L_T"), 1e-9) << i;
    EXPECT_NEAR(t, g.stat("detect_pk", i, "W_T"), 1e-9) << i;
    const auto joint = join_preknowledge(s.likelihood_ratio, t);
    EXPECT_NEAR(joint.statistic, g.stat("detect_pk", i, "L_ST"), 5 * kOptimised) << i;  // a square of what is within 1e-3
    EXPECT_NEAR(joint.p, g.p("detect_pk", i, "L_ST"), kOptimised) << i;
  }
}

TEST(Preknowledge, WorkedExample) {
  const SmallExam g;
  std::vector<char> known(12, 0);
  std::fill_n(known.begin(), 4, 1);
  const auto s = preknowledge_by_answers(g.items, g.right(1), known);
  EXPECT_NEAR(s.likelihood_ratio, 3.3187, kOptimised);
  EXPECT_NEAR(s.score, 3.1606, kOptimised);
  EXPECT_NEAR(s.wald, 3.5920, kOptimised);
  const double t = preknowledge_by_times(g.intensity, g.precision, g.y[1], known);
  EXPECT_NEAR(join_preknowledge(s.likelihood_ratio, t).statistic, 11.0135, 5 * kOptimised);
}

TEST(Preknowledge, OneSideEmptySaysNothing) {
  const SmallExam g;
  for (const char all : {char{0}, char{1}}) {
    const auto s = preknowledge_by_answers(g.items, g.right(0), std::vector<char>(12, all));
    EXPECT_EQ(s.likelihood_ratio, 0);
    EXPECT_EQ(s.score, 0);
    EXPECT_EQ(s.wald, 0);
    EXPECT_EQ(preknowledge_by_times(g.intensity, g.precision, g.y[0], std::vector<char>(12, all)), 0);
  }
  EXPECT_EQ(join_preknowledge(-2, -1).p, 1);
}

TEST(ChangeOfAbilityOrPace, EqualsAberrance) {
  const SmallExam g;
  const int first = g.json["detect_cp"]["cpi"][0].get<int>(), last = g.json["detect_cp"]["cpi"][1].get<int>();
  for (std::size_t i = 0; i < 8; ++i) {
    const auto& at = g.json["detect_cp"]["cp"][i];
    const auto speed = speed_change(g.intensity, g.precision, g.y[i], first, last);
    EXPECT_NEAR(speed.statistic, g.stat("detect_cp", i, "W_T_MAX2"), 1e-9) << i;
    EXPECT_EQ(speed.after, at["W_T_MAX2"].get<int>()) << i;
    const auto ability = ability_change(g.guessed, g.right(i), first, last);  // the three-parameter model there
    EXPECT_NEAR(ability.statistic, g.stat("detect_cp", i, "L_S_MAX2"), kOptimised) << i;
    EXPECT_EQ(ability.after, at["L_S_MAX2"].get<int>()) << i;
  }
}

/// Which items a candidate changed, and what the model says of them, by the nominal model as aberrance does.
struct Erased {
  std::vector<double> p;
  std::vector<char> changed = std::vector<char>(12, 0);
  int right = 0;
  double ability = 0;
  Erased(const SmallExam& g, std::size_t i) {
    const auto first = g.json["r0"][i].get<std::vector<int>>(), last = g.json["r_final"][i].get<std::vector<int>>();
    std::vector<std::int8_t> unchanged;
    for (std::size_t j = 0; j < 12; ++j) {
      changed[j] = first[j] != last[j];
      unchanged.push_back(changed[j] ? kNoAnswer : static_cast<std::int8_t>(last[j] - 1));
    }
    ability = NominalTable(g.nominal).ability(unchanged);
    for (std::size_t j = 0; j < 12; ++j)
      if (changed[j]) p.push_back(option_probabilities(g.nominal[j], ability)[3]), right += last[j] == 4;
  }
};

TEST(Erasure, EqualsAberrance) {
  const SmallExam g;
  for (std::size_t i = 0; i < 8; ++i) {
    const Erased e(g, i);
    const auto index = erasure_index(e.p, e.right);
    const auto& stat = g.json["detect_tt"]["stat"][i];
    if (stat["EDI_R_NO"].is_null()) {
      EXPECT_EQ(index.changed, 0);
      EXPECT_EQ(index.p, 1);
      continue;
    }
    EXPECT_NEAR(index.z_uncorrected, stat["EDI_R_NO"].get<double>(), kOptimised) << i;
    EXPECT_NEAR(index.z, stat["EDI_R_CO"].get<double>(), kOptimised) << i;
    EXPECT_NEAR(index.p, g.p("detect_tt", i, "EDI_R_CO"), kOptimised) << i;
    EXPECT_NEAR(index.exact_p, stat["GBT_R"].get<double>(), kOptimised) << i;
  }
  const Erased third(g, 2);
  EXPECT_NEAR(erasure_index(third.p, third.right).z_uncorrected, 1.3905, kOptimised);
  EXPECT_NEAR(erasure_index(third.p, third.right).z, .79168, kOptimised);
  EXPECT_NEAR(erasure_index(third.p, third.right).exact_p, .22572, kOptimised);
}

}  // namespace
}  // namespace invigil
