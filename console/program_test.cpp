// invigil-console as an administrator meets it: the program itself, its first start, its commands, what it prints and what it records.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>

#include "console/console_fixture.h"
#include "models/review.pb.h"

namespace invigil::test {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Said {
  int code = -1;
  std::string out, err;
};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ConsoleProgram : public ConsoleTest {
 protected:
  void SetUp() override {
    ConsoleTest::SetUp();
    std::filesystem::create_directories(folder_ / "web");
    std::ofstream(folder_ / "web/index.html") << "<!doctype html>";
    configure("first");
    const auto token = token_for("console2");
    std::ofstream(folder_ / "token") << token << '\n';
    const Said enrolled = run("--enrol " + (folder_ / "token").string());
    ASSERT_EQ(enrolled.code, 0) << enrolled.err;
    ASSERT_EQ(enrolled.out, "enrolled as console2\n");
  }
  void TearDown() override {
    stop();
    ConsoleTest::TearDown();
  }

  /// The program's data folder is <folder>/<name> from now on.
  void configure(const std::string& name) {
    data_ = folder_ / name;
    std::ofstream(folder_ / "console.toml") << "data = \"" << data_.string() << "\"\n[http]\nport = 0\n[web]\nfolder = \""
                                            << (folder_ / "web").string() << "\"\n[broker]\nendpoint = \"" << broker_->endpoint()
                                            << "\"\npublic_key = \"" << to_hex(broker_->public_key()) << "\"\n";
  }
  std::string token_for(const std::string& principal) {
    AdminRequest request;
    request.set_by("test");
    request.mutable_token()->set_principal(principal);
    request.mutable_token()->set_role(CONSOLE);
    request.mutable_token()->set_valid_us(seconds(600).us);
    const auto token = ask_admin(folder_ / "broker", request);
    EXPECT_TRUE(token);
    return token->token();
  }

  std::string command(const std::string& arguments) const {
    const char* build = std::getenv("INVIGIL_BUILD");
    return std::string(build ? build : "build/release") + "/invigil-console --config " + (folder_ / "console.toml").string() + " " +
           arguments;
  }
  /// One command to its end, `input` on its standard input.
  Said run(const std::string& arguments, const std::string& input = {}) const {
    std::ofstream(folder_ / "in", std::ios::binary) << input;
    const int status = std::system(
        (command(arguments) + " < " + (folder_ / "in").string() + " > " + (folder_ / "out").string() + " 2> " + (folder_ / "err").string())
            .c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of(folder_ / "out"), text_of(folder_ / "err")};
  }

  /// Serves until stop(); returns what it printed until it listened.
  std::string serve() {
    int lines[2];
    EXPECT_EQ(::pipe(lines), 0);
    const std::string shell = "exec " + command("serve") + " 2> " + (folder_ / "serve.err").string();
    serving_ = ::fork();
    if (serving_ == 0) {
      ::dup2(lines[1], STDOUT_FILENO);
      ::close(lines[0]);
      ::close(lines[1]);
      ::execl("/bin/sh", "sh", "-c", shell.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(lines[1]);
    std::string said;
    char some[512];
    std::smatch found;
    static const std::regex listening(R"(listening on http://127\.0\.0\.1:(\d+)\n)");
    for (ssize_t got = 0; !std::regex_search(said, found, listening) && (got = ::read(lines[0], some, sizeof some)) > 0;)
      said.append(some, static_cast<std::size_t>(got));
    ::close(lines[0]);
    EXPECT_FALSE(found.empty()) << said << text_of(folder_ / "serve.err");
    port_ = found.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoi(found[1]));
    return said;
  }
  /// Its exit code.
  int stop() {
    if (serving_ <= 0) return 0;
    ::kill(serving_, SIGTERM);
    int status = 0;
    ::waitpid(serving_, &status, 0);
    serving_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Answer log_in(const std::string& user, const std::string& password) {
    return ask(port_, "POST", "/v1/login", {{"X-Invigil", "1"}}, Json{{"user", user}, {"password", password}}.dump());
  }
  int me(const Answer& login) {
    const std::string cookie = login.headers.count("set-cookie") != 0 ? login.headers.at("set-cookie") : "";
    return ask(port_, "GET", "/v1/me", {{"Cookie", cookie.substr(0, cookie.find(';'))}}).status;
  }

  /// Every record of this kind that the broker has, oldest first.
  template <class Message>
  std::vector<Message> recorded(RecordKind kind) {
    std::vector<Message> out;
    const auto follower = cli_.client->follow(0, {{static_cast<std::uint32_t>(kind)}, {}});
    for (bool end = false; !end;) {
      const auto batch = follower->next({});
      EXPECT_TRUE(batch);
      if (!batch) return out;
      for (const FollowedRecord& record : batch->records) out.push_back(parse_payload<Message>(record.record.payload).value());
      end = batch->caught_up;
    }
    return out;
  }

  std::filesystem::path data_;
  pid_t serving_ = -1;
  std::uint16_t port_ = 0;
};

std::string password_in(const std::string& said) {
  std::smatch found;
  return std::regex_search(said, found, std::regex("user admin password (\\S+)\n")) ? found[1].str() : "";
}

TEST_F(ConsoleProgram, TheFirstPasswordIsRandomPrintedOnceAndKeptNowhere) {
  const std::string first = serve();
  const std::string password = password_in(first);
  // Sixteen of 32 signs: 80 bits.
  EXPECT_TRUE(std::regex_match(password, std::regex("[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){3}"))) << first;
  EXPECT_THAT(first, HasSubstr("printed once"));
  EXPECT_EQ(log_in("admin", "admin").status, 401);
  EXPECT_EQ(log_in("admin", password).status, 200);
  EXPECT_EQ(stop(), 0);
  EXPECT_THAT(text_of(folder_ / "serve.err"), Not(HasSubstr(password)));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
    EXPECT_TRUE(!entry.is_regular_file() || text_of(entry.path()).find(password) == std::string::npos) << entry.path();

  const std::string again = serve();
  EXPECT_EQ(password_in(again), "");
  EXPECT_THAT(again, Not(HasSubstr("password")));
  EXPECT_EQ(log_in("admin", password).status, 200);
  EXPECT_EQ(stop(), 0);

  std::filesystem::create_directories(folder_ / "second");
  std::filesystem::copy(data_ / "keys", folder_ / "second/keys");
  std::filesystem::copy(data_ / "principal", folder_ / "second/principal");
  configure("second");
  const std::string other = password_in(serve());
  EXPECT_EQ(other.size(), password.size());
  EXPECT_NE(other, password);
}

TEST_F(ConsoleProgram, APasswordIsChangedAnAccountDisabledAndBothAreRecords) {
  const std::string first = password_in(serve());
  const Answer admin = log_in("admin", first);
  ASSERT_EQ(me(admin), 200);
  const Said changed = run("user password admin --password-stdin", "correct horse battery\n");
  EXPECT_EQ(changed.code, 0) << changed.err;
  EXPECT_THAT(changed.out, Not(HasSubstr("horse")));
  EXPECT_EQ(me(admin), 401) << "who was logged in with the old one is not any more";
  EXPECT_EQ(log_in("admin", first).status, 401);
  EXPECT_EQ(log_in("admin", "correct horse battery").status, 200);

  const Said made = run("user password admin");
  ASSERT_EQ(made.code, 0) << made.err;
  std::smatch found;
  ASSERT_TRUE(std::regex_search(made.out, found, std::regex("password (\\S{19}) \\(printed once\\)"))) << made.out;
  EXPECT_EQ(log_in("admin", found[1]).status, 200);

  EXPECT_EQ(run("user add ins --role inspector --scope hn-east --display-name 李雷 --password-stdin", "long enough\r\n").code, 0);
  const Answer ins = log_in("ins", "long enough");
  ASSERT_EQ(me(ins), 200);
  EXPECT_THAT(run("user list").out, testing::ContainsRegex("ins +inspector +active +李雷 hn-east"));
  const Said disabled = run("user disable ins");
  EXPECT_EQ(disabled.code, 0) << disabled.err;
  EXPECT_EQ(me(ins), 401);
  EXPECT_EQ(log_in("ins", "long enough").status, 401);
  EXPECT_THAT(run("user list").out, testing::ContainsRegex("ins +inspector +disabled"));

  // Whichever of server and command line records them: each once, in order.
  std::vector<UserChanged> changes;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while ((changes = recorded<UserChanged>(USER_CHANGED)).size() < 5 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  EXPECT_EQ(stop(), 0);
  ASSERT_EQ(recorded<UserChanged>(USER_CHANGED).size(), 5u);
  const auto is = [&](std::size_t i, const std::string& user, bool password, bool off) {
    EXPECT_EQ(changes[i].user(), user) << i;
    EXPECT_EQ(changes[i].password_changed(), password) << i;
    EXPECT_EQ(changes[i].disabled(), off) << i;
    EXPECT_FALSE(changes[i].by().empty()) << i;
    EXPECT_GT(changes[i].at_us(), 0) << i;
  };
  is(0, "admin", false, false);
  is(1, "admin", true, false);
  is(2, "admin", true, false);
  is(3, "ins", false, false);
  is(4, "ins", false, true);
}

TEST_F(ConsoleProgram, WhatCannotBeAnAccountIsRefusedInWords) {
  const Said bytes = run("user add x --role inspector --display-name $(printf '\\316\\322') --password-stdin", "long enough\n");
  EXPECT_EQ(bytes.code, 2);
  EXPECT_THAT(bytes.err, HasSubstr("the display name of user \"x\" is not UTF-8"));
  const Said lines = run("user add x --role inspector --display-name \"$(printf 'a\\nb')\" --password-stdin", "long enough\n");
  EXPECT_EQ(lines.code, 2);
  EXPECT_THAT(lines.err, HasSubstr("control characters"));
  EXPECT_THAT(run("user add x --role boss --password-stdin", "long enough\n").err,
              HasSubstr("use administrator, inspector, regulator or centre"));
  const Said shortest = run("user password x --password-stdin", "1234567\n");
  EXPECT_EQ(shortest.code, 2);
  EXPECT_THAT(shortest.err, HasSubstr("shorter than 8"));
  const Said nothing = run("user password x --password-stdin");
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("standard input has no line"));
  const Said nobody = run("user password x --password-stdin", "long enough\n");
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("there is no user \"x\""));
  EXPECT_EQ(run("user disable x").code, 1);
  EXPECT_EQ(run("user list").out, "");
  EXPECT_TRUE(recorded<UserChanged>(USER_CHANGED).empty());
}

TEST_F(ConsoleProgram, ASessionIsOpenedAndClosedByCommandWithItsReason) {
  const std::string plan = (folder_ / "plan.json").string();
  const Said imported = run("import " + plan);
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("imported 2 sessions"));
  EXPECT_THAT(run("import " + plan).out, HasSubstr("unchanged"));
  const std::string session(kSession);
  EXPECT_EQ(run("close " + session).out, "session " + session + " is closed or not yet open already\n");
  EXPECT_EQ(run("open " + session + " --reason 准时").out, "session " + session + " opened\n");
  EXPECT_EQ(run("open " + session).out, "session " + session + " is open already\n");
  EXPECT_EQ(run("close " + session + " --reason 停电").out, "session " + session + " closed\n");
  EXPECT_EQ(run("close " + session).out, "session " + session + " is closed or not yet open already\n");
  const Said unknown = run("close no-such-session");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("no-such-session"));
  const auto opened = recorded<SessionChanged>(SESSION_OPENED), closed = recorded<SessionChanged>(SESSION_CLOSED);
  ASSERT_EQ(opened.size(), 1u);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(opened[0].reason(), "准时");
  EXPECT_EQ(closed[0].session(), session);
  EXPECT_EQ(closed[0].centre(), kCentre);
  EXPECT_EQ(closed[0].reason(), "停电");
  EXPECT_FALSE(closed[0].by().empty());
}

TEST_F(ConsoleProgram, RebuildWantsTheDataAloneAndReachesTheLogsEnd) {
  ASSERT_EQ(run("import " + (folder_ / "plan.json").string()).code, 0);
  const std::string password = password_in(serve());
  const Said beside = run("--rebuild");
  EXPECT_EQ(beside.code, 1);
  EXPECT_THAT(beside.err, HasSubstr("stop it first"));
  EXPECT_EQ(stop(), 0);
  std::ofstream(data_ / "index.db") << "this is no database";
  const Said rebuilt = run("--rebuild");
  ASSERT_EQ(rebuilt.code, 0) << rebuilt.err;
  std::smatch found;
  ASSERT_TRUE(std::regex_match(rebuilt.out, found, std::regex("index rebuilt up to position (\\d+)\n"))) << rebuilt.out;
  EXPECT_GT(std::stoull(found[1]), 0u);
  serve();
  const Answer admin = log_in("admin", password);
  EXPECT_EQ(me(admin), 200) << "accounts are no part of the index";
}

}  // namespace
}  // namespace invigil::test
