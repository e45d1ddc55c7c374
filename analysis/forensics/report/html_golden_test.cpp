// The report's bytes, section by section, against what they were: whoever moves its parts about learns whether a word got lost.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "analysis/forensics/exam/simulator.h"
#include "analysis/forensics/report/html_report.h"

namespace invigil {
namespace {

/// FNV-1a, 64 bits: enough to notice a change, and the same everywhere.
std::string fingerprint(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

/// Fingerprints by section: "head", then the ids of the h2 headings.
std::map<std::string, std::string> sections_of(const std::string& page) {
  static const std::string mark = "<h2 id=";
  std::map<std::string, std::string> sections;
  std::string name = "head";
  std::size_t begin = 0;
  for (std::size_t next = page.find(mark); begin < page.size(); next = page.find(mark, next + 1)) {
    const std::size_t end = std::min(next, page.size());
    sections[name] = fingerprint(page.substr(begin, end - begin));
    if (next == std::string::npos) break;
    const std::size_t name_at = next + mark.size();
    name = page.substr(name_at, page.find('>', name_at) - name_at);
    begin = next;
  }
  return sections;
}

/// Every part of the page that depends on data, at once: two institutions, a ring, known items, a bank, changes, bursts, slow clients.
std::string rich_page(Language language) {
  const SimulatedExam sim = simulate_exam({.seed = 71,
                                           .rooms = 8,
                                           .rows = 5,
                                           .columns = 5,
                                           .items = 50,
                                           .institutions = 2,
                                           .copiers_per_room = 1,
                                           .copied = 0.8,
                                           .ring = 6,
                                           .ring_known = 0.8,
                                           .preknowledge = 3,
                                           .leaked_items = 10,
                                           .rushers = 4,
                                           .corrected = 3,
                                           .corrected_share = 0.9});
  AnalysisOptions options;
  options.known_items = sim.leaked;
  ExamFindings found = examine(sim.exam, options);
  // What so small an exam cannot show by itself.
  found.nominal_used = true, found.nominal_scale = 1.125;
  found.institution_offset = 0.25, found.tail_slope = 1.5;
  found.candidates[3].effort = 0.5, found.candidates[4].effort = 0.25;
  found.notes.push_back({"有 1 处 < 已修正", "1 place < put right"});
  found.expected_by_rule.push_back({"a rule nobody named", 0.5});
  BankFigures bank;
  ExamData banked = sim.exam;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int j = 0; j < sim.exam.item_count(); ++j) {
    banked.bank_difficulty.push_back(j % 5 == 0 ? nan : 0.1 * (j % 7) - 0.3);
    bank.intensity.push_back(j % 4 == 0 ? nan : 4.0);
  }
  return html_report(sim.exam, found, find_patterns(banked, bank), language);
}

/// Nothing was given but answers of a few.
std::string bare_page() {
  const SimulatedExam sim = simulate_exam({.seed = 72, .rows = 2, .columns = 3, .items = 10, .times = false});
  ExamData exam = sim.exam;
  exam.seats.clear();
  return html_report(exam, examine(exam));
}

/// Many rooms, one of them conspicuous, nobody's institution known.
std::string quiet_page() {
  const SimulatedExam sim = simulate_exam({.seed = 73, .rooms = 9, .rows = 3, .columns = 4, .items = 40, .copiers_per_room = 0, .ring = 3});
  return html_report(sim.exam, examine(sim.exam), find_patterns(sim.exam, {}));
}

TEST(HtmlReport, IsTheSameToTheByte) {
  using Sections = std::map<std::string, std::string>;
  EXPECT_EQ(sections_of(rich_page(Language::chinese)), (Sections{{"head", "147a36453706c04c"},
                                                                 {"limits", "d0824d71589d85e0"},
                                                                 {"methods", "6a9dc96ee6187aa0"},
                                                                 {"other", "4e917b0f33b05b21"},
                                                                 {"pairs", "b7fa28b32d7e1469"},
                                                                 {"people", "65dcf9fd4672b69b"},
                                                                 {"plots", "f27c5265440f0a8f"},
                                                                 {"seats", "1aa902857f6ade44"},
                                                                 {"tested", "0973f96a5e6e70cd"}}));
  EXPECT_EQ(sections_of(rich_page(Language::english)).at("head"), "ef337e19552601de");
  EXPECT_EQ(sections_of(bare_page()), (Sections{{"head", "3305915af4bda704"},
                                                {"limits", "d0824d71589d85e0"},
                                                {"methods", "c53ab3741cb0cff7"},
                                                {"other", "8e6867b734fe7f23"},
                                                {"pairs", "cdaea6890f75725a"},
                                                {"people", "17c0ee1b8855c691"},
                                                {"plots", "2852ba86ae1c03c1"},
                                                {"seats", "6181a63487c99189"},
                                                {"tested", "099d973a04315528"}}));
  EXPECT_EQ(sections_of(quiet_page()), (Sections{{"head", "c3ae4ed9c8a3dc1d"},
                                                 {"limits", "d0824d71589d85e0"},
                                                 {"methods", "9e93f0f89db0a8ab"},
                                                 {"other", "abedee80accd4160"},
                                                 {"pairs", "7f198317ce56c660"},
                                                 {"people", "07d1a9e09d18f4b5"},
                                                 {"plots", "6ba9a86fde7e8dad"},
                                                 {"seats", "3f6b43a148acd74a"},
                                                 {"tested", "5a6f20c132f09155"}}));
}

}  // namespace
}  // namespace invigil
