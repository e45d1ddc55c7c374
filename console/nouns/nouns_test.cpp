// The table of nouns: what its loops promise whoever adds a row.
#include "console/nouns/nouns.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "console/index/index.h"

namespace invigil {
namespace {

// The whole matrix, spelled out: a change of the table has to be made twice, on purpose.
TEST(Rights, TheMatrix) {
  std::string seen;
  for (const Action& action : all_actions()) {
    seen += std::string(action.name) + ":";
    for (const UserRole role : all_roles()) {
      const User scoped{"u", "", role, {"c1"}};
      const User bare{"u", "", role, {}};
      seen += ' ';
      seen += !may(scoped, action) ? '-' : may_in(scoped, action, "c2") ? 'A' : 'c';
      seen += may(bare, action) ? (may_in(bare, action, "c2") ? 'A' : 'c') : '-';
      EXPECT_EQ(may(scoped, action), may_in(scoped, action, "c1")) << action.name << name_of(role);
    }
    seen += '\n';
  }
  //  per role: with scope c1, without scope; A = every centre, c = its own, - = nowhere
  EXPECT_EQ(seen,
            "read_sessions: AA cA cA c-\n"
            "read_names: -- cA -- c-\n"
            "operate_sessions: AA -- -- c-\n"
            "read_incidents: AA cA cA c-\n"
            "give_opinions: -- cA -- --\n"
            "view_evidence: AA cA cA c-\n"
            "export_evidence: -- cA cA --\n"
            "read_records: AA cA cA c-\n"
            "read_acts: AA -- AA --\n"
            "read_users: AA -- -- --\n");
}

TEST(Nouns, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names, actions, topics;
  for (const Noun& noun : all_nouns()) {
    EXPECT_TRUE(names.insert(noun.name).second) << noun.name;
    for (const Action& action : noun.rights) EXPECT_TRUE(actions.insert(action.name).second) << action.name;
    for (const Push& push : noun.pushes) EXPECT_TRUE(topics.insert(push.topic).second) << push.topic;
  }
}

TEST(Nouns, NumberTheirStepsFromOneAndReadWhatTheyKeep) {
  for (const Projection& projection : all_projections()) {
    int number = 0;
    for (const Migration& step : projection.tables) EXPECT_EQ(step.number, ++number) << projection.module;
    EXPECT_FALSE(projection.kinds.empty()) << projection.module;
  }
}

class IndexFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/index.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(IndexFileTest, OpensAgainAsLongAsTheModulesKeepTheSame) {
  const auto first = IndexWriter::open(folder_ / "index.db", all_projections());
  ASSERT_TRUE(first) << first.error().message;
  const auto again = IndexWriter::open(folder_ / "index.db", all_projections());
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(IndexFileTest, AnotherShapeIsRefusedSoThatItIsMadeAnew) {
  ASSERT_TRUE(IndexWriter::open(folder_ / "index.db", all_projections()));
  auto edited = all_projections();
  edited.back().edition += 1;
  EXPECT_EQ(IndexWriter::open(folder_ / "index.db", edited).error().code, ErrorCode::unsupported);
  auto fewer = all_projections();
  fewer.back().kinds.pop_back();
  EXPECT_EQ(IndexWriter::open(folder_ / "index.db", fewer).error().code, ErrorCode::unsupported);
}

TEST_F(IndexFileTest, AnIndexFromBeforeTheModulesIsRefusedSoThatItIsMadeAnew) {
  {
    const auto old = Database::open(folder_ / "index.db", Durability::normal);
    ASSERT_TRUE(old);
    ASSERT_TRUE((*old)->execute("CREATE TABLE schema_version (number INTEGER NOT NULL)"));
    ASSERT_TRUE((*old)->execute("INSERT INTO schema_version (number) VALUES (2)"));
  }
  EXPECT_EQ(IndexWriter::open(folder_ / "index.db", all_projections()).error().code, ErrorCode::unsupported);
}

}  // namespace
}  // namespace invigil
