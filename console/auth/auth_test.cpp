#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "console/auth/accounts.h"
#include "console/auth/rights.h"

namespace invigil {
namespace {

class AccountsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/accounts.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    auto opened = Accounts::open(folder_ / "accounts.db", clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    accounts_ = std::move(*opened);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void add(const std::string& user, UserRole role, std::vector<std::string> scope = {}) {
    const auto added = accounts_->add({{user, "张 " + user, role, std::move(scope)}, false}, "correct horse", "root");
    ASSERT_TRUE(added) << added.error().message;
  }
  std::filesystem::path folder_;
  ManualClock clock_;
  std::unique_ptr<Accounts> accounts_;
};

TEST_F(AccountsTest, LogsInAndOutAndExpires) {
  add("anna", UserRole::inspector, {"c1"});
  const auto login = accounts_->log_in("anna", "correct horse", "10.0.0.1");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->token.size(), 64U);
  const auto who = accounts_->who(login->token);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->person.display_name, "张 anna");
  EXPECT_EQ(who->person.scope, std::vector<std::string>{"c1"});
  EXPECT_FALSE(accounts_->who(std::string(64, '0')));
  EXPECT_FALSE(accounts_->who("' OR 1=1 --"));
  accounts_->log_out(login->token);
  EXPECT_FALSE(accounts_->who(login->token));
  const auto second = accounts_->log_in("anna", "correct horse", "10.0.0.1");
  ASSERT_TRUE(second);
  clock_.advance(seconds(12 * 3600));
  EXPECT_FALSE(accounts_->who(second->token));
}

TEST_F(AccountsTest, NeitherPasswordNorCookieIsInTheFile) {
  add("anna", UserRole::inspector);
  const auto login = accounts_->log_in("anna", "correct horse", "10.0.0.1");
  ASSERT_TRUE(login);
  accounts_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    EXPECT_EQ(bytes.str().find("correct horse"), std::string::npos);
    EXPECT_EQ(bytes.str().find(login->token), std::string::npos);
  }
}

TEST_F(AccountsTest, FailuresSlowTheNextTry) {
  add("anna", UserRole::inspector);
  for (int i = 0; i < 3; ++i) {
    const auto refused = accounts_->log_in("anna", "wrong password", "10.0.0.1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after_s, 0);
  }
  // The right password is not even looked at, from anywhere, until the wait is over…
  EXPECT_EQ(accounts_->log_in("anna", "correct horse", "10.0.0.2").error().retry_after_s, 1);
  // …and the address is slowed for every name.
  EXPECT_EQ(accounts_->log_in("berta", "whatever else", "10.0.0.1").error().retry_after_s, 1);
  clock_.advance(seconds(1));
  EXPECT_FALSE(accounts_->log_in("anna", "wrong again", "10.0.0.1"));
  EXPECT_EQ(accounts_->log_in("anna", "correct horse", "10.0.0.2").error().retry_after_s, 2);
  clock_.advance(seconds(2));
  EXPECT_TRUE(accounts_->log_in("anna", "correct horse", "10.0.0.2"));
  EXPECT_TRUE(accounts_->log_in("anna", "correct horse", "10.0.0.2"));
}

TEST_F(AccountsTest, AnAccountIsNeverLockedForLong) {
  add("anna", UserRole::inspector);
  for (int i = 0; i < 12; ++i) {
    (void)accounts_->log_in("anna", "wrong password", "10.0.0." + std::to_string(i));
    clock_.advance(seconds(61));
  }
  EXPECT_TRUE(accounts_->log_in("anna", "correct horse", "10.1.0.1"));
}

TEST_F(AccountsTest, DisablingEndsLogins) {
  add("anna", UserRole::inspector);
  const auto login = accounts_->log_in("anna", "correct horse", "10.0.0.1");
  ASSERT_TRUE(login);
  ASSERT_TRUE(accounts_->disable("anna", "root"));
  EXPECT_FALSE(accounts_->who(login->token));
  EXPECT_FALSE(accounts_->log_in("anna", "correct horse", "10.0.0.1"));
  EXPECT_EQ(accounts_->disable("nobody", "root").error().code, ErrorCode::not_found);
  const auto changes = accounts_->unrecorded();
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_TRUE(changes->at(1).account.disabled);
  ASSERT_TRUE(accounts_->recorded(changes->at(0).number));
  EXPECT_EQ(accounts_->unrecorded()->size(), 1U);
}

TEST_F(AccountsTest, AnotherPasswordEndsLoginsForgivesFailuresAndIsAChange) {
  add("anna", UserRole::inspector, {"c1"});
  const auto login = accounts_->log_in("anna", "correct horse", "10.0.0.1");
  ASSERT_TRUE(login);
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(accounts_->log_in("anna", "wrong password", "10.0.0." + std::to_string(10 + i)));
  ASSERT_TRUE(accounts_->set_password("anna", "battery staple", "root"));
  EXPECT_FALSE(accounts_->who(login->token));
  EXPECT_FALSE(accounts_->log_in("anna", "correct horse", "10.0.0.2"));
  const auto again = accounts_->log_in("anna", "battery staple", "10.0.0.3");
  ASSERT_TRUE(again) << "whoever was slowed by a forgotten password is not any more";
  EXPECT_EQ(again->person.scope, std::vector<std::string>{"c1"});
  const auto changes = accounts_->unrecorded();
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_FALSE(changes->at(0).password_changed);
  EXPECT_TRUE(changes->at(1).password_changed);
  EXPECT_EQ(changes->at(1).by, "root");
  EXPECT_EQ(accounts_->set_password("nobody", "long enough", "root").error().code, ErrorCode::not_found);
  EXPECT_EQ(accounts_->set_password("anna", "short", "root").error().code, ErrorCode::invalid);
}

TEST_F(AccountsTest, ADisabledAccountStaysSoUnderAnotherPassword) {
  add("anna", UserRole::inspector);
  ASSERT_TRUE(accounts_->disable("anna", "root"));
  ASSERT_TRUE(accounts_->set_password("anna", "battery staple", "root"));
  EXPECT_FALSE(accounts_->log_in("anna", "battery staple", "10.0.0.1"));
}

TEST_F(AccountsTest, ADisplayNameIsALineOfText) {
  const auto named = [&](const std::string& name) {
    return accounts_->add({{"anna", name, UserRole::inspector, {}}, false}, "long enough", "r");
  };
  for (const std::string& name : {std::string("\xce\xd2"), std::string("\xc0\xaf"), std::string("a\nb"), std::string("a\0b", 3),
                                  std::string("\x7f"), std::string(201, 'x')}) {
    const auto refused = named(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
    EXPECT_NE(refused.error().message.find("display name of user \"anna\""), std::string::npos) << refused.error().message;
  }
  EXPECT_TRUE(named("李雷·Léa"));
}

TEST_F(AccountsTest, RefusesWhatCannotBeAnAccount) {
  EXPECT_EQ(accounts_->add({{"a/b", "", UserRole::inspector, {}}, false}, "long enough", "r").error().code, ErrorCode::invalid);
  EXPECT_EQ(accounts_->add({{"anna", "", UserRole::inspector, {}}, false}, "short", "r").error().code, ErrorCode::invalid);
  EXPECT_EQ(accounts_->add({{"anna", "", UserRole::centre, {}}, false}, "long enough", "r").error().code, ErrorCode::invalid);
  add("anna", UserRole::inspector);
  EXPECT_EQ(accounts_->add({{"anna", "", UserRole::inspector, {}}, false}, "long enough", "r").error().code, ErrorCode::conflict);
}

}  // namespace
}  // namespace invigil
