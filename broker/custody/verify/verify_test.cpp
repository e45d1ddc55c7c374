#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/custody/verify/test_log.h"
#include "broker/custody/verify/tree.h"
#include "broker/custody/verify/verifier.h"
#include "broker/log/log_format.h"

namespace invigil::verify {
namespace {

Options known(const TestLog& log) { return {.public_keys = {log.broker_key().public_key()}, .objects = {}, .skip_objects = false}; }

Report verified(const TestLog& log) {
  auto report = verify_log(log.data(), known(log));
  if (!report) abort_with(report.error().message);
  return *report;
}

void expect_one(const Report& report, Fault fault, const std::string& stream, std::uint64_t seq) {
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(name_of(report.findings[0].fault), std::string(name_of(fault))) << report.findings[0].what;
  EXPECT_EQ(report.findings[0].stream, stream);
  EXPECT_EQ(report.findings[0].seq, seq);
}

TEST(Verify, AWholeLogPasses) {
  TestLog log;
  log.fill(5);
  log.close();
  const auto report = verified(log);
  EXPECT_TRUE(report.ok()) << to_text(report, false);
  EXPECT_EQ(report.records, 27u);
  EXPECT_EQ(report.streams, 2u);
  EXPECT_EQ(report.heads, 11u);
  EXPECT_EQ(report.checkpoints, 5u);
  EXPECT_EQ(report.covered, 25u);
  EXPECT_EQ(report.objects, 10u);
  EXPECT_GE(report.segments, 2u);
  EXPECT_FALSE(report.keys_from_log);
  EXPECT_EQ(to_json(report)["verify"], "ok");
  EXPECT_TRUE(to_json(report)["first_bad"].is_null());
  EXPECT_NE(to_text(report, true).find("通过"), std::string::npos);
}

TEST(Verify, ReadsBesideARunningWriterAndAFolderOfSegments) {
  TestLog log;
  log.fill(3);
  EXPECT_TRUE(verified(log).ok());
  const auto report = verify_log(log.data() / "log", {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->ok());
  EXPECT_EQ(report->objects, 6u) << "objects lie beside the log";
  EXPECT_TRUE(report->keys_from_log);
  EXPECT_EQ(report->public_keys, std::vector{to_hex(log.broker_key().public_key())});
}

TEST(Verify, NothingToCheckIsAnErrorNotAPass) {
  TestLog log;
  EXPECT_EQ(verify_log(log.data() / "objects", {}).error().code, ErrorCode::not_found);
  EXPECT_FALSE(verify_log(log.data() / "nowhere", {}));
}

TEST(Verify, EveryFlippedByteIsFoundAndNamed) {
  TestLog log;
  log.fill(3);
  log.append(log.camera().seal(CAMERA_STATUS, log.when(), ""));
  const std::uint64_t end = log.log().end();
  std::vector<RecordHeader> headers;
  const auto stored = log.log().read(0, 1000, 1 << 20);
  for (const auto& r : *stored) headers.push_back(*parse_header(r.record.header));
  log.close();
  std::uint64_t flips = 0;
  std::uint64_t unnamed = 0;
  for (const auto& file : log.segments()) {
    const std::string bytes = TestLog::bytes_in(file);
    const auto salt = salt_crc(decode_segment_header(bytes)->salt);
    std::uint64_t position = *position_of_segment(file.filename().string());
    const auto flip = [&](std::size_t at, std::uint64_t expected) {
      const auto with = static_cast<char>(1 << (at % 8));
      TestLog::put_byte(file, at, static_cast<char>(bytes[at] ^ with));
      const auto report = verified(log);
      TestLog::put_byte(file, at, bytes[at]);
      ++flips;
      ASSERT_FALSE(report.ok()) << file << "+" << at;
      EXPECT_EQ(report.findings[0].position, expected) << file << "+" << at << "\n" << to_text(report, false);
      if (at < kSegmentHeaderBytes) return;
      unnamed += report.findings[0].stream.empty() ? 1 : 0;
      if (report.findings[0].stream.empty()) return;
      EXPECT_EQ(report.findings[0].stream, headers[expected].stream()) << file << "+" << at;
      EXPECT_EQ(report.findings[0].seq, headers[expected].seq()) << file << "+" << at;
    };
    for (std::size_t at = 0; at < kSegmentHeaderBytes; ++at) flip(at, position);
    for (std::size_t at = kSegmentHeaderBytes; at < bytes.size();) {
      EntryView entry;
      if (decode_entry(std::string_view(bytes).substr(at), salt, entry) != EntryState::whole) break;
      for (std::size_t i = 0; i < entry.size; ++i) flip(at + i, position);
      at += entry.size;
      ++position;
    }
  }
  EXPECT_GT(flips, 4000u);
  // Only what comes last in its stream can become nameless, where the flip hit the name itself.
  EXPECT_LT(unnamed, flips / 20);
  EXPECT_EQ(end, headers.size());
  EXPECT_TRUE(verified(log).ok()) << "all bytes were put back";
}

TEST(Verify, ARecordRewrittenWithItsChecksumIsStillFound) {
  // What an administrator of the server could do: everything recomputed but the signatures.
  TestLog log;
  log.enrol("a1", AGENT, "c1", log.agent_key());
  log.append(log.broker().seal_head(log.when()));
  auto forged = log.camera().seal(CAMERA_STATUS, log.when(), "true");
  const auto head = log.camera().seal_head(log.when());
  forged.record.payload = "false";
  RecordHeader header = *parse_header(forged.record.header);
  header.set_payload_hash(bytes_of(sha256("false")));
  header.set_payload_size(5);
  forged.record.header = header.SerializeAsString();
  forged.hash = sha256(forged.record.header);
  log.append(forged);
  auto bent = head;
  bent.prev_hash = forged.hash;
  log.append(bent);
  log.close();
  expect_one(verified(log), Fault::chain, "camera/c1/cam1", 2);
}

TEST(Verify, APayloadThatIsNotTheHashedOneIsFound) {
  TestLog log;
  log.fill(1);
  auto record = log.camera().seal(CAMERA_STATUS, log.when(), "one");
  record.record.payload = "two";
  log.append(record);
  log.close();
  expect_one(verified(log), Fault::payload, "camera/c1/cam1", 4);
}

TEST(Verify, HeadsCountOnlyWithTheEnrolledWritersKey) {
  const auto with = [](auto make) {
    TestLog log;
    log.fill(1);
    make(log);
    log.close();
    return verified(log);
  };
  const auto stranger = SigningKey::from_seed(sha256("stranger"));
  expect_one(with([&](TestLog& log) {
               StreamWriter w("camera/c1/cam2", {}, stranger, std::string(16, 's'));
               log.append(w.seal(CAMERA_STATUS, log.when(), ""));
               log.append(w.seal_head(log.when()));
             }),
             Fault::key, "camera/c1/cam2", 2);
  expect_one(with([&](TestLog& log) {
               StreamWriter w("camera/c2/cam9", {}, log.agent_key(), std::string(16, 's'));
               log.append(w.seal(CAMERA_STATUS, log.when(), ""));
               log.append(w.seal_head(log.when()));
             }),
             Fault::key, "camera/c2/cam9", 2);
  expect_one(with([&](TestLog& log) {
               StreamHead head;
               head.set_stream("camera/c1/cam1");
               head.set_seq(log.camera().seq());
               head.set_hash(bytes_of(log.camera().hash()));
               head.set_public_key(log.agent_key().public_key());
               head.set_signature(std::string(64, 'x'));
               log.append(log.camera().seal(STREAM_HEAD, log.when(), head.SerializeAsString()));
             }),
             Fault::signature, "camera/c1/cam1", 4);
  expect_one(with([&](TestLog& log) {
               StreamHead head;
               head.set_stream("camera/c1/cam1");
               head.set_seq(1);
               log.append(log.camera().seal(STREAM_HEAD, log.when(), head.SerializeAsString()));
             }),
             Fault::head, "camera/c1/cam1", 4);
  // Enrolling oneself.
  expect_one(with([&](TestLog& log) {
               Principal p;
               p.set_id("evil");
               log.append(log.camera().seal(PRINCIPAL_ENROLLED, log.when(), p.SerializeAsString()));
             }),
             Fault::format, "camera/c1/cam1", 4);
  expect_one(with([&](TestLog& log) {
               StreamWriter w("broker/b2", {}, stranger, std::string(16, 's'));
               Principal p;
               p.set_id("evil");
               p.set_signing_public_key(stranger.public_key());
               log.append(w.seal(PRINCIPAL_ENROLLED, log.when(), p.SerializeAsString()));
             }),
             Fault::signature, "broker/b2", 0);
}

TEST(Verify, ABrokerWithAnotherKeyIsNotTheBroker) {
  TestLog log;
  log.fill(1);
  log.close();
  const auto report =
      verify_log(log.data(), {.public_keys = {SigningKey::from_seed(sha256("x")).public_key()}, .objects = {}, .skip_objects = false});
  ASSERT_TRUE(report);
  // Nothing the broker signed counts, its enrolments least of all.
  expect_one(*report, Fault::signature, "broker/b1", 0);
  ASSERT_EQ(report->findings.size(), 4u);
  EXPECT_EQ(report->findings[1].fault, Fault::key);
  EXPECT_EQ(report->findings[1].stream, "broker/b1");
  EXPECT_EQ(report->findings[1].seq, 2u);
}

TEST(Verify, ACheckpointOverOtherRecordsIsFound) {
  TestLog log;
  log.fill(2);
  const auto lie = make_checkpoint("b1", 5, sha256("another history"), {1}, log.broker_key());
  log.append(log.broker().seal(CHECKPOINT, log.when(), lie.SerializeAsString()));
  log.append(log.broker().seal_head(log.when()));
  log.close();
  const auto report = verified(log);
  expect_one(report, Fault::tree, "broker/b1", 7);
  EXPECT_NE(to_json(report)["first_bad"]["what"].get<std::string>().find("never shrinks"), std::string::npos);
}

TEST(Verify, MissingSegmentsAndRecordsAreFound) {
  TestLog log;
  log.fill(6);
  log.close();
  const auto segments = log.segments();
  ASSERT_GE(segments.size(), 3u);
  const auto kept = TestLog::bytes_in(segments[1]);
  std::filesystem::remove(segments[1]);
  const auto report = verified(log);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.findings[0].position, *position_of_segment(segments[1].filename().string()));
  EXPECT_EQ(report.findings[0].fault, Fault::checksum);
  std::ofstream(segments[1], std::ios::binary) << kept;
  EXPECT_TRUE(verified(log).ok());
}

TEST(Verify, ObjectsMustBeThereOrAccountedFor) {
  TestLog log;
  log.fill(2);
  const Hash gone = log.part("gone");
  const Hash changed = log.part("changed");
  const Hash lost = log.part("lost");
  const Hash deleted = log.part("deleted");
  log.append(log.camera().seal_head(log.when()));
  for (const Hash& h : {gone, lost, deleted}) ASSERT_TRUE(log.objects().erase(h));
  TestLog::put_byte(log.objects().path_of(changed), 0, 'C');
  // In the order of part(): the third of the four began three steps before the head.
  Loss loss;
  loss.set_stream("camera/c1/cam1");
  loss.set_cause(Loss::OBJECT_MISSING);
  const auto parts = log.log().read_stream("camera/c1/cam1", 9, 1, 1 << 20);
  const auto part = parse_payload<VideoPart>(parts->front().record.payload);
  ASSERT_EQ(part->object(), bytes_of(lost));
  loss.set_from_us(part->start_us());
  loss.set_to_us(part->start_us() + part->duration_us());
  log.append(log.broker().seal(LOSS, log.when(), loss.SerializeAsString()));
  Deleted d;
  d.set_subject(to_hex(bytes_of(deleted)));
  log.append(log.broker().seal(DELETED, log.when(), d.SerializeAsString()));
  log.append(log.broker().seal_head(log.when()));
  log.close();
  const auto report = verified(log);
  EXPECT_EQ(report.faults, 2u) << to_text(report, false);
  expect_one(report, Fault::object_missing, "camera/c1/cam1", 7);
  EXPECT_EQ(report.findings[1].fault, Fault::object_corrupt);
  EXPECT_EQ(report.objects_accounted, 2u);
  EXPECT_EQ(report.losses, 1u);
  auto options = known(log);
  options.skip_objects = true;
  const auto without = verify_log(log.data(), options);
  EXPECT_TRUE(without->ok());
  EXPECT_FALSE(without->objects_checked);
  std::filesystem::remove_all(log.data() / "objects");
  EXPECT_FALSE(verified(log).ok()) << "a data folder without objects misses them all";
}

/// Three parts and an agent that says it deleted the objects up to `subject`'s record.
void write_deleting_agent(TestLog& log, const std::string& subject) {
  std::vector<Hash> parts;
  for (const char* bytes : {"first", "second", "third"}) parts.push_back(log.part(bytes));
  log.append(log.camera().seal_head(log.when()));
  StreamWriter agent("agent/c1/a1", StreamTip(), log.agent_key(), std::string(16, 'a'));
  Deleted d;
  d.set_subject(subject);
  log.append(agent.seal(DELETED, log.when(), d.SerializeAsString()));
  log.append(agent.seal_head(log.when()));
  for (std::size_t i = 0; i < 2; ++i) ASSERT_TRUE(log.objects().erase(parts[i]));
  log.close();
}

TEST(Verify, AnAgentsOwnLogMayLackWhatItDeletedAfterTheBrokerHadIt) {
  TestLog log;
  write_deleting_agent(log, "objects/camera/c1/cam1/2");
  const auto report = verified(log);
  EXPECT_TRUE(report.ok()) << to_text(report, false);
  EXPECT_EQ(report.objects, 1u);
  EXPECT_EQ(report.objects_accounted, 2u);
}

TEST(Verify, ADeletionAccountsForNoMoreThanItCovers) {
  // Up to the first only, another camera, another centre's, not a number, and what is no stream.
  for (const char* subject : {"objects/camera/c1/cam1/1", "objects/camera/c1/cam2/2", "objects/camera/c2/cam1/2",
                              "objects/camera/c1/cam1/2x", "objects/2", "objects//"}) {
    TestLog log;
    write_deleting_agent(log, subject);
    const auto report = verified(log);
    ASSERT_FALSE(report.ok()) << subject;
    EXPECT_EQ(report.findings[0].fault, Fault::object_missing) << subject;
    EXPECT_EQ(report.findings[0].seq, std::string(subject) == "objects/camera/c1/cam1/1" ? 2u : 1u) << subject;
  }
}

TEST(Verify, WhatAnAgentDeletedIsNoExcuseForTheBroker) {
  TestLog log;
  log.enrol("a1", AGENT, "c1", log.agent_key());
  log.append(log.broker().seal_head(log.when()));
  write_deleting_agent(log, "objects/camera/c1/cam1/2");
  const auto report = verified(log);
  EXPECT_EQ(report.faults, 2u) << to_text(report, false);
  expect_one(report, Fault::object_missing, "camera/c1/cam1", 1);
}

TEST(Verify, AnUnsignedTailIsANote) {
  TestLog log;
  log.fill(1);
  log.part("after the head");
  log.close();
  const auto report = verified(log);
  EXPECT_TRUE(report.ok());
  ASSERT_EQ(report.notes.size(), 1u);
  EXPECT_NE(report.notes[0].english.find("1 records after its last head"), std::string::npos);
}

TEST(VerifyTree, AgreesWithTheBrokersTreeAtEverySize) {
  Tree tree;
  MerkleFrontier frontier;
  std::vector<Hash> roots{merkle_empty_root()};
  for (std::size_t i = 0; i < 1500; ++i) {
    const Hash record = sha256(std::to_string(i));
    tree.add(record);
    frontier.append(merkle_leaf(record), [](unsigned, const Hash&) {});
    roots.push_back(frontier.root());
  }
  for (std::size_t n = 0; n < roots.size(); ++n) ASSERT_EQ(tree.root_at(n), roots[n]) << n;
  EXPECT_FALSE(tree.root_at(1501));
}

}  // namespace
}  // namespace invigil::verify
