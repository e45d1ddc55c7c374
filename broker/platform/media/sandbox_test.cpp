// In the child everything but decoding is refused.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "broker/platform/media/media_fixture.h"

namespace invigil {
namespace {

class Sandbox : public ::testing::TestWithParam<const char*> {};

TEST_P(Sandbox, RefusesEverythingButDecoding) {
  const auto command = fmt::format("{} self-test {}", media_program().string(), GetParam());
  FILE* out = ::popen(command.c_str(), "r");
  ASSERT_NE(out, nullptr);
  std::string text;
  char buffer[4096];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, out)) text.append(buffer, n);
  const int status = ::pclose(out);
  ASSERT_TRUE(WIFEXITED(status)) << text;
  EXPECT_EQ(WEXITSTATUS(status), 0) << text;
  std::vector<std::string> tried;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto answer = nlohmann::json::parse(line);
    EXPECT_TRUE(answer.at("refused").get<bool>()) << line;
    tried.push_back(answer.at("try").get<std::string>());
  }
  // What must have been tried, so that an empty test cannot pass.
  std::vector<std::string> must = {"socket(AF_UNIX)",
                                   "socket(AF_INET, SOCK_DGRAM)",
                                   "open(/etc/passwd)",
                                   "open(2)",
                                   "openat2",
                                   "open for writing",
                                   "execve",
                                   "execveat",
                                   "fork",
                                   "clone",
                                   "ptrace",
                                   "kill",
                                   "mmap executable"};
  if (std::string(GetParam()) != "connect") must.insert(must.end(), {"socket(AF_INET, SOCK_STREAM)", "connect"});
  for (const auto& what : must) EXPECT_NE(std::find(tried.begin(), tried.end(), what), tried.end()) << what;
}

INSTANTIATE_TEST_SUITE_P(Powers, Sandbox, ::testing::Values("files", "connect", "stream"),
                         [](const auto& p) { return std::string(p.param); });

// The very child that decodes: its kernel state says it is locked in.
TEST(SandboxInUse, TheDecodingChildIsFiltered) {
  const auto parts = test::captured(test::small_clip()).parts;
  const auto decoder = open_part_decoder({});
  ASSERT_TRUE(decoder->decode(parts.at(0).bytes, 0));
  const auto pids = test::children();
  ASSERT_EQ(pids.size(), 1u);
  const auto status = test::read_file(fmt::format("/proc/{}/status", pids[0]));
  EXPECT_NE(status.find("Seccomp:\t2"), std::string::npos) << status;
  EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos);
  EXPECT_NE(status.find("Threads:\t1"), std::string::npos);
}

}  // namespace
}  // namespace invigil
