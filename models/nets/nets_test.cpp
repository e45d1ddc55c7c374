#include "models/nets/nets.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

namespace invigil {
namespace {

const std::string kHeader = "file,role,net,repository,commit,path,licence,bytes,sha256\n";
const std::string kHash(64, 'a');

std::string line(const std::string& file, const std::string& bytes, const std::string& hash) {
  return file + ",faces,a net,owner/name,0123456789ab,path/to/it,MIT," + bytes + "," + hash + "\n";
}

/// Sets one variable for the test's life.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old, had_ = true;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~Environment() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

TEST(NetManifest, the_built_in_one_has_a_net_for_each_role_and_no_file_twice) {
  std::set<std::string> files, roles;
  for (const NetFile& net : net_manifest()) {
    EXPECT_TRUE(files.insert(net.file).second) << net.file;
    roles.insert(net.role);
    EXPECT_NE(net.repository.find('/'), std::string::npos) << net.file;
    EXPECT_FALSE(net.licence.empty()) << net.file;
  }
  EXPECT_EQ(roles, (std::set<std::string>{"faces", "persons", "persons-alternative"}));
  ASSERT_NE(find_net("yunet_2022_120x160.onnx"), nullptr);
  EXPECT_EQ(find_net("yunet_2022_120x160.onnx")->bytes, 345478u);
  EXPECT_EQ(find_net("unheard_of.onnx"), nullptr);
}

TEST(NetManifest, reads_lines_and_skips_blank_ones) {
  const auto nets = parse_net_manifest(kHeader + line("a.onnx", "12", kHash) + "\n" + line("b.onnx", "13", kHash));
  ASSERT_TRUE(nets) << nets.error().message;
  ASSERT_EQ(nets->size(), 2u);
  EXPECT_EQ((*nets)[1].file, "b.onnx");
  EXPECT_EQ((*nets)[1].bytes, 13u);
  EXPECT_EQ((*nets)[1].path, "path/to/it");
}

TEST(NetManifest, names_the_line_and_what_is_wrong) {
  const auto said = [](const std::string& text) {
    const auto nets = parse_net_manifest(text);
    return nets ? std::string("accepted") : nets.error().message;
  };
  EXPECT_NE(said("").find("empty"), std::string::npos);
  EXPECT_NE(said("file;role\n").find("line 1: the header"), std::string::npos);
  EXPECT_NE(said(kHeader + "a,b\n").find("line 2: 2 fields"), std::string::npos);
  EXPECT_NE(said(kHeader + line("../a", "12", kHash)).find("line 2: file"), std::string::npos);
  EXPECT_NE(said(kHeader + line(".a", "12", kHash)).find("line 2: file"), std::string::npos);
  EXPECT_NE(said(kHeader + line("a", "0", kHash)).find("bytes"), std::string::npos);
  EXPECT_NE(said(kHeader + line("a", "12x", kHash)).find("bytes"), std::string::npos);
  EXPECT_NE(said(kHeader + line("a", "99999999999999999999999", kHash)).find("bytes"), std::string::npos);
  EXPECT_NE(said(kHeader + line("a", "12", std::string(64, 'G'))).find("sha256"), std::string::npos);
  EXPECT_NE(said(kHeader + line("a", "12", "aa")).find("sha256"), std::string::npos);
}

TEST(NetsFolder, the_option_wins_over_the_environment) {
  const Environment set("INVIGIL_NETS", "/nonexistent/from-environment");
  const auto folder = find_nets_folder("/");
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(*folder, "/");
}

TEST(NetsFolder, a_wrong_setting_is_told_and_not_papered_over) {
  const Environment set("INVIGIL_NETS", "/nonexistent/from-environment");
  const auto by_environment = find_nets_folder(std::nullopt);
  ASSERT_FALSE(by_environment);
  EXPECT_EQ(by_environment.error().code, ErrorCode::not_found);
  EXPECT_NE(by_environment.error().message.find("/nonexistent/from-environment (INVIGIL_NETS)"), std::string::npos);
  const auto by_option = find_nets_folder("/nonexistent/by-option");
  ASSERT_FALSE(by_option);
  EXPECT_NE(by_option.error().message.find("/nonexistent/by-option (--nets)"), std::string::npos);
}

TEST(NetsFolder, without_any_setting_says_how_to_get_them) {
  const Environment unset("INVIGIL_NETS", nullptr);
  const auto folder = find_nets_folder(std::nullopt);
  if (folder) GTEST_SKIP() << "nets are installed beside this build: " << *folder;
  EXPECT_NE(folder.error().message.find("scripts/fetch_nets"), std::string::npos);
}

}  // namespace
}  // namespace invigil
