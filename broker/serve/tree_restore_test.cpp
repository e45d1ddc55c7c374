#include "broker/serve/tree_restore.h"

#include <gtest/gtest.h>

#include "broker/custody/stream_writer.h"
#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"

namespace invigil {
namespace {

/// A log of `count` records whose payloads begin with `what`.
std::unique_ptr<SegmentLog> log_of(Disk& disk, const std::string& what, int count) {
  auto log = SegmentLog::open(disk, {.segment_bytes = 16 << 10, .zero_ahead_bytes = 0, .salt = 1}).value();
  const SigningKey key = SigningKey::from_seed(sha256("broker"));
  StreamWriter writer("broker/b1", {}, key, std::string(16, 'b'));
  for (int n = 0; n < count; ++n) {
    const SealedRecord record = writer.seal(LOSS, {{n}, {n}, n}, what + std::to_string(n));
    EXPECT_TRUE(log->append(std::vector<Appendable>{record.appendable()}));
  }
  return log;
}

/// The tree of a log, made from nothing.
std::unique_ptr<MerkleTree> tree_of(Disk& disk, const EventLog& log) {
  auto tree = MerkleTree::open(disk).value();
  const auto done = restore_tree(log, *tree);
  EXPECT_TRUE(done && done->forgotten == 0 && !done->replaced && done->unreadable == 0);
  return tree;
}

TEST(TreeRestore, ALogThatGrewIsFollowed) {
  SimulatedDisk disk, tree_disk, fresh_disk;
  auto tree = tree_of(tree_disk, *log_of(disk, "a", 10));
  SimulatedDisk longer_disk;
  const auto longer = log_of(longer_disk, "a", 15);
  const auto done = restore_tree(*longer, *tree);
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->replaced);
  EXPECT_EQ(done->forgotten, 0u);
  EXPECT_EQ(tree->root(), tree_of(fresh_disk, *longer)->root());
}

TEST(TreeRestore, ALogThatWentBackIsToldAndFollowed) {
  SimulatedDisk disk, shorter_disk, tree_disk, fresh_disk;
  auto tree = tree_of(tree_disk, *log_of(disk, "a", 15));
  const auto shorter = log_of(shorter_disk, "a", 10);
  const auto done = restore_tree(*shorter, *tree);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->forgotten, 5u);
  EXPECT_FALSE(done->replaced);
  EXPECT_EQ(tree->root(), tree_of(fresh_disk, *shorter)->root());
}

// A log that went back and grew past where it was kept its epoch: nobody was told.
TEST(TreeRestore, ALogThatWentBackAndGrewAgainIsToldToo) {
  SimulatedDisk disk, other_disk, tree_disk, fresh_disk;
  auto tree = tree_of(tree_disk, *log_of(disk, "a", 10));
  const auto other = log_of(other_disk, "b", 12);
  const auto done = restore_tree(*other, *tree);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->replaced);
  EXPECT_EQ(tree->root(), tree_of(fresh_disk, *other)->root());
}

}  // namespace
}  // namespace invigil
