// Broken exam files: each fault is named with file, line and column, or put right and said so. The messages are exact: people act on them.

#include "analysis/forensics/exam/exam_files.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {
namespace {

class ExamFilesTest : public testing::Test {
 protected:
  std::filesystem::path folder_;
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "exam-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  static constexpr const char* kGood = "candidate,q1,q2\na,A,D\nb,C,\n";
  static constexpr const char* kKey = "item,key\nq1,A\nq2,D\n";
  ExamFiles files(const std::string& responses = kGood, const std::string& key = kKey) {
    return {.responses = file("r.csv", responses), .key = file("k.csv", key)};
  }
  static std::string fault(const ExamFiles& from, Language language = Language::english) {
    const auto got = read_exam(from, language);
    return got ? "accepted" : got.error().where + ": " + got.error().message;
  }
  std::string fault(const std::string& responses, const std::string& key = kKey) { return fault(files(responses, key)); }
  std::string fault(std::filesystem::path ExamFiles::*which, const std::string& name, const std::string& text) {
    ExamFiles all = files();
    all.*which = file(name, text);
    return fault(all);
  }
  std::vector<std::string> repairs(const ExamFiles& from) {
    const auto got = read_exam(from);
    if (!got) return {got.error().where + ": " + got.error().message};
    std::vector<std::string> out;
    for (const Wording& repair : got->repairs) {
      EXPECT_FALSE(repair.zh.empty());
      out.push_back(repair.en);
    }
    return out;
  }
  std::vector<std::string> repairs(std::filesystem::path ExamFiles::*which, const std::string& name, const std::string& text) {
    ExamFiles all = files();
    all.*which = file(name, text);
    return repairs(all);
  }
  using Repairs = std::vector<std::string>;
};

TEST_F(ExamFilesTest, FaultsOfTheResponses) {
  EXPECT_EQ(repairs(files()), Repairs{});
  EXPECT_EQ(fault("candidate,q1,q2\na,A,B\na,C,B\n"), "r.csv:3:1: candidate \"a\" stands twice");
  EXPECT_EQ(fault("candidate,q1,q2\na,A,B\nb,C\n"), "r.csv:3:3: this row has 2 cells, the header has 3");
  EXPECT_EQ(fault("candidate,q1,q2\na,A,B\n"), "r.csv:2:1: one candidate cannot be compared with anybody: at least two are needed");
  EXPECT_EQ(fault("candidate\na\nb\n"), "r.csv:1:1: there are no items: the header names the candidate only");
  EXPECT_EQ(fault("candidate,q1,q1\na,A,B\nb,C,D\n"), "r.csv:1:3: item \"q1\" stands twice");
  EXPECT_EQ(fault("candidate,q1,\na,A,B\nb,C,D\n"), "r.csv:1:3: an item has no name");
  EXPECT_EQ(fault("candidate,q1,q2\n,A,B\nb,C,D\n"), "r.csv:2:1: a candidate has no id");
  EXPECT_EQ(fault("id,q1,q2\na,A,B\nb,C,D\n"), "r.csv:1:1: the first column must be named \"candidate\"");
  EXPECT_EQ(fault("candidate,q1,q2\n"), "r.csv:1:1: there are no candidates below the header");
  EXPECT_EQ(fault(""), "r.csv:1:1: the file is empty: its first line must name the columns");
  EXPECT_EQ(fault(ExamFiles{.responses = folder_ / "none.csv", .key = folder_ / "none.csv"}),
            (folder_ / "none.csv").string() + ": can't read this file");
  EXPECT_EQ(fault(files("candidate,q1,q2\na,A,B\na,C,B\n"), Language::chinese), "r.csv:3:1: 考生“a”出现了两次");
}

TEST_F(ExamFilesTest, FaultsOfTheKey) {
  EXPECT_EQ(fault(kGood, "item,key\nq1,A\n"), "k.csv:1:1: the key lacks item \"q2\"");
  EXPECT_EQ(fault(kGood, "item,key\n"), "k.csv:1:1: the key lacks item \"q1\" (and 1 more)");
  EXPECT_EQ(fault(kGood, "item,key\nq1,A\nq2,\n"), "k.csv:3:2: item \"q2\" has an empty key");
  EXPECT_EQ(fault(kGood, "item,key\nq1,A\nq2,B\nq1,B\n"), "k.csv:4:1: item \"q1\" has two keys");
  EXPECT_EQ(fault(kGood, "item,answer\nq1,A\nq2,B\n"), "k.csv:1:1: the header lacks the column \"key\"");
  EXPECT_EQ(repairs(files(kGood, "item,key\nq1,A\nq2,D\nq9,C\n")),
            Repairs{"k.csv: 1 keys of items that are not in the responses left out"});
}

TEST_F(ExamFilesTest, OptionsAreUnderstoodOrSaid) {
  const auto plain = read_exam(files("candidate,q1,q2\na,a,Ｂ\nb,C,NA\nc,*,D\n"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->exam.options[0], (std::vector<std::string>{"A", "B", "C", "D"}));  // B and D: nobody chose them
  EXPECT_EQ(plain->exam.answers, (std::vector<std::int8_t>{0, 1, 2, kNoAnswer, kNoAnswer, 3}));
  ASSERT_EQ(plain->repairs.size(), 2U);
  EXPECT_EQ(plain->repairs[0].en, "2 answers in lower-case or full-width letters read as plain capitals (first r.csv:2:2 “a”)");
  EXPECT_EQ(plain->repairs[1].en, "2 marks taken as not answered (first r.csv:4:2 “*”)");
  EXPECT_EQ(repairs(files("candidate,q1,q2\na,A,Z\nb,C,12\nc,A,D\n")),
            Repairs{"2 answers outside A–D, the options of the key, kept as further wrong options: please check (first r.csv:2:3 “Z”)"});
  EXPECT_EQ(fault("candidate,q1,q2\na,1,2\nb,A,4\n"),
            "r.csv:2:2: the key has the options A–D, and most answers (3 of 4) are none of them: do both files name the options alike?");
  EXPECT_EQ(repairs(files("candidate,q1,q2\na,A,A\nb,C,B\n")), Repairs{"1 items whose key nobody chose: please check the key (first q2)"});
  std::string many = "candidate,q1,q2\n";
  for (int i = 0; i < 20; ++i) many += "c" + std::to_string(i) + ",A,word" + std::to_string(i) + "\n";
  EXPECT_EQ(fault(many), "r.csv:1:3: item \"q2\" has 21 different answers; more than 16 is no choice among options");
}

TEST_F(ExamFilesTest, TwoOptionsAmongFiveStayTwo) {
  const auto mixed = read_exam(files("candidate,q1,q2,q3\na,A,E,A\nb,B,C,A\nc,A,B,A\n", "item,key\nq1,A\nq2,E\nq3,A\n"));
  ASSERT_TRUE(mixed);
  EXPECT_EQ(mixed->exam.option_count(0), 2);
  EXPECT_EQ(mixed->exam.option_count(1), 5);
  EXPECT_EQ(mixed->exam.option_count(2), 2);  // everybody right: one unchosen option keeps the model whole
}

TEST_F(ExamFilesTest, FaultsOfTheTimes) {
  const auto times = [&](const std::string& text) { return fault(&ExamFiles::times, "t.csv", text); };
  EXPECT_EQ(times("candidate,q1,q2\na,5,-1\nb,3,4\n"), "t.csv:2:3: a time of -1 s cannot be");
  EXPECT_EQ(times("candidate,q1,q2\na,5,quick\n"), "t.csv:2:3: \"quick\" is not a number");
  EXPECT_EQ(times("candidate,q1,q2\na,5,1e999\n"), "t.csv:2:3: \"1e999\" is not a number");
  EXPECT_EQ(times("candidate,q1,q2\na,5,inf\n"), "t.csv:2:3: \"inf\" is not a number");
  EXPECT_EQ(times("candidate,q1,q7\na,5,1\n"), "t.csv:1:3: item \"q7\" is not in the responses");
  EXPECT_EQ(times("candidate,q1,q1\na,5,1\n"), "t.csv:1:3: item \"q1\" stands twice");
  EXPECT_EQ(times("candidate,q1,q2\nzoe,5,1\n"), "t.csv:2:1: candidate \"zoe\" is not in the responses");
  EXPECT_EQ(times("candidate,q1,q2\na,5,1\na,5,1\n"), "t.csv:3:1: candidate \"a\" stands twice");
  const auto put_right = [&](const std::string& text) { return repairs(&ExamFiles::times, "t.csv", text); };
  EXPECT_EQ(put_right("candidate,q1,q2\na,0,2\nb,3,\n"), Repairs{"t.csv: 1 times of 0 s taken as unknown"});
  EXPECT_EQ(put_right("candidate,q2\na,2\n"), Repairs{"t.csv: 1 candidates have no times"});
  EXPECT_EQ(put_right("candidate,q1,q2\na,41000,52000\nb,33000,NA\n"),
            Repairs{"t.csv: the median time of an answer is 41000 s: are these milliseconds?"});
}

TEST_F(ExamFilesTest, FaultsOfTheSeats) {
  const auto seats = [&](const std::string& rows) {
    return fault(&ExamFiles::seats, "s.csv", "candidate,institution,center,room,row,column\n" + rows);
  };
  EXPECT_EQ(seats("zoe,i,c,r,1,1\n"), "s.csv:2:1: candidate \"zoe\" is not in the responses");
  EXPECT_EQ(seats("a,i,c,r,1,1\na,i,c,r,1,2\n"), "s.csv:3:1: candidate \"a\" has two seats");
  EXPECT_EQ(seats("a,i,c,r,0,1\n"), "s.csv:2:5: \"0\": rows and columns count 1, 2, 3 …");
  EXPECT_EQ(seats("a,i,c,r,1,left\n"), "s.csv:2:6: \"left\" is not a number");
  EXPECT_EQ(fault(&ExamFiles::seats, "s.csv", "candidate,room\na,1\n"), "s.csv:1:1: the header lacks the column \"institution\"");
  EXPECT_EQ(repairs(&ExamFiles::seats, "s.csv", "candidate,institution,centre,room,row,column\na,i,c,r,1,2\n"),
            Repairs{"s.csv: 1 candidates without a seat are compared as strangers"});
}

TEST_F(ExamFilesTest, FaultsOfTheChanges) {
  const auto changes = [&](const std::string& rows) { return fault(&ExamFiles::changes, "c.csv", "candidate,item,at_s,from,to\n" + rows); };
  EXPECT_EQ(changes("zoe,q1,3,A,B\n"), "c.csv:2:1: candidate \"zoe\" is not in the responses");
  EXPECT_EQ(changes("a,q7,3,A,B\n"), "c.csv:2:2: item \"q7\" is not in the responses");
  EXPECT_EQ(changes("a,q1,-3,A,B\n"), "c.csv:2:3: a change -3 s after the start cannot be");
  EXPECT_EQ(changes("a,q1,3,Z,A\n"), "c.csv:2:4: \"Z\" is no option of item \"q1\"");
  EXPECT_EQ(changes("a,q1,3,A,Z\n"), "c.csv:2:5: \"Z\" is no option of item \"q1\"");
  EXPECT_EQ(repairs(&ExamFiles::changes, "c.csv", "candidate,item,at_s,from,to\na,q1,3,A,A\na,q1,4,,A\n"),
            Repairs{"c.csv: 1 changes from an answer to the same answer left out"});
}

TEST_F(ExamFilesTest, FaultsOfTheBankAndWhatItGives) {
  const auto bank = [&](const std::string& text) { return fault(&ExamFiles::bank, "b.csv", text); };
  EXPECT_EQ(bank("item,b\nq1,hard\n"), "b.csv:2:2: \"hard\" is not a number");
  EXPECT_EQ(bank("item,b\nq1,1\nq1,2\n"), "b.csv:3:1: item \"q1\" stands twice");
  EXPECT_EQ(bank("item,b,se\nq1,1,0\n"), "b.csv:2:3: a standard error must be above 0");
  EXPECT_EQ(bank("item,b\nx,1\n"), "b.csv:1:1: the bank has none of this exam's items: are the names the same?");
  EXPECT_EQ(repairs(&ExamFiles::bank, "b.csv", "item,b\nq1,1\nx,2\n"),
            Repairs{"b.csv: 1 items are not in the bank; their difficulty comes from these answers"});
  ExamFiles all = files();
  all.bank = file("b.csv", "item,a,b,se,beta\nq2,1,-0.5,0.2,3.9\nq1,1,1.5,NA,\n");
  const auto read = read_exam(all);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->exam.bank_difficulty, (std::vector<double>{1.5, -0.5}));
  EXPECT_TRUE(std::isnan(read->bank.difficulty_error[0]));
  EXPECT_EQ(read->bank.difficulty_error[1], 0.2);
  EXPECT_EQ(read->bank.intensity[1], 3.9);
}

TEST_F(ExamFilesTest, NamesAreShownShortAndClean) {
  EXPECT_EQ(fault("candidate,q1,q2\n\"a\nb\",A,B\n\"a\nb\",A,B\n"), "r.csv:4:1: candidate \"a b\" stands twice");
  const std::string id(90, 'x');
  EXPECT_EQ(fault("candidate,q1,q2\n" + id + ",A,B\n" + id + ",A,B\n"),
            "r.csv:3:1: candidate \"" + std::string(40, 'x') + "…\" stands twice");
}

}  // namespace
}  // namespace invigil
