// From test events to the matrix: what counts as an answer, whose it is, and what is said about the rest.

#include "analysis/pipeline/answer_sheets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "analysis/pipeline/simulated_session.h"

namespace invigil {
namespace {

constexpr Instant kOpened = SimulatedSession::kSessionOpened;
constexpr Instant kLate = kOpened + seconds(3600);

/// Two candidates in room r, a third without an assignment; items q1 (A–C, key A), q2 (free, key "A,C"), q3 without a key.
class Sheets : public testing::Test {
 protected:
  Sheets() {
    plan_.mutable_institution()->set_id("i");
    plan_.mutable_centre()->set_id("c");
    Room& room = *plan_.mutable_centre()->add_rooms();
    room.set_id("r");
    for (const char* id : {"s1", "s2", "s3", "s4"}) {
      Seat& seat = *room.add_seats();
      seat.set_id(id);
      seat.set_row(1);
      seat.set_column(static_cast<std::uint32_t>(room.seats_size()));
    }
    Session& session = *plan_.add_sessions();
    session.set_id("s");
    session.add_rooms("r");
    for (const char* id : {"k1", "k2"}) session.add_roster()->set_id(id);
    assign("s1", "k1", 0, 0);
    assign("s2", "k2", 0, 0);
    item("q1", "A", {"A", "B", "C"});
    item("q2", "A,C", {});
    item("q3", "", {});
  }
  void assign(const char* seat, const char* candidate, double from_s, double to_s) {
    SeatAssignment& a = *plan_.mutable_sessions(0)->add_assignments();
    a.set_room("r");
    a.set_seat(seat);
    a.set_candidate(candidate);
    if (from_s > 0) a.set_from_us((kOpened + seconds(from_s)).us);
    if (to_s > 0) a.set_to_us((kOpened + seconds(to_s)).us);
  }
  void item(const char* id, const char* key, const std::vector<std::string>& options) {
    PaperItem& out = *plan_.mutable_sessions(0)->mutable_paper()->add_items();
    out.set_id(id);
    out.set_key(key);
    for (const std::string& option : options) out.add_options(option);
  }
  AnswerSheets& sheets() {
    if (!sheets_) sheets_.emplace(plan_, plan_.sessions(0), kOpened);
    return *sheets_;
  }
  /// Without a number of its own each event is the client's next.
  bool event(double at_s, const char* seat, TestEventType type, const char* item, const char* answer = "", std::uint64_t number = 0,
             const char* session = "s") {
    TestEvent e;
    e.set_session(session);
    e.set_seat(seat);
    e.set_type(type);
    e.set_item(item);
    e.set_answer(answer);
    e.set_client_seq(number > 0 ? number : ++numbers_[seat]);
    e.set_agent_us((kOpened + seconds(at_s)).us);
    e.set_client_mono_ms(static_cast<std::int64_t>(at_s * 1000) + 1);
    return sheets().take({"seat/c/s/" + std::string(seat), ++places_[seat], std::string(32, 'h')}, e);
  }
  static std::string given(const AnswerMatrix& m, const std::string& candidate, const std::string& item) {
    for (int i = 0; i < m.exam.candidate_count(); ++i)
      for (int j = 0; j < m.exam.item_count(); ++j)
        if (m.exam.candidates[static_cast<std::size_t>(i)] == candidate && m.exam.items[static_cast<std::size_t>(j)] == item)
          return m.exam.answered(i, j)
                     ? m.exam.options[static_cast<std::size_t>(j)][static_cast<std::size_t>(m.exam.row(i)[static_cast<std::size_t>(j)])]
                     : "";
    return "not there";
  }
  static double noted(const AnswerMatrix& m, const std::string& code) {
    for (const AnswerNote& note : m.notes)
      if (note.code() == code) return note.n();
    return -1;
  }
  Plan plan_;
  std::optional<AnswerSheets> sheets_;
  std::map<std::string, std::uint64_t> numbers_, places_;
};

TEST_F(Sheets, TheLastAnswerCountsAndItsChangesAreKept) {
  EXPECT_TRUE(event(10, "s1", ITEM_ANSWERED, "q1", "B"));
  EXPECT_TRUE(event(20, "s1", ANSWER_CHANGED, "q1", "A"));
  EXPECT_TRUE(event(30, "s1", ITEM_ANSWERED, "q1", "C"));  // answered again is a change, too
  EXPECT_TRUE(event(40, "s2", ITEM_ANSWERED, "q2", "C,A"));
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_TRUE(m.examinable);
  EXPECT_EQ(m.exam.candidates, (std::vector<std::string>{"k1", "k2"}));
  EXPECT_EQ(given(m, "k1", "q1"), "C");
  EXPECT_EQ(given(m, "k1", "q2"), "");
  EXPECT_EQ(given(m, "k2", "q2"), "AC");
  EXPECT_TRUE(m.exam.right(1, 1)) << "the order of several right options does not count";
  ASSERT_EQ(m.exam.changes.size(), 2U);
  EXPECT_DOUBLE_EQ(m.exam.changes[0].at_s, 20);
  EXPECT_EQ(m.exam.options[0][static_cast<std::size_t>(m.exam.changes[0].from)], "B");
  EXPECT_EQ(m.exam.options[0][static_cast<std::size_t>(m.exam.changes[1].to)], "C");
  EXPECT_DOUBLE_EQ(m.exam.commit_s[0], 30);
  EXPECT_TRUE(std::isnan(m.exam.commit_s[1]));
  EXPECT_EQ(m.people[0].committed_in[0].seq, 3U);
  EXPECT_EQ(m.people[0].committed_in[0].stream, "seat/c/s/s1");
  EXPECT_EQ(m.exam.seats[1].column, 2);
}

TEST_F(Sheets, AnAnswerTakenBackIsNone) {
  event(10, "s1", ITEM_ANSWERED, "q1", "B");
  event(11, "s1", ANSWER_CHANGED, "q1", "");
  event(12, "s1", ITEM_ANSWERED, "q2", "A");
  EXPECT_EQ(given(sheets().matrix(kLate), "k1", "q1"), "");
  EXPECT_EQ(given(sheets().so_far("r"), "s1", "q1"), "");
}

TEST_F(Sheets, ARepeatedNumberCountsOnce) {
  event(10, "s1", ITEM_ANSWERED, "q1", "B", 5);
  EXPECT_FALSE(event(11, "s1", ITEM_ANSWERED, "q1", "C", 5));
  event(12, "s2", ITEM_ANSWERED, "q1", "A");
  const AnswerMatrix m = sheets().matrix(kLate);
  EXPECT_EQ(given(m, "k1", "q1"), "B");
  EXPECT_TRUE(m.exam.changes.empty());
}

TEST_F(Sheets, TheClientsOwnOrderCountsNotTheArrival) {
  event(10, "s1", ITEM_ANSWERED, "q1", "C", 9);
  event(11, "s1", ITEM_ANSWERED, "q1", "B", 4);  // held back, came later
  EXPECT_EQ(given(sheets().matrix(kLate), "k1", "q1"), "C");
  EXPECT_EQ(given(sheets().so_far(""), "s1", "q1"), "C");
}

TEST_F(Sheets, OtherSessionsAndTimesAfterTheCloseAreIgnored) {
  EXPECT_FALSE(event(10, "s1", ITEM_ANSWERED, "q1", "B", 1, "another"));
  event(20, "s1", ITEM_ANSWERED, "q1", "A", 2);
  event(61, "s1", ANSWER_CHANGED, "q1", "C", 3);
  EXPECT_EQ(given(sheets().matrix(kOpened + seconds(60)), "k1", "q1"), "A");
}

TEST_F(Sheets, WhoMovedKeepsAnswersFromBothSeats) {
  plan_.mutable_sessions(0)->clear_assignments();
  assign("s1", "k1", 0, 100);
  assign("s3", "k1", 100, 0);
  assign("s1", "k2", 200, 0);  // the seat has a new owner later
  event(10, "s1", ITEM_ANSWERED, "q1", "B");
  event(110, "s3", ITEM_ANSWERED, "q2", "C");
  event(120, "s3", ITEM_ANSWERED, "q1", "C");
  event(210, "s1", ITEM_ANSWERED, "q1", "A");
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_EQ(m.exam.candidates, (std::vector<std::string>{"k1", "k2"}));
  EXPECT_EQ(given(m, "k1", "q1"), "C");
  EXPECT_EQ(given(m, "k1", "q2"), "C");
  EXPECT_EQ(given(m, "k2", "q1"), "A");
  EXPECT_EQ(m.people[0].seat, "s3");
  EXPECT_EQ(m.exam.seats[0].column, 3);
  EXPECT_EQ(m.people[0].committed_in[0].stream, "seat/c/s/s3");
  ASSERT_EQ(m.exam.changes.size(), 1U);
}

TEST_F(Sheets, WhatCannotBeComparedIsSaid) {
  event(10, "s1", ITEM_ANSWERED, "q1", "Z");
  event(11, "s1", ITEM_ANSWERED, "q3", "A");
  event(12, "s1", ITEM_ANSWERED, "q77", "A");
  event(13, "s1", ITEM_ANSWERED, "q2", "B");
  event(14, "s4", ITEM_ANSWERED, "q1", "A");
  TestEventGap gap;
  gap.set_session("s");
  gap.set_seat("s1");
  gap.set_from_seq(3);
  gap.set_to_seq(20);
  sheets().take(gap);
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_TRUE(m.examinable);
  EXPECT_EQ(m.exam.items, (std::vector<std::string>{"q1", "q2"}));
  EXPECT_EQ(given(m, "k1", "q1"), "") << "no option of the item";
  EXPECT_EQ(noted(m, "answers_unknown"), 1);
  EXPECT_EQ(noted(m, "items_unkeyed"), 1);
  EXPECT_EQ(noted(m, "items_unknown"), 1);
  EXPECT_EQ(noted(m, "seats_unassigned"), 1);
  EXPECT_EQ(noted(m, "events_missing"), 16) << "numbers 3 and 4 came later";
  EXPECT_EQ(noted(m, "no_times"), 0);
}

TEST_F(Sheets, WithoutAKeyThereIsNothingToCompareAndItIsSaid) {
  plan_.mutable_sessions(0)->clear_paper();
  event(10, "s1", ITEM_ANSWERED, "q1", "A");
  AnswerMatrix m = sheets().matrix(kLate);
  EXPECT_FALSE(m.examinable);
  EXPECT_EQ(noted(m, "no_key"), 0);
  EXPECT_TRUE(sheets().any_answer());
  item("q1", "A", {"A", "B"});
  sheets().replan(plan_, plan_.sessions(0));  // the key comes after the answers
  m = sheets().matrix(kLate);
  EXPECT_TRUE(m.examinable);
  EXPECT_EQ(given(m, "k1", "q1"), "A");
}

TEST_F(Sheets, AKeyThatIsNoOptionIsNotCompared) {
  item("q4", "E", {"A", "B"});
  event(10, "s1", ITEM_ANSWERED, "q4", "A");
  event(11, "s1", ITEM_ANSWERED, "q1", "A");
  const AnswerMatrix m = sheets().matrix(kLate);
  EXPECT_TRUE(m.examinable);
  EXPECT_EQ(given(m, "k1", "q4"), "not there");
  EXPECT_EQ(noted(m, "items_unkeyed"), 2);
}

TEST_F(Sheets, ACandidateBelongsToTheirOwnInstitutionElseToTheExamining) {
  plan_.mutable_sessions(0)->mutable_roster(0)->set_institution("school");
  event(10, "s1", ITEM_ANSWERED, "q1", "A");
  event(11, "s2", ITEM_ANSWERED, "q1", "A");
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_EQ(m.exam.seats.size(), 2U);
  EXPECT_EQ(m.exam.seats[0].institution, "school");
  EXPECT_EQ(m.exam.seats[1].institution, "i");
}

TEST_F(Sheets, ItemsKnownBeforehandAreThoseOfThePlanThatAreCompared) {
  event(10, "s1", ITEM_ANSWERED, "q1", "A");
  EXPECT_TRUE(sheets().matrix(kLate).known_items.empty());
  for (const char* id : {"q2", "q3"}) plan_.mutable_sessions(0)->mutable_paper()->add_known_items(id);
  sheets().replan(plan_, plan_.sessions(0));  // a leak is often noticed after the exam
  const AnswerMatrix m = sheets().matrix(kLate);
  EXPECT_EQ(m.known_items, (std::vector<char>{0, 1}));
  EXPECT_EQ(noted(m, "known_items"), 1) << "q3 has no key and is not compared";
}

TEST_F(Sheets, AnItemEverybodyHadRightStaysPossible) {
  event(10, "s1", ITEM_ANSWERED, "q2", "AC");
  event(11, "s2", ITEM_ANSWERED, "q2", "A,C");
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_TRUE(m.examinable);
  EXPECT_EQ(m.exam.option_count(1), 2);
}

TEST_F(Sheets, TimeOnAnItemIsWhatItWasShownUntilTheLastAnswer) {
  event(10, "s1", ITEM_SHOWN, "q1");
  event(25, "s1", ITEM_ANSWERED, "q1", "B");
  event(26, "s1", ITEM_SHOWN, "q2");
  event(50, "s1", ITEM_ANSWERED, "q2", "A");
  event(60, "s1", ITEM_SHOWN, "q1");
  event(67, "s1", ANSWER_CHANGED, "q1", "A");
  event(90, "s1", ASSESSMENT_SUBMITTED, "");
  const AnswerMatrix m = sheets().matrix(kLate);
  ASSERT_FALSE(m.exam.seconds.empty());
  EXPECT_NEAR(m.exam.seconds[0], 15 + 1 + 7, 1e-9);  // one more second on it before the next was shown
  EXPECT_NEAR(m.exam.seconds[1], 24, 1e-9);
  EXPECT_EQ(noted(m, "no_times"), -1);
}

TEST(SimulatedSheets, ComeOutAsTheyWereSimulated) {
  SimulationPlan how;
  how.seed = 7;
  how.rooms = 2;
  how.items = 30;
  how.missing = 0.05;
  how.skewed_seats = 2;
  how.outage_rooms = 1;
  const SimulatedSession s(how);
  AnswerSheets sheets(s.plan, s.session(), SimulatedSession::kSessionOpened);
  for (const SessionEvent& e : s.events) sheets.take(e.source, e.event);
  const AnswerMatrix m = sheets.matrix(s.closed());
  ASSERT_TRUE(m.examinable);
  const ExamData& want = s.simulated.exam;
  EXPECT_EQ(m.exam.candidates, want.candidates);
  EXPECT_EQ(m.exam.items, want.items);
  EXPECT_EQ(m.exam.key, want.key);
  EXPECT_EQ(m.exam.answers, want.answers);
  ASSERT_EQ(m.exam.seconds.size(), want.seconds.size());
  double worst = 0;
  for (std::size_t i = 0; i < want.commit_s.size(); ++i) {
    EXPECT_EQ(std::isnan(m.exam.commit_s[i]), std::isnan(want.commit_s[i]));
    if (!std::isnan(want.commit_s[i])) worst = std::max(worst, std::abs(m.exam.commit_s[i] - want.commit_s[i]));
  }
  EXPECT_LT(worst, 1e-5);
  EXPECT_EQ(m.exam.changes.size(), want.changes.size());

  // Streams in any order: the same matrix.
  std::map<std::string, std::vector<const SessionEvent*>> streams;
  for (const SessionEvent& e : s.events) streams[e.source.stream].push_back(&e);
  std::vector<std::string> names;
  for (const auto& [name, events] : streams) names.push_back(name);
  std::shuffle(names.begin(), names.end(), std::mt19937(3));
  AnswerSheets other(s.plan, s.session(), SimulatedSession::kSessionOpened);
  for (const std::string& name : names)
    for (const SessionEvent* e : streams[name]) other.take(e->source, e->event);
  const AnswerMatrix again = other.matrix(s.closed());
  EXPECT_EQ(again.exam.answers, m.exam.answers);
  EXPECT_EQ(again.exam.options, m.exam.options);
}

}  // namespace
}  // namespace invigil
