// Our indices fed with CopyDetect's own item parameters and abilities say what CopyDetect 1.3 says (tests/vectors/forensics/README.md).

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/forensics/exam/test_exams.h"
#include "analysis/forensics/hypotheses/pair_indices.h"
#include "analysis/forensics/models/nominal_response.h"

namespace invigil {
namespace {

TEST(PairIndices, EqualCopyDetectOnNegocios) {
  const auto exam = negocios_exam();
  if (!exam) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const auto reference = reference_vectors("copydetect_negocios.json");
  std::vector<NominalItem> items;
  for (const auto& row : reference["item_par"]) {
    const auto p = row.get<std::vector<double>>();
    items.push_back({{p.begin(), p.begin() + 4}, {p.begin() + 4, p.end()}});
  }
  const auto theta = reference["theta"].get<std::vector<double>>();
  int with_gaps = 0;
  for (const auto& row : reference["pairs"]) {
    const auto row_of = [&](const char* who) { return static_cast<std::size_t>(std::stoi(row[who].get<std::string>()) - 1); };
    const std::size_t copier = row_of("Suspected Copier Row #"), source = row_of("Suspected Source Row #");
    std::vector<double> directed, both, right, wrong;
    int matches = 0, right_matches = 0;
    bool gaps = false;
    for (std::size_t j = 0; j < items.size(); ++j) {
      const auto pc = option_probabilities(items[j], theta[copier]), ps = option_probabilities(items[j], theta[source]);
      const std::int8_t mine = exam->row(static_cast<int>(copier))[j], theirs = exam->row(static_cast<int>(source))[j];
      const auto key = static_cast<std::size_t>(exam->key[j]);
      double same = 0;
      for (std::size_t k = 0; k < 4; ++k) same += pc[k] * ps[k];
      // CopyDetect keeps an item one of the two did not answer, as a match that did not happen; the library leaves it out.
      both.push_back(same), right.push_back(pc[key] * ps[key]), wrong.push_back(same - pc[key] * ps[key]);
      if (mine == kNoAnswer || theirs == kNoAnswer) {
        gaps = true;
        continue;
      }
      directed.push_back(pc[static_cast<std::size_t>(theirs)]);
      matches += mine == theirs;
      right_matches += mine == theirs && mine == exam->key[j];
    }
    const auto close = [](double ours, double theirs) { return std::abs(ours / theirs - 1) < 1e-8; };
    EXPECT_TRUE(close(gbt_tail(both, matches), row["GBT.pvalue"].get<double>())) << copier + 1;
    EXPECT_TRUE(close(m4_tail(right, wrong, right_matches, matches - right_matches), row["M4.pvalue"].get<double>()))
        << copier + 1 << " " << m4_tail(right, wrong, right_matches, matches - right_matches);
    if (gaps)
      ++with_gaps;
    else
      EXPECT_TRUE(close(omega(directed, matches).p, row["W.pvalue"].get<double>())) << copier + 1;
  }
  EXPECT_EQ(with_gaps, 1);
}

}  // namespace
}  // namespace invigil
