#include "models/program/program.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace invigil {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

Config example() {
  Config config;
  config.declare_integer("port", 7, 1, 9, "A port.");
  config.declare_text("log.level", "information", "What goes to stderr.");
  return config;
}

TEST(Program, ComplainsWithItsNameAndThePlaceOnce) {
  CaptureStderr();
  EXPECT_EQ(complain("invigil-x", {ErrorCode::invalid, "the port is odd", "listen.port"}), 2);
  EXPECT_EQ(complain("invigil-x", {ErrorCode::unavailable, "listen.port 1 is in use", "listen.port"}), 1);
  EXPECT_EQ(complain("invigil-x", {ErrorCode::unsupported, "too new"}), 2);
  EXPECT_EQ(GetCapturedStderr(), "invigil-x: the port is odd (listen.port)\ninvigil-x: listen.port 1 is in use\ninvigil-x: too new\n");
}

TEST(Program, TakesItsConfigurationOrSaysWhyNot) {
  std::string folder = testing::TempDir() + "/program.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/good.toml") << "port = 8\n";
  std::ofstream(folder + "/bad.toml") << "prot = 8\n";
  std::ofstream(folder + "/level.toml") << "[log]\nlevel = \"loud\"\n";
  Config config = example();
  CaptureStdout();
  EXPECT_EQ(take_configuration("invigil-x", config, folder + "/good.toml", true), 0);
  EXPECT_THAT(GetCapturedStdout(), testing::HasSubstr("port = 8"));
  Config wrong = example();
  CaptureStderr();
  EXPECT_EQ(take_configuration("invigil-x", wrong, folder + "/bad.toml", false), 2);
  EXPECT_EQ(take_configuration("invigil-x", wrong, folder + "/none.toml", false), 2);
  Config loud = example();
  EXPECT_EQ(take_configuration("invigil-x", loud, folder + "/level.toml", false), 2);
  EXPECT_THAT(GetCapturedStderr(), testing::AllOf(testing::HasSubstr("prot"), testing::HasSubstr("none.toml"), testing::HasSubstr("loud")));
  Config quiet = example();
  EXPECT_EQ(take_configuration("invigil-x", quiet, "", false), std::nullopt);
  EXPECT_EQ(quiet.integer("port"), 7);
  std::filesystem::remove_all(folder);
}

TEST(Program, ASignalIsAStopRequest) {
  const StopSignals signals;
  EXPECT_FALSE(signals.token().stop_requested());
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  signals.wait();
  EXPECT_TRUE(signals.token().stop_requested());
}

TEST(Program, EndsWithoutASignalToo) {
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(StopSignals().token().stop_requested());
  EXPECT_FALSE(local_user().empty());
}

}  // namespace
}  // namespace invigil
