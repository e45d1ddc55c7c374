#include "capture/cbt/cbt_batch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace invigil {
namespace {

std::string batch_of(const std::string& events) { return fmt::format(R"({{"session":"s1","seat":"A01","events":[{}]}})", events); }

std::string event_of(const std::string& type, const std::string& data, int seq = 1) {
  return fmt::format(R"({{"seq":{},"type":"{}","at":"2026-11-22T08:30:00.123Z","mono_ms":77,"data":{}}})", seq, type, data);
}

TestEvent only_event(const std::string& type, const std::string& data) {
  const auto batch = parse_cbt_batch(batch_of(event_of(type, data)));
  EXPECT_TRUE(batch) << type << data << (batch ? "" : batch.error().message + batch.error().where);
  return batch ? batch->events.at(0).event : TestEvent{};
}

Error error_of(const std::string& text) {
  const auto batch = parse_cbt_batch(text);
  EXPECT_FALSE(batch) << text;
  return batch ? Error{} : batch.error();
}

TEST(CbtBatch, ReadsEveryType) {
  for (const char* type : {"assessment.opened", "assessment.started", "assessment.paused", "assessment.resumed", "assessment.submitted",
                           "focus.lost", "focus.gained", "heartbeat"})
    EXPECT_NE(only_event(type, "{}").type(), TEST_EVENT_TYPE_UNSPECIFIED) << type;
  EXPECT_EQ(only_event("item.shown", R"({"item":"q1"})").item(), "q1");
  const TestEvent answered = only_event("item.answered", R"({"item":"q1","answer":"A,C"})");
  EXPECT_EQ(answered.type(), ITEM_ANSWERED);
  EXPECT_EQ(answered.answer(), "A,C");
  EXPECT_EQ(answered.client_mono_ms(), 77);
  EXPECT_EQ(answered.client_us(), 1795336200123000);
  EXPECT_EQ(only_event("item.changed", R"({"item":"q1","answer":"B","previous_answer":"A"})").previous_answer(), "A");
  EXPECT_EQ(only_event("clipboard.paste", R"({"chars":180})").chars(), 180u);
  EXPECT_EQ(only_event("key.chord", R"({"keys":"ctrl+shift+i"})").keys(), "ctrl+shift+i");
  EXPECT_TRUE(only_event("network", R"({"online":true})").online());
  EXPECT_EQ(only_event("display.count", R"({"count":2})").displays(), 2u);
}

TEST(CbtBatch, RefusesTextAndWhateverTheContractDoesNotName) {
  for (const auto& [type, data] : std::vector<std::pair<std::string, std::string>>{
           {"clipboard.paste", R"({"chars":3,"text":"abc"})"},
           {"clipboard.paste", R"({"chars":-1})"},
           {"clipboard.copy", "{}"},
           {"heartbeat", R"({"x":1})"},
           {"key.chord", R"({"keys":"p"})"},
           {"key.chord", R"({"keys":"shift+p"})"},
           {"key.chord", R"({"keys":"secret words"})"},
           {"item.answered", R"({"item":"q1","answer":"an essay of many words"})"},
           {"item.answered", R"({"item":"../q1","answer":"A"})"},
           {"item.shown", R"({"item":5})"},
           {"network", R"({"online":"yes"})"},
           {"made.up", "{}"},
       }) {
    const Error error = error_of(batch_of(event_of(type, data)));
    EXPECT_EQ(error.code, ErrorCode::invalid) << type << data;
    EXPECT_EQ(error.where.rfind("/events/0", 0), 0u) << type << data << " at " << error.where;
  }
}

TEST(CbtBatch, NamesTheFaultByPointer) {
  EXPECT_EQ(error_of(batch_of(event_of("heartbeat", "{}") + "," + event_of("heartbeat", "{}", 0))).where, "/events/1/seq");
  EXPECT_EQ(
      error_of(R"({"session":"s1","seat":"A01","events":[{"seq":1,"type":"heartbeat","at":"yesterday at about noon","mono_ms":1}]})").where,
      "/events/0/at");
  EXPECT_EQ(error_of(R"({"session":"s1","seat":"A01","events":[]})").where, "/events");
  EXPECT_EQ(error_of(R"({"session":"s1","seat":"A01","events":[{}],"more":1})").code, ErrorCode::invalid);
  EXPECT_EQ(error_of("[]").code, ErrorCode::invalid);
  EXPECT_EQ(error_of("").code, ErrorCode::invalid);
  EXPECT_EQ(error_of("{\"session\":\"\xff\"}").code, ErrorCode::invalid);
}

TEST(CbtBatch, BoundsItself) {
  EXPECT_EQ(error_of(std::string(kMaxCbtBytes + 1, ' ')).code, ErrorCode::too_large);
  // The contract's patterns would recurse once a character.
  const Error error = error_of(fmt::format(R"({{"session":"{}","seat":"A01","events":[]}})", std::string(200'000, 'a')));
  EXPECT_EQ(error.code, ErrorCode::invalid);
  EXPECT_EQ(error.where, "/session");
  EXPECT_EQ(error_of(std::string(100'000, '[')).code, ErrorCode::invalid);
}

TEST(CbtBatch, OrdersBySeqAndHashesContentNotForm) {
  const auto batch = parse_cbt_batch(batch_of(event_of("heartbeat", "{}", 3) + "," + event_of("heartbeat", "{}", 2)));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->events[0].event.client_seq(), 2u);
  EXPECT_EQ(batch->events[0].index, 1u);
  const auto again =
      parse_cbt_batch(batch_of(R"( { "type":"heartbeat", "data" : {}, "mono_ms":77,"seq":2,"at":"2026-11-22T08:30:00.123Z"})"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->events[0].event.content_hash(), batch->events[0].event.content_hash());
  EXPECT_NE(batch->events[1].event.content_hash(), batch->events[0].event.content_hash());
}

}  // namespace
}  // namespace invigil
