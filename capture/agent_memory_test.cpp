#include "capture/agent_memory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "broker/platform/files/durable_file.h"
#include "capture/capture_fixture.h"

namespace invigil {
namespace {

class AgentMemoryTest : public testing::Test {
 protected:
  ~AgentMemoryTest() override { std::filesystem::remove_all(folder_); }
  static AgentMemory memory(std::uint64_t high) {
    AgentMemory memory;
    memory.ledgers = R"([{"high":)" + std::to_string(high) + R"(,"seat":"A01","session":"s1"}])";
    memory.cameras["camera/c1/cam1"] = {1'700'000'000'000'000};
    memory.known.deleted_on.set_tree_size(7);
    memory.known.epoch = "epoch";
    return memory;
  }
  static std::string read(const std::filesystem::path& file) { return read_whole_file(file).value(); }
  static void write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }

  const std::filesystem::path folder_ = test::fresh_folder();
  const std::filesystem::path file_ = folder_ / "memory.json";
  const std::filesystem::path copy_ = folder_ / "memory.json.copy";
};

TEST_F(AgentMemoryTest, ComesBackAsItWasAndIsEmptyAtFirst) {
  const LoadedMemory first = AgentMemory::load(file_);
  EXPECT_FALSE(first.lost);
  EXPECT_EQ(first.memory.ledgers, "[]");
  AgentMemory saved = memory(3);
  saved.lost_at = Instant{5};
  ASSERT_TRUE(saved.save(file_));
  const LoadedMemory loaded = AgentMemory::load(file_);
  EXPECT_FALSE(loaded.lost);
  EXPECT_EQ(loaded.damage, "");
  EXPECT_EQ(loaded.memory.ledgers, saved.ledgers);
  EXPECT_EQ(loaded.memory.cameras, saved.cameras);
  EXPECT_EQ(loaded.memory.known.deleted_on.tree_size(), 7u);
  EXPECT_EQ(loaded.memory.known.epoch, "epoch");
  EXPECT_EQ(loaded.memory.lost_at, saved.lost_at);
}

TEST_F(AgentMemoryTest, OneFlippedByteMadeTheMemoryUnusableOrWrong) {
  ASSERT_TRUE(memory(3).save(file_));
  const std::string whole = read(file_);
  for (const auto& damaged : {file_, copy_}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const char flip : {'\x01', '\x20', '\xff'}) {
        std::string bad = whole;
        bad[at] = static_cast<char>(bad[at] ^ flip);
        write(damaged, bad);
        const LoadedMemory one = AgentMemory::load(file_);
        ASSERT_FALSE(one.lost) << at;
        ASSERT_EQ(one.memory.ledgers, memory(3).ledgers) << at;
        // And with the other copy gone bad too.
        const auto other = damaged == file_ ? copy_ : file_;
        write(other, bad);
        const LoadedMemory none = AgentMemory::load(file_);
        ASSERT_TRUE(none.lost) << at;
        ASSERT_EQ(none.memory.ledgers, "[]") << at;
        ASSERT_NE(none.damage.find(copy_.string()), std::string::npos) << none.damage;
        write(other, whole);
      }
    }
    write(damaged, whole);
  }
}

TEST_F(AgentMemoryTest, TheNewerOfTwoWholeCopiesCounts) {
  ASSERT_TRUE(memory(3).save(file_));
  const std::string older = read(copy_);
  ASSERT_TRUE(memory(4).save(file_));
  write(copy_, older);  // a power cut between the two
  EXPECT_EQ(AgentMemory::load(file_).memory.ledgers, memory(4).ledgers);
  std::filesystem::remove(file_);
  EXPECT_EQ(AgentMemory::load(file_).memory.ledgers, memory(3).ledgers);
}

TEST_F(AgentMemoryTest, AnEmptyFileIsDamageAndNotAFirstStart) {
  write(file_, "");
  EXPECT_TRUE(AgentMemory::load(file_).lost);
}

TEST_F(AgentMemoryTest, TheOldFormWithoutAChecksumIsStillRead) {
  write(file_, R"({"cameras":{"camera/c1/cam1":5},"seats":[{"high":9,"seat":"A01","session":"s1"}]})");
  const LoadedMemory loaded = AgentMemory::load(file_);
  EXPECT_FALSE(loaded.lost);
  EXPECT_EQ(loaded.memory.ledgers, memory(9).ledgers);
  EXPECT_EQ(loaded.memory.cameras.at("camera/c1/cam1"), Instant{5});
}

}  // namespace
}  // namespace invigil
