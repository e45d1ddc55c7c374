// The report as a document: both languages, nothing from outside, nothing from the exam taken as markup.

#include "analysis/forensics/report/html_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stack>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/report/html_figures.h"
#include "analysis/forensics/report/html_text.h"

namespace invigil {
namespace {

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

struct Rendered {
  SimulatedExam sim;
  ExamFindings found;
  std::string page;
  explicit Rendered(SimulationPlan plan, const char* odd_id = nullptr) : sim(simulate_exam(plan)) {
    if (odd_id) {
      sim.exam.candidates[1] = odd_id;
      sim.exam.seats[1].room = odd_id;
      sim.exam.items[2] = odd_id;
      sim.exam.options[2][0] = odd_id;
    }
    found = examine(sim.exam);
    page = html_report(sim.exam, found, find_patterns(sim.exam, {}));
  }
};

const SimulationPlan kPlanted{.seed = 61, .rooms = 2, .items = 60, .copiers_per_room = 1, .copied = 0.8, .rushers = 1, .corrected = 1};

TEST(HtmlReport, LoadsNothingAndRunsNothing) {
  const Rendered r(kPlanted);
  for (const char* outside : {"http:", "https:", "//", "<script", "<link", "<img", "<iframe", "@import", "url(", "onclick", "javascript:"})
    EXPECT_EQ(r.page.find(outside), std::string::npos) << outside;
  EXPECT_NE(r.page.find("Content-Security-Policy content=\"default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, IdsAreTextWhateverTheyContain) {
  const Rendered r(kPlanted, "<script>alert('1')</script>\"&<b>");
  EXPECT_EQ(r.page.find("<script"), std::string::npos);
  EXPECT_EQ(r.page.find("alert('1')"), std::string::npos);
  EXPECT_NE(r.page.find("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;&lt;b&gt;"), std::string::npos);
}

TEST(HtmlReport, EverySentenceHasBothLanguages) {
  const Rendered r(kPlanted);
  const std::size_t chinese = count_of(r.page, "<span class=zh lang=zh>"), english = count_of(r.page, "<span class=en lang=en>");
  EXPECT_GT(chinese, 100U);
  EXPECT_EQ(chinese, english);
  EXPECT_EQ(count_of(r.page, "<text class=zh"), count_of(r.page, "<text class=en"));
  EXPECT_NE(r.page.find("<html lang=zh>"), std::string::npos);
  EXPECT_NE(r.page.find("id=zh aria-label=中文 checked"), std::string::npos);
  const std::string english_first = html_report(r.sim.exam, r.found, {}, Language::english);
  EXPECT_NE(english_first.find("<html lang=en>"), std::string::npos);
  EXPECT_NE(english_first.find("id=en aria-label=English checked"), std::string::npos);
}

/// Elements that are opened are closed, in order.
TEST(HtmlReport, IsWellFormed) {
  for (const SimulationPlan& plan : {kPlanted, SimulationPlan{.seed = 62, .rows = 2, .columns = 3, .items = 5, .times = false}}) {
    const std::string page = Rendered(plan).page;
    std::stack<std::string> open({"html"});  // the head before the body has elements that end by themselves
    for (std::size_t at = page.find('<', page.find("<body")); at != std::string::npos; at = page.find('<', at)) {
      const std::size_t end = page.find('>', at);
      ASSERT_NE(end, std::string::npos);
      const bool closes = page[at + 1] == '/';
      const std::size_t name_at = at + (closes ? 2 : 1);
      const std::string name = page.substr(name_at, page.find_first_of(" >", name_at) - name_at);
      const bool alone = page[end - 1] == '/' || name == "input" || name == "br" || name == "meta";
      if (closes) {
        ASSERT_FALSE(open.empty()) << page.substr(at, 60);
        ASSERT_EQ(open.top(), name) << page.substr(at > 200 ? at - 200 : 0, 300);
        open.pop();
      } else if (!alone) {
        open.push(name);
      }
      at = end;
    }
    EXPECT_TRUE(open.empty());
  }
}

TEST(HtmlReport, SaysWhatTheIssueAsksFor) {
  const Rendered r(kPlanted);
  const auto& top = r.found.pairs.front();
  const std::string a = html_escaped(r.sim.exam.candidates[static_cast<std::size_t>(top.pair.a)]),
                    b = html_escaped(r.sim.exam.candidates[static_cast<std::size_t>(top.pair.b)]);
  EXPECT_NE(r.page.find("<h3>1. " + a + " – " + b), std::string::npos);
  EXPECT_EQ(count_of(answers_side_by_side(r.sim.exam, top.pair.a, top.pair.b), "<b>") > 0, top.pair.wrong_matches > 0);
  EXPECT_NE(r.page.find("<line class=link"), std::string::npos);
  EXPECT_NE(r.page.find("Score against speed"), std::string::npos);
  EXPECT_NE(r.page.find("Calibration of the p-values"), std::string::npos);
  EXPECT_NE(r.page.find("false flags expected were all honest"), std::string::npos);
  EXPECT_NE(r.page.find("It is not the probability that the candidate is honest"), std::string::npos);
  const Rendered small({.seed = 63, .rows = 2, .columns = 3, .items = 10, .times = false});
  EXPECT_NE(small.page.find("fewer than 20"), std::string::npos);
  EXPECT_NE(small.page.find("少于 20 人"), std::string::npos);
}

TEST(HtmlReport, SharedWrongAnswersAreMarkedOneByOne) {
  ExamData exam;
  exam.candidates = {"one", "two"};
  for (int j = 0; j < 12; ++j) {
    exam.items.push_back("q" + std::to_string(j + 1));
    exam.options.push_back({"A", "B", "C"});
    exam.key.push_back(0);
  }
  //                 right   wrong alike  differ   none
  exam.answers = {0, 0, 0, 1, 2, 1, 1, 0, 2, kNoAnswer, kNoAnswer, 1, 0, 0, 0, 1, 2, 1, 2, 1, 0, kNoAnswer, 1, 1};
  const std::string table = answers_side_by_side(exam, 0, 1);
  EXPECT_NE(table.find("<th>one</th><td><u>AAA</u><b>BCB</b><i>BAC·</i> <i>·</i><b>B</b></td>"), std::string::npos) << table;
  EXPECT_NE(table.find("<th>two</th><td><u>AAA</u><b>BCB</b><i>CBA·</i> <i>B</i><b>B</b></td>"), std::string::npos) << table;
  EXPECT_NE(table.find("<td>        10 </td>"), std::string::npos) << table;
}

TEST(HtmlText, ProbabilitiesAsPeopleWriteThem) {
  EXPECT_EQ(html_probability(0.0456), "0.046");
  EXPECT_EQ(html_probability(1), "1");
  EXPECT_EQ(html_probability(1.23e-9), "1.2×10<sup>−9</sup>");
  EXPECT_EQ(html_probability(9.99e-5), "1.0×10<sup>−4</sup>");
  EXPECT_EQ(html_probability(std::numeric_limits<double>::quiet_NaN()), "–");
}

}  // namespace
}  // namespace invigil
