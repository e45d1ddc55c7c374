#include "broker/custody/verify/kept_checkpoint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "broker/custody/verify/test_log.h"
#include "broker/custody/verify/verifier.h"

namespace invigil::verify {
namespace {

using testing::HasSubstr;

Report verified(const TestLog& log, std::vector<Checkpoint> kept, bool with_key = true) {
  Options options;
  if (with_key) options.public_keys = {log.broker_key().public_key()};
  for (Checkpoint& c : kept) options.checkpoints.push_back({"kept.json", std::move(c)});
  auto report = verify_log(log.data(), options);
  if (!report) abort_with(report.error().message);
  return *report;
}

/// The newest checkpoint of the log, as it goes to a file and comes back.
Checkpoint kept_of(const TestLog& log) {
  const auto report = verified(log, {});
  if (!report.ok() || !report.newest) abort_with("no checkpoint to keep");
  auto back = parse_kept_text(to_kept_text(*report.newest), "kept.json");
  if (!back) abort_with(back.error().message);
  return *back;
}

/// Everything was said as it should be, in both languages and for programs.
void expect_refused(const Report& report, KeptVerdict verdict, const std::string& english, const std::string& chinese) {
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_STREQ(name_of(report.kept[0].verdict), name_of(verdict));
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(to_text(report, false), testing::AllOf(HasSubstr("checkpoint kept.json: " + english), HasSubstr("verdict: bad")));
  EXPECT_THAT(to_text(report, true), testing::AllOf(HasSubstr("另存的检查点 kept.json：" + chinese), HasSubstr("结论：不通过")));
  const auto json = to_json(report);
  EXPECT_EQ(json["verify"], "bad");
  EXPECT_EQ(json["kept_checkpoints"][0]["verdict"], name_of(verdict));
}

TEST(KeptCheckpoint, ALogThatGrewExtendsIt) {
  TestLog log;
  log.fill(2);
  const Checkpoint first = kept_of(log);
  log.part("more");
  log.append(log.camera().seal_head(log.when()));
  log.checkpoint();
  const Checkpoint second = kept_of(log);
  EXPECT_GT(second.tree_size(), first.tree_size());
  log.close();
  const auto report = verified(log, {first, second, make_checkpoint("b1", 0, sha256(""), {1}, log.broker_key())});
  EXPECT_TRUE(report.ok()) << to_text(report, false);
  ASSERT_EQ(report.kept.size(), 3u);
  for (const KeptFinding& kept : report.kept) EXPECT_EQ(kept.verdict, KeptVerdict::fits) << kept.english;
  EXPECT_THAT(to_text(report, false), HasSubstr(fmt::format("the log extends it: its first {} records", first.tree_size())));
  EXPECT_EQ(to_json(report)["kept_checkpoints"][1]["tree_size"], second.tree_size());
}

TEST(KeptCheckpoint, ALogCutBackToAnEarlierCheckpointFailsOnlyByIt) {
  TestLog log, later;
  log.fill(2);
  later.fill(4);  // the same records, and more
  const Checkpoint kept = kept_of(later);
  log.close();
  ASSERT_TRUE(verified(log, {}).ok()) << "by itself nothing shows";
  expect_refused(verified(log, {kept}), KeptVerdict::cut_back, "the log was cut back: it has 12 records", "日志被截短：现有 12 条记录");
}

TEST(KeptCheckpoint, ALogRewrittenWithTheBrokersOwnKeyFailsOnlyByIt) {
  TestLog log, other;
  log.fill(3);
  const Checkpoint kept = kept_of(log);
  other.enrol("a1", AGENT, "c1", other.agent_key());
  other.append(other.broker().seal_head(other.when()));
  for (int i = 0; i < 8; ++i) {
    other.part("another history " + std::to_string(i));
    other.append(other.camera().seal_head(other.when()));
    other.checkpoint();
  }
  other.close();
  ASSERT_TRUE(verified(other, {}).ok()) << "signed throughout by the right keys";
  expect_refused(verified(other, {kept}), KeptVerdict::rewritten, "the log was rewritten: its first ", "日志被改写：前 ");
}

TEST(KeptCheckpoint, ALogMadeAnewUnderAnotherKeyFailsEvenWithoutAGivenKey) {
  TestLog log;
  log.fill(1);
  const auto report = verified(log, {make_checkpoint("b1", 5, sha256("x"), {1}, SigningKey::from_seed(sha256("the real broker")))}, false);
  expect_refused(report, KeptVerdict::other_key, "it is signed by ", "它由密钥 ");
}

TEST(KeptCheckpoint, AForgedOneIsNotBelieved) {
  TestLog log;
  log.fill(2);
  Checkpoint forged = kept_of(log);
  forged.set_tree_size(forged.tree_size() - 1);
  expect_refused(verified(log, {forged}), KeptVerdict::not_signed, "its own signature is wrong", "检查点自身的签名不正确");
}

TEST(KeptCheckpoint, WhatCannotBeComparedIsNoPass) {
  TestLog log;
  log.fill(6);
  const Checkpoint kept = kept_of(log);
  log.close();
  const auto segments = log.segments();
  std::filesystem::remove(segments[0]);
  const auto report = verified(log, {kept});
  ASSERT_EQ(report.kept.size(), 1u);
  EXPECT_EQ(report.kept[0].verdict, KeptVerdict::not_compared);
  EXPECT_FALSE(report.ok());
}

TEST(KeptCheckpoint, ATextThatIsNoneIsRefusedByName) {
  TestLog log;
  log.fill(1);
  const std::string good = to_kept_text(kept_of(log));
  EXPECT_EQ(std::count(good.begin(), good.end(), '\n'), 1);
  const auto with = [&](const char* key, nlohmann::json value) {
    auto json = nlohmann::json::parse(good);
    json[key] = std::move(value);
    return json.dump();
  };
  for (const auto& [text, why] : {std::pair<std::string, std::string>{"", "no JSON object"},
                                  {"[]", "no JSON object"},
                                  {good.substr(0, good.size() / 2), "no JSON object"},
                                  {std::string(5000, ' '), "longer than"},
                                  {with("invigil_checkpoint", 2), "invigil_checkpoint is not 1"},
                                  {with("log", "a/b"), "log is no id"},
                                  {with("tree_size", -1), "tree_size"},
                                  {with("at_us", 1e300), "at_us"},
                                  {with("at_us", UINT64_MAX), "at_us"},
                                  {with("root", "00"), "root"},
                                  {with("public_key", nullptr), "public_key"},
                                  {with("signature", std::string(128, 'g')), "signature"}}) {
    const auto read = parse_kept_text(text, "paper.json");
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, testing::AllOf(HasSubstr("paper.json"), HasSubstr(why)));
  }
}

/// Exit code of the program.
int program(const std::string& arguments, const std::filesystem::path& out) {
  const char* build = std::getenv("INVIGIL_BUILD");
  const int status =
      std::system((std::string(build ? build : "build/release") + "/invigil-verify " + arguments + " > " + out.string() + " 2>&1").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(KeptCheckpoint, TheProgramKeepsOneAndComparesIt) {
  TestLog log, shorter;
  shorter.fill(1);
  log.fill(3);
  log.close();
  shorter.close();
  const auto kept = log.data().parent_path() / "kept.json", out = log.data().parent_path() / "out";
  const std::string key = " --public-key " + to_hex(log.broker_key().public_key());
  EXPECT_EQ(program(log.data().string() + key + " --export-checkpoint " + kept.string(), out), 0) << TestLog::bytes_in(out);
  EXPECT_EQ(program(log.data().string() + key + " --checkpoint " + kept.string(), out), 0);
  EXPECT_THAT(TestLog::bytes_in(out), HasSubstr("日志是它的延续"));
  EXPECT_EQ(program(shorter.data().string() + key + " --lang en --checkpoint " + kept.string(), out), 1);
  EXPECT_THAT(TestLog::bytes_in(out), HasSubstr("the log was cut back"));
  const auto not_written = log.data().parent_path() / "second.json";
  EXPECT_EQ(program(shorter.data().string() + key + " --checkpoint " + kept.string() + " --export-checkpoint " + not_written.string(), out),
            1);
  EXPECT_THAT(TestLog::bytes_in(out), HasSubstr("the log did not pass"));
  EXPECT_FALSE(std::filesystem::exists(not_written));
  EXPECT_EQ(program(log.data().string() + " --checkpoint " + out.string(), not_written), 2) << "no checkpoint at all";
  EXPECT_EQ(program(log.data().string() + " --checkpoint " + (log.data() / "none").string(), out), 2);
}

}  // namespace
}  // namespace invigil::verify
