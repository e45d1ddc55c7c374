#include "broker/platform/db/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace invigil {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/db.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Database> open(const std::string& name = "a.db") {
    auto database = Database::open(folder_ / name, Durability::full);
    EXPECT_TRUE(database) << (database ? "" : database.error().message);
    return std::move(*database);
  }
  std::filesystem::path folder_;
};

constexpr auto kSteps = std::to_array<Migration>({
    {1, "CREATE TABLE people (name TEXT PRIMARY KEY, age INTEGER, weight REAL, note TEXT);\nCREATE INDEX by_age ON people (age);\n"},
    {2, "ALTER TABLE people ADD COLUMN at_us INTEGER NOT NULL DEFAULT 0;\n"},
});

TEST_F(DatabaseTest, KeepsEveryTypeAndNull) {
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  ASSERT_TRUE(database->execute(
      "INSERT INTO people VALUES (?, ?, ?, ?, ?)",
      {std::string("张三'); DROP TABLE people;--"), std::int64_t{41}, 70.25, std::monostate{}, std::int64_t{1'795'000'000'123'456}}));
  const auto rows = database->query("SELECT name, age, weight, note, at_us, COUNT(*), MAX(weight), NULL FROM people");
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 1U);
  const SqlRow& row = rows->front();
  EXPECT_EQ(row.text(0), "张三'); DROP TABLE people;--");
  EXPECT_EQ(row.integer(1), 41);
  EXPECT_EQ(row.real(2), 70.25);
  EXPECT_TRUE(row.is_null(3));
  EXPECT_EQ(row.integer(4), 1'795'000'000'123'456);
  EXPECT_EQ(row.integer(5), 1);
  EXPECT_EQ(row.real(6), 70.25);
  EXPECT_TRUE(row.is_null(7));
}

TEST_F(DatabaseTest, ColumnsAreReadByTheirNames) {
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  ASSERT_TRUE(database->execute("INSERT INTO people VALUES ('a', 41, 70.25, NULL, 5)"));
  const auto rows = database->query("SELECT p.weight, p.name, p.age + 1 AS next_age, p.note FROM people p");
  ASSERT_TRUE(rows) << rows.error().message;
  const SqlRow& row = rows->front();
  EXPECT_EQ(row.text("name"), "a");
  EXPECT_EQ(row.integer("next_age"), 42);
  EXPECT_EQ(row.real("weight"), 70.25);
  EXPECT_TRUE(row.is_null("note"));
  EXPECT_DEATH((void)row.text("shoe_size"), "gives no column \"shoe_size\"");
}

TEST_F(DatabaseTest, ManyRowsAndAnEmptyAnswer) {
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  auto transaction = Transaction::begin(*database);
  ASSERT_TRUE(transaction);
  for (std::int64_t i = 0; i < 500; ++i)
    ASSERT_TRUE(database->execute("INSERT INTO people (name, age) VALUES (?, ?)", {std::to_string(i), i}));
  ASSERT_TRUE(transaction->commit());
  const auto rows = database->query("SELECT age, weight FROM people WHERE age >= ? ORDER BY age", {std::int64_t{100}});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 400U);
  EXPECT_EQ(rows->at(399).integer(0), 499);
  EXPECT_TRUE(rows->at(399).is_null(1));
  EXPECT_TRUE(database->query("SELECT age FROM people WHERE age > 10000")->empty());
}

TEST_F(DatabaseTest, AbandonedTransactionLeavesNothing) {
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database->execute("INSERT INTO people (name) VALUES ('x')"));
  }
  EXPECT_TRUE(database->query("SELECT name FROM people")->empty());
}

TEST_F(DatabaseTest, ConstraintIsAConflictAndSurvivesReopening) {
  {
    auto database = open();
    if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
    ASSERT_TRUE(database->execute("INSERT INTO people (name) VALUES ('x')"));
    const auto again = database->execute("INSERT INTO people (name) VALUES ('x')");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::conflict) << again.error().message;
  }
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  EXPECT_EQ(database->query("SELECT COUNT(*) FROM people")->front().integer(0), 1);
  struct stat about {};
  ASSERT_EQ(stat((folder_ / "a.db").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(DatabaseTest, NewerSchemaIsRefused) {
  auto database = open();
  if (auto m = database->migrate(kSteps); !m) FAIL() << m.error().message;
  const auto older = database->migrate(std::span(kSteps).first(1));
  ASSERT_FALSE(older);
  EXPECT_EQ(older.error().code, ErrorCode::unsupported);
}

TEST_F(DatabaseTest, WhatIsNoDatabaseSaysSo) {
  std::ofstream(folder_ / "junk.db") << std::string(8192, 'x');
  const auto database = Database::open(folder_ / "junk.db", Durability::normal);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, ErrorCode::corrupt) << database.error().message;
}

}  // namespace
}  // namespace invigil
