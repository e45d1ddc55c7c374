#include "models/config/config.h"

#include <gtest/gtest.h>

namespace invigil {
namespace {

Config a_config() {
  Config config;
  config.declare_text("data", "/var/lib/invigil", "Where everything is kept.");
  config.declare_integer("listen.port", 7411, 0, 65535, "TCP port.");
  config.declare_duration("flush", "20ms", "Commit interval.");
  config.declare_size("segment", "64MiB", "Size of a segment.");
  config.declare_flag("audio", true, "Keep sound.");
  config.declare_real("rate", 5, 0.1, 60, "Samples a second.");
  config.declare_list("origins", {"https://a"}, "Who may ask.");
  config.declare_table("cameras", "Camera id and where it is.");
  return config;
}

TEST(Config, WhatItPrintsItReads) {
  Config config = a_config();
  ASSERT_TRUE(config.load_text("rate = 2.5\n[cameras]\n\"cam-1\" = \"rtsp://x\"\n", "t.toml"));
  Config again = a_config();
  const auto read = again.load_text(config.print(), "printed.toml");
  ASSERT_TRUE(read) << read.error().message << " " << read.error().where << "\n" << config.print();
  EXPECT_EQ(again.real("rate"), 2.5);
  EXPECT_EQ(again.table("cameras").at("cam-1"), "rtsp://x");
  EXPECT_EQ(again.size("segment"), 64u << 20);
  EXPECT_EQ(again.duration("flush").us, 20'000);
}

TEST(Config, EveryKeyIsCommented) {
  const std::string printed = a_config().print();
  for (const char* comment : {"# Where everything is kept.", "# TCP port.", "# Commit interval.", "# Camera id and where it is."})
    EXPECT_NE(printed.find(comment), std::string::npos) << comment;
}

TEST(Config, AnUnknownKeyIsRefusedWithTheNearestName) {
  Config config = a_config();
  const auto read = config.load_text("[listen]\nprt = 1\n", "agent.toml");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("\"listen.prt\""), std::string::npos);
  EXPECT_NE(read.error().message.find("\"listen.port\""), std::string::npos);
  EXPECT_EQ(read.error().where, "agent.toml:2:7");
}

TEST(Config, WrongTypesAndRangesNameKeyAndPlaceAndChangeNothing) {
  Config config = a_config();
  for (const char* text :
       {"[listen]\nport = 70000\n", "[listen]\nport = \"x\"\n", "flush = \"20\"\n", "flush = 20\n", "segment = \"1 GB\"\n", "audio = 1\n",
        "origins = [1]\n", "rate = 0.0\n", "rate = nan\n", "[cameras]\nx = 1\n", "data = \n", "listen = 3\n"}) {
    const auto read = config.load_text(text, "t.toml");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().where.rfind("t.toml:", 0), 0u) << text;
  }
  EXPECT_EQ(config.integer("listen.port"), 7411);
}

TEST(Config, SetTakesOneKeyFromTheCommandLine) {
  Config config = a_config();
  EXPECT_TRUE(config.set("listen.port", "9"));
  EXPECT_TRUE(config.set("data", "/tmp/\"x\""));
  EXPECT_EQ(config.text("data"), "/tmp/\"x\"");
  EXPECT_EQ(config.integer("listen.port"), 9);
  EXPECT_FALSE(config.set("nothing", "1"));
}

TEST(Config, AMissingFileSaysSo) { EXPECT_EQ(a_config().load("/nonexistent/agent.toml").error().code, ErrorCode::not_found); }

}  // namespace
}  // namespace invigil
