#include "broker/custody/stream_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "broker/custody/chain.h"
#include "broker/custody/checkpoint.h"
#include "broker/log/segment_log.h"
#include "broker/log/simulated_disk.h"

namespace invigil {
namespace {

const SigningKey& key() {
  static const SigningKey k = SigningKey::from_seed(sha256("writer"));
  return k;
}

StreamWriter a_writer() { return {"camera/c1/cam1", {}, key(), std::string(16, 'b')}; }

When at(std::int64_t us) { return {{us}, {us + 10}, us / 2}; }

TEST(StreamWriter, WritesTheHeaderItSays) {
  auto writer = a_writer();
  writer.set_nonce("nonce");
  const auto first = writer.seal(CAMERA_STATUS, at(1000), "payload one");
  const auto second = writer.seal(VIDEO_PART, at(2000), "");
  const auto header = parse_header(first.record.header);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->stream(), "camera/c1/cam1");
  EXPECT_EQ(header->seq(), 1u);
  EXPECT_EQ(header->prev_hash(), std::string(32, '\0'));
  EXPECT_EQ(header->kind(), static_cast<std::uint32_t>(CAMERA_STATUS));
  EXPECT_EQ(header->occurred().wall_from_us(), 1000);
  EXPECT_EQ(header->occurred().wall_to_us(), 1010);
  EXPECT_EQ(header->occurred().mono_us(), 500);
  EXPECT_EQ(header->occurred().boot_id(), std::string(16, 'b'));
  EXPECT_EQ(header->last_nonce(), "nonce");
  EXPECT_EQ(header->payload_hash(), bytes_of(sha256("payload one")));
  EXPECT_EQ(header->payload_size(), 11u);
  EXPECT_EQ(header->key_id(), 0u);
  EXPECT_EQ(first.hash, sha256(first.record.header));
  EXPECT_EQ(parse_header(second.record.header)->prev_hash(), bytes_of(first.hash));
  EXPECT_EQ(second.prev_hash, first.hash);
  EXPECT_EQ(writer.seq(), 2u);
  EXPECT_EQ(writer.hash(), second.hash);
}

TEST(StreamWriter, SameInputsSameBytes) {
  auto a = a_writer();
  auto b = a_writer();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(a.seal(VIDEO_PART, at(i), "p").record.header, b.seal(VIDEO_PART, at(i), "p").record.header);
    EXPECT_EQ(a.seal_head(at(i)).record.payload, b.seal_head(at(i)).record.payload);
  }
}

TEST(StreamWriter, HeadsSignAndItsChainChecks) {
  auto writer = a_writer();
  StreamChain chain("camera/c1/cam1", {}, key().public_key());
  EXPECT_FALSE(writer.unsigned_records());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(chain.add(view_of(writer.seal(VIDEO_PART, at(i), "part").record)));
    EXPECT_TRUE(writer.unsigned_records());
    EXPECT_EQ(chain.unsigned_records(), 1u);
    const auto added = chain.add(view_of(writer.seal_head(at(i)).record));
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_FALSE(writer.unsigned_records());
    EXPECT_EQ(chain.unsigned_records(), 0u);
  }
  EXPECT_EQ(chain.seq(), writer.seq());
  EXPECT_EQ(chain.hash(), writer.hash());
}

TEST(StreamWriter, ContinuesFromALogAndRewindsAfterARefusal) {
  SimulatedDisk disk;
  const auto log = std::move(*SegmentLog::open(disk, {.segment_bytes = 64 << 10}));
  auto writer = a_writer();
  const auto append = [&](const SealedRecord& r) { return log->append(std::vector{r.appendable()}); };
  ASSERT_TRUE(append(writer.seal(VIDEO_PART, at(1), "one")));
  const auto lost = writer.seal(VIDEO_PART, at(2), "never stored");
  EXPECT_EQ(append(writer.seal(VIDEO_PART, at(3), "three")).error().code, ErrorCode::conflict);
  writer.rewind(log->tip(writer.stream()));
  ASSERT_TRUE(append(writer.seal(VIDEO_PART, at(4), "two")));
  StreamWriter again("camera/c1/cam1", log->tip("camera/c1/cam1"), key(), std::string(16, 'c'));
  ASSERT_TRUE(append(again.seal_head(at(5))));
  EXPECT_EQ(log->tip("camera/c1/cam1").seq, 3u);
  EXPECT_EQ(append(lost).error().code, ErrorCode::conflict);
}

TEST(StreamChain, NamesWhatIsWrongAndStaysWhereItWas) {
  auto writer = a_writer();
  const auto one = writer.seal(VIDEO_PART, at(1), "one");
  const auto two = writer.seal(VIDEO_PART, at(2), "two");
  const auto head = writer.seal_head(at(3));
  StreamChain chain("camera/c1/cam1", {}, key().public_key());
  EXPECT_EQ(chain.add(view_of(two.record)).error().code, ErrorCode::conflict);
  EXPECT_EQ(chain.add({one.record.header, "other"}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(chain.add({"garbage", ""}).error().code, ErrorCode::invalid);
  ASSERT_TRUE(chain.add(view_of(one.record)));
  EXPECT_EQ(chain.add(view_of(one.record)).error().code, ErrorCode::conflict);
  auto fork = a_writer();
  static_cast<void>(fork.seal(VIDEO_PART, at(1), "another one"));
  EXPECT_EQ(chain.add(view_of(fork.seal(VIDEO_PART, at(2), "two").record)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(chain.add(view_of(two.record)));

  StreamChain other_key("camera/c1/cam1", {2, two.hash, 0}, SigningKey::from_seed(sha256("other")).public_key());
  EXPECT_EQ(other_key.add(view_of(head.record)).error().code, ErrorCode::denied);
  StreamWriter liar("camera/c1/cam1", {2, two.hash, 0}, key(), std::string(16, 'b'));
  StreamHead lie;
  ASSERT_TRUE(lie.ParseFromString(head.record.payload));
  lie.set_signature(std::string(64, 's'));
  EXPECT_EQ(chain.add(view_of(liar.seal(STREAM_HEAD, at(3), lie.SerializeAsString()).record)).error().code, ErrorCode::denied);
  EXPECT_TRUE(chain.add(view_of(head.record)));
}

TEST(Checkpoint, OnlyTheTrueOneChecks) {
  const auto made = make_checkpoint("b1", 5, sha256("root"), {77}, key());
  EXPECT_TRUE(check_checkpoint(made, key().public_key()));
  EXPECT_EQ(check_checkpoint(made, std::string(32, 'k')).error().code, ErrorCode::denied);
  const auto refused = [&](auto change) {
    Checkpoint c = made;
    change(c);
    return !check_checkpoint(c, key().public_key());
  };
  EXPECT_TRUE(refused([](Checkpoint& c) { c.set_tree_size(6); }));
  EXPECT_TRUE(refused([](Checkpoint& c) { c.set_log("b2"); }));
  EXPECT_TRUE(refused([](Checkpoint& c) { c.set_at_us(78); }));
  EXPECT_TRUE(refused([](Checkpoint& c) { (*c.mutable_root())[0] ^= 1; }));
  EXPECT_TRUE(refused([](Checkpoint& c) { c.set_root("short"); }));
  EXPECT_TRUE(refused([](Checkpoint& c) { c.set_alg(SM2); }));
  EXPECT_TRUE(refused([](Checkpoint& c) { c.clear_signature(); }));
}

// What is signed, for ever.
TEST(SignedMessages, GoldenBytes) {
  EXPECT_EQ(to_hex(head_message("s", 258, std::string(2, 'h'))), to_hex("invigil stream head v1\ns\n") + "00000000000001026868");
  Checkpoint c;
  c.set_log("b1");
  c.set_tree_size(1);
  c.set_root("rr");
  c.set_at_us(2);
  EXPECT_EQ(to_hex(checkpoint_message(c)), to_hex("invigil checkpoint v1\nb1\n") +
                                               "00000000000000017272"
                                               "0000000000000002");
}

TEST(GoldenHeader, ItsHashIsOfItsBytesForEver) {
  const char* source = std::getenv("INVIGIL_SOURCE");
  std::ifstream file(std::string(source ? source : ".") + "/tests/vectors/golden/RecordHeader.bin", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(bytes.empty());
  EXPECT_EQ(to_hex(bytes_of(sha256(bytes))), "77fadc0a07e59b7e156abf935ae89481b3919cfe13a97ef24bc78231f4754a8e");
}

}  // namespace
}  // namespace invigil
