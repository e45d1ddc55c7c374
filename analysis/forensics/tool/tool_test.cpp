// `invigil-analysis forensics` as a psychometrician runs it: the program itself on files, its JSON against the agreed form.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/forensics/exam/simulator.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

struct Ran {
  int code = -1;
  std::string output;  ///< both standard output and standard error
};

class ForensicsTool : public testing::Test {
 protected:
  std::filesystem::path folder_;
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "forensics-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Ran run(const std::string& arguments, const char* errors = "2>&1") const {
    const char* build = std::getenv("INVIGIL_BUILD");
    const std::string command = std::string(build ? build : "build/release") + "/invigil-analysis forensics " + arguments + " " + errors;
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) return {};
    Ran ran;
    std::array<char, 4096> part{};
    for (std::size_t got = 0; (got = fread(part.data(), 1, part.size(), pipe)) > 0;) ran.output.append(part.data(), got);
    const int status = pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// The exam as the tool's CSV files; returns the options that name them.
  std::string save(const ExamData& exam, bool seats = true) const {
    const std::size_t items = exam.items.size();
    const auto label = [&](std::size_t j, std::int8_t code) {
      return code == kNoAnswer ? std::string() : exam.options[j][static_cast<std::size_t>(code)];
    };
    std::string responses = "candidate", key = "item,key\n", bank = "item,b\n", times,
                places = "candidate,institution,center,room,row,column\n", changes = "candidate,item,at_s,from,to\n";
    for (std::size_t j = 0; j < items; ++j) {
      responses += "," + exam.items[j];
      key += exam.items[j] + "," + label(j, exam.key[j]) + "\n";
    }
    times = responses += "\n";
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
      responses += exam.candidates[i];
      times += exam.candidates[i];
      for (std::size_t j = 0; j < items; ++j) {
        responses += "," + label(j, exam.answers[i * items + j]);
        const double t = exam.seconds[i * items + j];
        times += "," + (std::isnan(t) ? "" : std::to_string(t));
      }
      responses += "\n", times += "\n";
      const SeatPlace& s = exam.seats[i];
      places += exam.candidates[i] + "," + s.institution + "," + s.centre + "," + s.room + "," + std::to_string(s.row) + "," +
                std::to_string(s.column) + "\n";
    }
    for (const AnswerChange& c : exam.changes)
      changes += exam.candidates[static_cast<std::size_t>(c.candidate)] + "," + exam.items[static_cast<std::size_t>(c.item)] + "," +
                 std::to_string(c.at_s) + "," + label(static_cast<std::size_t>(c.item), c.from) + "," +
                 label(static_cast<std::size_t>(c.item), c.to) + "\n";
    for (std::size_t j = 0; j < items; j += 2) bank += exam.items[j] + ",0." + std::to_string(j % 10) + "\n";
    std::string options = "--responses " + write("r.csv", responses) + " --key " + write("k.csv", key) + " --times " +
                          write("t.csv", times) + " --changes " + write("c.csv", changes) + " --items " + write("b.csv", bank);
    if (seats) options += " --seats " + write("s.csv", places);
    return options;
  }
};

::testing::AssertionResult is_probability(const Json& value) {
  if (value.is_number() && value.get<double>() >= 0 && value.get<double>() <= 1) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << value.dump() << " is no probability";
}

/// The agreed form: every member that is promised, with its type, and the promises about order and completeness.
void expect_agreed_form(const Json& json, const std::vector<std::string>& candidates) {
  EXPECT_TRUE(json.at("exam").is_object());
  EXPECT_EQ(json["exam"].at("candidates").get<std::size_t>(), candidates.size());
  EXPECT_GE(json.at("expected_false_flags").get<double>(), 0);
  ASSERT_EQ(json.at("candidates").size(), candidates.size());
  const std::set<std::string> levels{"strong", "review", "note", "none"}, families{"adjacent", "same_room", "same_institution", "other"};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Json& c = json["candidates"][i];
    EXPECT_EQ(c.at("candidate"), Json(candidates[i]));
    EXPECT_TRUE(c.at("score").is_number_integer());
    EXPECT_TRUE(c.at("suspicion").is_number());
    EXPECT_TRUE(levels.contains(c.at("level").get<std::string>()));
    ASSERT_TRUE(c.at("channels").is_object());
    for (const auto& [name, channel] : c["channels"].items()) {
      EXPECT_TRUE(is_probability(channel.at("p"))) << name;
      if (name == "similarity") {
        EXPECT_TRUE(channel.at("partner").is_string());
      }
    }
  }
  const Json& pairs = json.at("pairs");
  const std::size_t all = candidates.size() * (candidates.size() - 1) / 2;
  if (json["exam"].at("similarity_tested").get<bool>()) {
    EXPECT_GE(pairs.size(), std::min<std::size_t>(200, all));
  } else {
    EXPECT_TRUE(pairs.empty());
  }
  double last = 0;
  std::set<std::set<std::string>> seen;
  for (const Json& p : pairs) {
    for (const char* id : {"a", "b"})
      EXPECT_NE(std::find(candidates.begin(), candidates.end(), p.at(id).get<std::string>()), candidates.end());
    EXPECT_TRUE(seen.insert({p["a"].get<std::string>(), p["b"].get<std::string>()}).second) << p.dump();
    EXPECT_TRUE(families.contains(p.at("family").get<std::string>()));
    EXPECT_TRUE(p.at("matches").is_number_integer());
    EXPECT_TRUE(p.at("expected").is_number());
    EXPECT_TRUE(p.at("shared_wrong").is_number_integer());
    EXPECT_TRUE(p.at("z").is_number());
    EXPECT_TRUE(is_probability(p.at("p")));
    EXPECT_TRUE(is_probability(p.at("p_adjusted")));
    EXPECT_GE(p["p_adjusted"].get<double>(), last);
    last = p["p_adjusted"].get<double>();
    EXPECT_TRUE(p.at("model") == "omega_star" || p.at("model") == "omega_nominal");
  }
  ASSERT_TRUE(json.at("rings").is_array());
  for (const Json& note : json.at("notes")) EXPECT_TRUE(note.at("zh").is_string() && note.at("en").is_string());
}

const SimulationPlan kPlanted{.seed = 71, .rooms = 2, .items = 80, .copiers_per_room = 1, .copied = 0.8, .rushers = 1, .corrected = 1};

TEST_F(ForensicsTool, EveryFileInJsonAndReportOut) {
  auto sim = simulate_exam(kPlanted);
  sim.exam.candidates[0] = "007";  // ids are words: zeros in front stay, Chinese stays, markup is text
  sim.exam.candidates[1] = "张三";
  sim.exam.candidates[2] = "<script>alert(1)</script>";
  const std::string options = save(sim.exam);
  const Ran ran = run(options + " --lang en --json " + path("out.json") + " --report " + path("out.html"));
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_NE(ran.output.find("60 candidates, 80 items, 1770 pairs compared"), std::string::npos) << ran.output;
  EXPECT_NE(ran.output.find("40 items are not in the bank"), std::string::npos) << ran.output;
  const Json json = Json::parse(read("out.json"));
  expect_agreed_form(json, sim.exam.candidates);
  const auto& id = sim.exam.candidates;
  std::set<std::set<std::string>> first_two, planted;
  for (std::size_t k = 0; k < 2; ++k) {
    first_two.insert({json["pairs"][k]["a"].get<std::string>(), json["pairs"][k]["b"].get<std::string>()});
    planted.insert({id[static_cast<std::size_t>(sim.copied[k].first)], id[static_cast<std::size_t>(sim.copied[k].second)]});
  }
  EXPECT_EQ(first_two, planted);
  EXPECT_EQ(json["items"].size(), 40U);
  EXPECT_FALSE(json["answer_changes"]["rooms"].empty());
  const std::string page = read("out.html");
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("//"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
  EXPECT_NE(page.find("张三"), std::string::npos);
  EXPECT_NE(page.find("<html lang=en>"), std::string::npos);
  const Ran again = run(options + " --json " + path("again.json"));
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(read("again.json"), read("out.json"));
  EXPECT_NE(again.output.find("考生 60 人，试题 80 道，比较 1770 对"), std::string::npos) << again.output;
}

TEST_F(ForensicsTool, WithoutSeatsOneFamilyTakesTheWholeError) {
  const auto sim = simulate_exam(kPlanted);
  const Ran ran = run(save(sim.exam, false) + " --json " + path("out.json"));
  ASSERT_EQ(ran.code, 0) << ran.output;
  const Json json = Json::parse(read("out.json"));
  expect_agreed_form(json, sim.exam.candidates);
  ASSERT_EQ(json["families"].size(), 1U);
  EXPECT_EQ(json["families"][0]["family"], "other");
  EXPECT_EQ(json["families"][0]["alpha_share"], 1);
}

TEST_F(ForensicsTool, AFewCandidatesGetNoPairsAndAreAllListed) {
  const auto sim = simulate_exam({.seed = 72, .rows = 2, .columns = 4, .items = 20});
  const Ran ran = run(save(sim.exam) + " --lang en --json " + path("out.json"));
  ASSERT_EQ(ran.code, 0) << ran.output;
  expect_agreed_form(Json::parse(read("out.json")), sim.exam.candidates);
  EXPECT_NE(ran.output.find("8 candidates: fewer than 20"), std::string::npos) << ran.output;
}

TEST_F(ForensicsTool, JsonAloneOnStandardOutput) {
  const auto sim = simulate_exam({.seed = 73, .items = 20});
  const Ran ran = run(save(sim.exam) + " --json -", "2>/dev/null");
  ASSERT_EQ(ran.code, 0);
  EXPECT_TRUE(Json::accept(ran.output));
}

TEST_F(ForensicsTool, FaultsEndWithFileLineAndColumn) {
  const std::string key = " --key " + write("k.csv", "item,key\nq1,A\nq2,B\n");
  const auto fault = [&](const std::string& text, const std::string& more) {
    return run("--responses " + write("r.csv", text) + key + more);
  };
  const Ran english = fault("candidate,q1,q2\na,A,B\na,C,B\n", " --lang en"), chinese = fault("candidate,q1,q2\na,A,B\na,C,B\n", "");
  EXPECT_EQ(english.code, 2);
  EXPECT_EQ(english.output, "r.csv:3:1: candidate \"a\" stands twice\n");
  EXPECT_EQ(chinese.output, "r.csv:3:1: 考生“a”出现了两次\n");
  const std::string good = "candidate,q1,q2\na,A,B\nb,C,B\n";
  EXPECT_EQ(fault(good, " --lang en --known-items " + write("n.csv", "item\nq1\nq9\n")).output,
            "n.csv:3:1: item \"q9\" is not in the responses\n");
  const Ran unwritable = fault(good, " --lang en --json " + path("no/such/folder.json"));
  EXPECT_EQ(unwritable.code, 1);
  EXPECT_NE(unwritable.output.find("can't be written"), std::string::npos);
  EXPECT_EQ(run("--responses " + path("r.csv")).code, 2);
  EXPECT_EQ(fault(good, " --lang fr").code, 2);
}

TEST_F(ForensicsTool, Negocios) {
  const char* shared = std::getenv("INVIGIL_FORENSICS");
  if (!shared) GTEST_SKIP() << "INVIGIL_FORENSICS does not name the folder with negocios/";
  const std::string base = std::string(shared) + "/negocios/";
  const Ran ran =
      run("--responses " + base + "responses.csv --key " + base + "key.csv --json " + path("out.json") + " --report " + path("out.html"));
  ASSERT_EQ(ran.code, 0) << ran.output;
  const Json json = Json::parse(read("out.json"));
  ASSERT_EQ(json["candidates"].size(), 500U);
  std::vector<std::string> ids;
  for (const Json& c : json["candidates"]) ids.push_back(c["candidate"].get<std::string>());
  expect_agreed_form(json, ids);
  const Json& first = json["pairs"][0];
  EXPECT_EQ((std::set<std::string>{first["a"].get<std::string>(), first["b"].get<std::string>()}),
            (std::set<std::string>{"210515", "210516"}));
  EXPECT_LT(first["p_adjusted"].get<double>(), 1e-10);
  EXPECT_EQ(first["matches"], 59);
}

}  // namespace
}  // namespace invigil
