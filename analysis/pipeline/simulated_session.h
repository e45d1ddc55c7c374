#pragma once
// For tests: a simulated exam as the plan and the test events an agent would have written, with the truth beside them.

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "analysis/detector.h"
#include "analysis/forensics/exam/simulator.h"
#include "models/exam.pb.h"
#include "models/id.h"

namespace invigil {

/// One event of a seat's stream, with its record's place.
struct SessionEvent {
  Source source;
  TestEvent event;
};

/// Centre "c", session "s", opened at kSessionOpened; rooms "r1" …, seats "r1-01" …, candidates as simulated. Every room's seats are
/// numbered through, rows and columns as simulated.
struct SimulatedSession {
  static constexpr Instant kSessionOpened{1'700'000'000'000'000};

  explicit SimulatedSession(const SimulationPlan& how) : simulated(simulate_exam(how)) {
    plan.set_id("p");
    plan.mutable_institution()->set_id("i");
    plan.mutable_centre()->set_id("c");
    Session& session = *plan.add_sessions();
    session.set_id("s");
    const ExamData& exam = simulated.exam;
    for (std::size_t j = 0; j < exam.items.size(); ++j) {
      PaperItem& item = *session.mutable_paper()->add_items();
      item.set_id(exam.items[j]);
      for (const std::string& option : exam.options[j]) item.add_options(option);
      item.set_key(exam.options[j][static_cast<std::size_t>(exam.key[j])]);
    }
    for (std::size_t j = 0; j < simulated.leaked.size(); ++j)
      if (simulated.leaked[j] != 0) session.mutable_paper()->add_known_items(exam.items[j]);
    std::map<std::string, Room*> rooms;
    for (std::size_t i = 0; i < exam.candidates.size(); ++i) {
      const SeatPlace& place = exam.seats[i];
      Room*& room = rooms[place.room];
      if (room == nullptr) {
        room = plan.mutable_centre()->add_rooms();
        room->set_id("r" + std::to_string(rooms.size()));
        session.add_rooms(room->id());
      }
      Seat& seat = *room->add_seats();
      seat.set_id(room->id() + (room->seats_size() < 10 ? "-0" : "-") + std::to_string(room->seats_size()));
      seat.set_row(static_cast<std::uint32_t>(place.row));
      seat.set_column(static_cast<std::uint32_t>(place.column));
      seats.push_back(seat.id());
      Candidate& candidate = *session.add_roster();
      candidate.set_id(exam.candidates[i]);
      candidate.set_institution(place.institution);
      SeatAssignment& assignment = *session.add_assignments();
      assignment.set_room(room->id());
      assignment.set_seat(seat.id());
      assignment.set_candidate(exam.candidates[i]);
    }
    std::map<int, std::uint64_t> numbers, places;
    for (const SimulatedEvent& e : simulated.events) {
      SessionEvent out;
      TestEvent& event = out.event;
      const auto j = static_cast<std::size_t>(e.item);
      event.set_session("s");
      event.set_seat(seats[static_cast<std::size_t>(e.candidate)]);
      event.set_type(e.act == SimulatedAct::shown ? ITEM_SHOWN : e.act == SimulatedAct::answered ? ITEM_ANSWERED : ANSWER_CHANGED);
      event.set_item(exam.items[j]);
      if (e.to != kNoAnswer) event.set_answer(exam.options[j][static_cast<std::size_t>(e.to)]);
      if (e.from != kNoAnswer) event.set_previous_answer(exam.options[j][static_cast<std::size_t>(e.from)]);
      event.set_client_seq(++numbers[e.candidate]);
      event.set_client_mono_ms(1 + std::llround(e.client_s * 1e3));
      if (std::isnan(e.arrives_s)) continue;
      event.set_agent_us((kSessionOpened + seconds(e.arrives_s)).us);
      out.source = {seat_stream("c", "s", event.seat()), ++places[e.candidate], std::string(32, 'h')};
      events.push_back(std::move(out));
    }
    std::stable_sort(events.begin(), events.end(),
                     [](const SessionEvent& x, const SessionEvent& y) { return x.event.agent_us() < y.event.agent_us(); });
    std::map<std::string, std::uint64_t> in_stream;  // a stream is in order of arrival
    for (SessionEvent& e : events) e.source.seq = ++in_stream[e.source.stream];
  }

  const Session& session() const { return plan.sessions(0); }
  Instant closed() const { return events.empty() ? kSessionOpened + seconds(60) : Instant{events.back().event.agent_us()} + seconds(5); }

  SimulatedExam simulated;
  Plan plan;
  std::vector<std::string> seats;    ///< by candidate
  std::vector<SessionEvent> events;  ///< in order of arrival
};

}  // namespace invigil
