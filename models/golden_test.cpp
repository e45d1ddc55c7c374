// Golden messages: bytes written once must decode to the same fields for ever. tests/vectors/golden has, for every payload a record
// may carry, for the header and for every message on the wire, its bytes (.bin) and its fields in words (.txtpb).
// A message that has none yet is written by INVIGIL_WRITE_GOLDEN=1; what is there is never written again.

#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>

#include "models/exam.pb.h"
#include "models/incident.pb.h"
#include "models/media.pb.h"
#include "models/observation.pb.h"
#include "models/record.h"
#include "models/registry.pb.h"
#include "models/review.pb.h"
#include "models/scene.pb.h"
#include "models/test_event.pb.h"
#include "models/wire.pb.h"

namespace invigil {
namespace {

namespace pb = google::protobuf;
using Made = std::unique_ptr<pb::Message>;

/// Which message each kind of record carries.
const std::map<RecordKind, const pb::Message*>& payloads() {
  static const std::map<RecordKind, const pb::Message*> table{
      {STREAM_HEAD, &StreamHead::default_instance()},
      {CHECKPOINT, &Checkpoint::default_instance()},
      {LOSS, &Loss::default_instance()},
      {LOG_EPOCH, &LogEpoch::default_instance()},
      {AGENT_STARTED, &AgentStarted::default_instance()},
      {AGENT_HEARTBEAT, &AgentHeartbeat::default_instance()},
      {CAMERA_STATUS, &CameraStatus::default_instance()},
      {AGENT_CLOCK, &ClockOffset::default_instance()},
      {VIDEO_PART, &VideoPart::default_instance()},
      {TEST_EVENT, &TestEvent::default_instance()},
      {TEST_EVENT_CONFLICT, &TestEventConflict::default_instance()},
      {TEST_EVENT_GAP, &TestEventGap::default_instance()},
      {SCENES, &Scenes::default_instance()},
      {WATERMARK, &Watermark::default_instance()},
      {ANALYSIS_STATUS, &AnalysisStatus::default_instance()},
      {OBSERVATION, &Observation::default_instance()},
      {INCIDENT, &Incident::default_instance()},
      {OPINION, &Opinion::default_instance()},
      {LOGGED_IN, &PersonAct::default_instance()},
      {LOGIN_FAILED, &PersonAct::default_instance()},
      {EVIDENCE_VIEWED, &PersonAct::default_instance()},
      {EXPORTED, &PersonAct::default_instance()},
      {USER_CHANGED, &UserChanged::default_instance()},
      {PLAN_IMPORTED, &Plan::default_instance()},
      {SESSION_OPENED, &SessionChanged::default_instance()},
      {SESSION_CLOSED, &SessionChanged::default_instance()},
      {PRINCIPAL_ENROLLED, &Principal::default_instance()},
      {PRINCIPAL_REVOKED, &Principal::default_instance()},
      {ENROLMENT_TOKEN_ISSUED, &EnrolmentToken::default_instance()},
      {PEER_PRESENCE, &PeerPresence::default_instance()},
      {BROKER_STARTED, &BrokerStarted::default_instance()},
      {DELETED, &Deleted::default_instance()},
      {EQUIVOCATION, &Equivocation::default_instance()},
  };
  return table;
}

/// Gives every field a value that tells it from all others: by its number, and the numbers of those around it.
class Filler {
 public:
  void fill(pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (field.real_containing_oneof() != nullptr) continue;
      for (int n = 0; n < (field.is_repeated() ? 2 : 1); ++n) set(message, field);
    }
  }
  void set(pb::Message& message, const pb::FieldDescriptor& field) {
    using F = pb::FieldDescriptor;
    const pb::Reflection& r = *message.GetReflection();
    const bool many = field.is_repeated();
    const auto n = ++value_;
    switch (field.cpp_type()) {
      case F::CPPTYPE_INT32: return many ? r.AddInt32(&message, &field, n) : r.SetInt32(&message, &field, n);
      case F::CPPTYPE_INT64: return many ? r.AddInt64(&message, &field, kMoment + n) : r.SetInt64(&message, &field, kMoment + n);
      case F::CPPTYPE_UINT32:
        return many ? r.AddUInt32(&message, &field, static_cast<std::uint32_t>(n))
                    : r.SetUInt32(&message, &field, static_cast<std::uint32_t>(n));
      case F::CPPTYPE_UINT64:
        return many ? r.AddUInt64(&message, &field, kLarge + static_cast<std::uint64_t>(n))
                    : r.SetUInt64(&message, &field, kLarge + static_cast<std::uint64_t>(n));
      case F::CPPTYPE_DOUBLE: return many ? r.AddDouble(&message, &field, n + 0.25) : r.SetDouble(&message, &field, n + 0.25);
      case F::CPPTYPE_FLOAT:
        return many ? r.AddFloat(&message, &field, static_cast<float>(n) + 0.5f)
                    : r.SetFloat(&message, &field, static_cast<float>(n) + 0.5f);
      case F::CPPTYPE_BOOL: return many ? r.AddBool(&message, &field, true) : r.SetBool(&message, &field, true);
      case F::CPPTYPE_ENUM: {
        const auto* last = field.enum_type()->value(field.enum_type()->value_count() - 1);
        return many ? r.AddEnum(&message, &field, last) : r.SetEnum(&message, &field, last);
      }
      case F::CPPTYPE_STRING: {
        const std::string text =
            field.type() == F::TYPE_BYTES ? std::string(32, static_cast<char>(n)) : field.name() + "-考-" + std::to_string(n);
        return many ? r.AddString(&message, &field, text) : r.SetString(&message, &field, text);
      }
      case F::CPPTYPE_MESSAGE: return fill(many ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field));
    }
  }

 private:
  static constexpr std::int64_t kMoment = 1'795'309'200'000'000;
  static constexpr std::uint64_t kLarge = std::uint64_t{1} << 40;
  int value_ = 0;
};

Made filled(const pb::Message& of) {
  Made out(of.New());
  Filler().fill(*out);
  return out;
}

Made golden_header() {
  auto header = std::make_unique<RecordHeader>();
  Filler().fill(*header);
  header->set_stream("camera/c1/cam1");
  header->set_hash_alg(SHA_256);
  header->set_payload_size(1234);
  header->set_kind(VIDEO_PART);
  return header;
}

/// Name of the file → how the message was made when it was written.
std::map<std::string, std::function<Made()>> everything() {
  std::map<std::string, std::function<Made()>> out;
  out["RecordHeader"] = golden_header;
  // Fields that came after a payload's first golden bytes: with everything it may say today.
  out["Observation.2"] = [] { return filled(Observation::default_instance()); };
  out["Loss.2"] = [] { return filled(Loss::default_instance()); };
  for (const char* plan : {"Plan.2", "Plan.3"}) out[plan] = [] { return filled(Plan::default_instance()); };
  for (const auto& [kind, message] : payloads()) out[message->GetDescriptor()->name()] = [of = message] { return filled(*of); };
  for (const pb::Message* envelope :
       {static_cast<const pb::Message*>(&ToBroker::default_instance()), static_cast<const pb::Message*>(&FromBroker::default_instance())}) {
    const pb::OneofDescriptor& body = *envelope->GetDescriptor()->FindOneofByName("body");
    for (int i = 0; i < body.field_count(); ++i)
      out[envelope->GetDescriptor()->name() + "." + body.field(i)->name()] = [envelope, field = body.field(i)] {
        Made made(envelope->New());
        Filler().set(*made, *field);
        return made;
      };
  }
  return out;
}

std::filesystem::path folder() {
  const char* source = std::getenv("INVIGIL_SOURCE");
  return std::filesystem::path(source ? source : ".") / "tests/vectors/golden";
}

std::string bytes_in(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_missing(const std::string& name, const pb::Message& message) {
  if (std::filesystem::exists(folder() / (name + ".bin"))) return;
  pb::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  ASSERT_TRUE(printer.PrintToString(message, &text));
  std::ofstream(folder() / (name + ".txtpb"), std::ios::binary) << text;
  std::ofstream(folder() / (name + ".bin"), std::ios::binary) << message.SerializeAsString();
}

TEST(Golden, EveryKindOfRecordHasItsMessage) {
  const pb::EnumDescriptor& kinds = *RecordKind_descriptor();
  for (int i = 0; i < kinds.value_count(); ++i) {
    if (kinds.value(i)->number() == RECORD_KIND_UNSPECIFIED) continue;
    EXPECT_EQ(payloads().count(static_cast<RecordKind>(kinds.value(i)->number())), 1u)
        << kinds.value(i)->name() << ": add it to the table of this test";
  }
}

TEST(Golden, OldBytesSayWhatTheyAlwaysSaid) {
  const auto all = everything();
  EXPECT_GE(all.size(), 50u);
  for (const auto& [name, make] : all) {
    SCOPED_TRACE(name);
    const Made made = make();
    if (std::getenv("INVIGIL_WRITE_GOLDEN") != nullptr) write_missing(name, *made);
    const std::string bytes = bytes_in(folder() / (name + ".bin"));
    ASSERT_FALSE(bytes.empty()) << "no golden bytes: run this test once with INVIGIL_WRITE_GOLDEN=1 and commit what it writes";
    Made decoded(made->New()), said(made->New());
    ASSERT_TRUE(decoded->ParseFromString(bytes));
    // A field renamed or taken away no longer parses here; one renumbered or of another type differs below.
    ASSERT_TRUE(pb::TextFormat::ParseFromString(bytes_in(folder() / (name + ".txtpb")), said.get()));
    std::string difference;
    pb::util::MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    EXPECT_TRUE(differencer.Compare(*said, *decoded)) << difference;
  }
}

TEST(Golden, NoBytesAreLeftWithoutTheirMessage) {
  const auto all = everything();
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() != ".bin") continue;
    ++files;
    EXPECT_EQ(all.count(entry.path().stem().string()), 1u) << entry.path();
  }
  EXPECT_EQ(files, all.size());
}

TEST(Golden, AnOldHeaderIsAHeaderStill) {
  const auto header = parse_header(bytes_in(folder() / "RecordHeader.bin"));
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->stream(), "camera/c1/cam1");
  EXPECT_EQ(header->kind(), static_cast<std::uint32_t>(VIDEO_PART));
  EXPECT_EQ(header->payload_size(), 1234u);
}

}  // namespace
}  // namespace invigil
