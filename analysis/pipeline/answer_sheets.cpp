#include "analysis/pipeline/answer_sheets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "models/id.h"

namespace invigil {
namespace {

constexpr std::uint16_t kNone = 0xFFFF;
constexpr std::size_t kMostWords = 60'000;  // different items, answers or seats; beyond it a client is not describing an exam
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kTimedShare = 0.5;  // of the answers; with fewer known times nothing is said about pace

void note(std::vector<AnswerNote>& notes, const char* code, double n) {
  AnswerNote& out = notes.emplace_back();
  out.set_code(code);
  out.set_n(n);
}

bool is_answer(TestEventType type) { return type == ITEM_ANSWERED || type == ANSWER_CHANGED; }

/// What a candidate's walk through the events has come to for one item.
struct Cell {
  std::uint16_t label = kNone;
  std::int64_t at_us = 0;
  std::int32_t commit = -1;
  std::uint64_t seq = 0;
  std::uint16_t seat = kNone;
  double visited_s = 0;  // on visits so far
  double seconds = kUnknown;
};

/// One candidate's events, in order: final answers, changes, time on each item.
struct Walk {
  std::map<std::uint16_t, Cell> cells;
  struct Change {
    std::uint16_t item, from, to;
    std::int64_t at_us;
  };
  std::vector<Change> changes;
  std::map<std::uint16_t, int> answers_at;  // by seat

  void open(std::uint16_t item, std::int64_t at_us, std::int64_t client_ms, std::uint16_t seat) {
    open_item = item, since_us = at_us, since_ms = client_ms, since_seat = seat;
  }
  double since_open(std::int64_t at_us, std::int64_t client_ms, std::uint16_t seat) const {
    if (seat == since_seat && since_ms > 0 && client_ms >= since_ms) return static_cast<double>(client_ms - since_ms) / 1e3;
    return std::max(0.0, static_cast<double>(at_us - since_us) / 1e6);
  }
  std::uint16_t open_item = kNone, since_seat = kNone;
  std::int64_t since_us = 0, since_ms = 0;
};

}  // namespace

std::string normal_answer(std::string_view answer) {
  std::string out;
  for (const char c : answer)
    if (c != ',') out += c;
  std::sort(out.begin(), out.end());
  return out;
}

std::uint16_t AnswerSheets::Interned::of(std::string_view word) {
  const auto known = index.find(word);
  if (known != index.end()) return known->second;
  if (words.size() >= kMostWords) return kNone;
  const auto fresh = static_cast<std::uint16_t>(words.size());
  words.emplace_back(word);
  index.emplace(words.back(), fresh);
  return fresh;
}

AnswerSheets::AnswerSheets(const Plan& plan, const Session& session, Instant opened) : session_(session.id()), opened_(opened) {
  replan(plan, session);
}

void AnswerSheets::replan(const Plan& plan, const Session& session) {
  paper_ = session.paper();
  institution_ = plan.institution().id();
  centre_ = plan.centre().id();
  rooms_.assign(session.rooms().begin(), session.rooms().end());
  roster_.clear();
  institution_of_.clear();
  for (const Candidate& candidate : session.roster()) {
    roster_.push_back(candidate.id());
    if (!candidate.institution().empty()) institution_of_[candidate.id()] = candidate.institution();
  }
  assignments_.assign(session.assignments().begin(), session.assignments().end());
  assigned_to_.clear();
  for (std::size_t i = 0; i < assignments_.size(); ++i) assigned_to_[assignments_[i].seat()].push_back(static_cast<int>(i));
  seats_.clear();
  for (const Room& room : plan.centre().rooms()) {
    if (std::find(rooms_.begin(), rooms_.end(), room.id()) == rooms_.end()) continue;
    for (const Seat& seat : room.seats()) seats_.emplace(seat.id(), std::pair(room.id(), seat));
  }
}

bool AnswerSheets::take(const Source& source, const TestEvent& event) {
  if (event.session() != session_) return false;
  const bool visit = event.type() == ITEM_SHOWN || event.type() == ASSESSMENT_PAUSED || event.type() == ASSESSMENT_RESUMED ||
                     event.type() == ASSESSMENT_SUBMITTED;
  if (!visit && !is_answer(event.type())) return false;
  Entry e;
  e.at_us = event.agent_us();
  e.client_ms = event.client_mono_ms();
  e.client_seq = event.client_seq();
  e.seq = source.seq;
  e.type = event.type();
  e.seat = seat_names_.of(event.seat());
  e.item = event.item().empty() ? kNone : items_.of(event.item());
  if (e.seat == kNone) return false;
  if (is_answer(e.type)) {
    if (e.item == kNone) return false;
    e.label = labels_.of(normal_answer(event.answer()));
    e.previous = event.previous_answer().empty() ? kNone : labels_.of(normal_answer(event.previous_answer()));
    if (e.label == kNone) return false;
    e.commit = static_cast<std::int32_t>(hashes_.size());
    auto& hash = hashes_.emplace_back();
    std::copy_n(source.hash.begin(), std::min(source.hash.size(), hash.size()), hash.begin());
  }
  entries_.push_back(e);
  if (!is_answer(e.type)) return false;
  if (latest_.size() <= e.seat) latest_.resize(std::size_t{e.seat} + 1);
  auto& of_seat = latest_[e.seat];
  if (of_seat.size() <= e.item) of_seat.resize(std::size_t{e.item} + 1, Latest{0, kNone});
  Latest& latest = of_seat[e.item];
  if (e.client_seq <= latest.client_seq) return false;
  latest = {e.client_seq, e.label};
  return true;
}

void AnswerSheets::take(const TestEventGap& gap) {
  if (gap.session() != session_ || gap.to_seq() < gap.from_seq()) return;
  if (const std::uint16_t seat = seat_names_.of(gap.seat()); seat != kNone) gaps_[seat].emplace_back(gap.from_seq(), gap.to_seq());
}

const Seat* AnswerSheets::seat(std::string_view id) const {
  const auto at = seats_.find(id);
  return at == seats_.end() ? nullptr : &at->second.second;
}

std::string AnswerSheets::room_of(std::string_view seat) const {
  const auto at = seats_.find(seat);
  return at == seats_.end() ? std::string() : at->second.first;
}

/// Whose people a candidate is: who trained or employs them; where the plan does not say it, who examines them.
SeatPlace AnswerSheets::place_of(const std::string& seat, const std::string& candidate) const {
  const auto own = institution_of_.find(candidate);
  const std::string& institution = own == institution_of_.end() ? institution_ : own->second;
  const auto at = seats_.find(seat);
  if (at == seats_.end()) return {institution, centre_, "", 0, 0};
  return {institution, centre_, at->second.first, static_cast<int>(at->second.second.row()), static_cast<int>(at->second.second.column())};
}

/// Whose answers a seat's were at a time; -1 when nobody was assigned to it. Outside every interval: the latest before, else the first.
int AnswerSheets::assignment_at(std::uint16_t seat, std::int64_t at_us) const {
  int best = -1;
  std::int64_t best_from = 0;
  const auto of_seat = assigned_to_.find(seat_names_.words[seat]);
  if (of_seat == assigned_to_.end()) return best;
  for (const int i : of_seat->second) {
    const SeatAssignment& a = assignments_[static_cast<std::size_t>(i)];
    const std::int64_t from = a.from_us() == 0 ? std::numeric_limits<std::int64_t>::min() : a.from_us();
    if (from <= at_us && (a.to_us() == 0 || at_us < a.to_us())) return i;
    const bool past = from <= at_us, best_past = best >= 0 && best_from <= at_us;
    if (best < 0 || (past && (!best_past || from > best_from)) || (!past && !best_past && from < best_from)) best = i, best_from = from;
  }
  return best;
}

/// The seats' events by seat and client number, each number once: a repeat says nothing new.
std::vector<const AnswerSheets::Entry*> AnswerSheets::in_order(std::int64_t until_us, double& missing) const {
  std::vector<const Entry*> order;
  for (const Entry& e : entries_)
    if (e.at_us <= until_us) order.push_back(&e);
  std::sort(order.begin(), order.end(), [](const Entry* x, const Entry* y) {
    return std::tie(x->seat, x->client_seq, x->seq) < std::tie(y->seat, y->client_seq, y->seq);
  });
  order.erase(std::unique(order.begin(), order.end(),
                          [](const Entry* x, const Entry* y) { return x->seat == y->seat && x->client_seq == y->client_seq; }),
              order.end());
  missing = 0;
  for (const auto& [seat, ranges] : gaps_)
    for (const auto& [from, to] : ranges) {
      const auto low = std::lower_bound(order.begin(), order.end(), std::pair(seat, from),
                                        [](const Entry* e, const auto& key) { return std::pair(e->seat, e->client_seq) < key; });
      const auto high = std::upper_bound(low, order.end(), std::pair(seat, to),
                                         [](const auto& key, const Entry* e) { return key < std::pair(e->seat, e->client_seq); });
      missing += static_cast<double>(to - from) + 1 - static_cast<double>(high - low);
    }
  return order;
}

/// Items that are compared, with a code for each answer: those of the paper, else what was chosen, the most frequent first.
std::vector<AnswerSheets::Column> AnswerSheets::columns(const std::map<std::uint16_t, std::map<std::uint16_t, int>>& chosen,
                                                        AnswerMatrix& out) const {
  std::vector<Column> made;
  std::set<std::uint16_t> on_paper;
  const std::set<std::string_view> known_beforehand(paper_.known_items().begin(), paper_.known_items().end());
  double unkeyed = 0, unknown_answers = 0, unknown_items = 0;
  for (const PaperItem& item : paper_.items()) {
    const auto known = items_.index.find(item.id());
    const std::uint16_t id = known == items_.index.end() ? kNone : known->second;
    if (id != kNone) on_paper.insert(id);
    if (item.key().empty()) {
      ++unkeyed;
      continue;
    }
    Column column;
    column.item = id;
    const auto answers = id == kNone ? chosen.end() : chosen.find(id);
    const std::string key = normal_answer(item.key());
    if (item.options_size() > 0) {
      for (const std::string& option : item.options()) column.options.push_back(normal_answer(option));
    } else {
      std::vector<std::pair<int, std::string>> seen;
      if (answers != chosen.end())
        for (const auto& [label, count] : answers->second)
          if (const std::string& word = labels_.words[label]; !word.empty() && word != key) seen.emplace_back(-count, word);
      std::sort(seen.begin(), seen.end());
      if (seen.size() > kMaxOptions - 1) seen.resize(kMaxOptions - 1);
      column.options.push_back(key);
      for (auto& [count, word] : seen) column.options.push_back(std::move(word));
      std::sort(column.options.begin(), column.options.end());
    }
    if (column.options.size() < 2) column.options.emplace_back("-");  // everybody chose the key: a wrong answer stays possible
    const auto right = std::find(column.options.begin(), column.options.end(), key);
    if (right == column.options.end() || column.options.size() > kMaxOptions) {  // a plan from elsewhere: import refuses it
      ++unkeyed;
      continue;
    }
    column.key = static_cast<std::int8_t>(right - column.options.begin());
    if (answers != chosen.end())
      for (const auto& [label, count] : answers->second) {
        const auto at = std::find(column.options.begin(), column.options.end(), labels_.words[label]);
        if (at != column.options.end())
          column.code[label] = static_cast<std::int8_t>(at - column.options.begin());
        else if (!labels_.words[label].empty())
          unknown_answers += count;
      }
    out.exam.items.push_back(item.id());
    out.exam.options.push_back(column.options);
    out.exam.key.push_back(column.key);
    out.exam.bank_difficulty.push_back(item.has_difficulty() ? item.difficulty() : kUnknown);
    out.known_items.push_back(known_beforehand.contains(item.id()) ? 1 : 0);
    made.push_back(std::move(column));
  }
  for (const auto& [item, answers] : chosen) unknown_items += on_paper.count(item) == 0 ? 1 : 0;
  if (std::all_of(out.exam.bank_difficulty.begin(), out.exam.bank_difficulty.end(), [](double b) { return std::isnan(b); }))
    out.exam.bank_difficulty.clear();
  if (const auto n = std::count(out.known_items.begin(), out.known_items.end(), 1); n > 0)
    note(out.notes, "known_items", static_cast<double>(n));
  else
    out.known_items.clear();
  if (made.empty()) note(out.notes, "no_key", 0);
  if (unkeyed > 0 && !made.empty()) note(out.notes, "items_unkeyed", unkeyed);
  if (unknown_items > 0 && !made.empty()) note(out.notes, "items_unknown", unknown_items);
  if (unknown_answers > 0) note(out.notes, "answers_unknown", unknown_answers);
  return made;
}

AnswerMatrix AnswerSheets::matrix(Instant closed) const {
  AnswerMatrix out;
  double missing = 0;
  std::map<int, std::vector<const Entry*>> stints;  // by assignment
  std::set<std::uint16_t> unassigned;
  for (const Entry* e : in_order(closed.us, missing)) {
    if (const int assignment = assignment_at(e->seat, e->at_us); assignment >= 0)
      stints[assignment].push_back(e);
    else if (is_answer(e->type))
      unassigned.insert(e->seat);
  }
  std::map<std::string, std::vector<const std::vector<const Entry*>*>> of_candidate;
  for (const auto& [assignment, entries] : stints)
    of_candidate[assignments_[static_cast<std::size_t>(assignment)].candidate()].push_back(&entries);

  std::map<std::string, Walk> walks;
  std::map<std::uint16_t, std::map<std::uint16_t, int>> chosen;
  for (auto& [candidate, parts] : of_candidate) {
    std::sort(parts.begin(), parts.end(), [](const auto* x, const auto* y) {
      return std::pair(x->front()->at_us, x->front()->seat) < std::pair(y->front()->at_us, y->front()->seat);
    });
    Walk& walk = walks[candidate];
    for (const auto* part : parts)
      for (const Entry* e : *part) {
        if (e->type == ITEM_SHOWN || e->type == ASSESSMENT_PAUSED || e->type == ASSESSMENT_SUBMITTED) {
          if (walk.open_item != kNone) walk.cells[walk.open_item].visited_s += walk.since_open(e->at_us, e->client_ms, e->seat);
          walk.open(e->type == ITEM_SHOWN ? e->item : kNone, e->at_us, e->client_ms, e->seat);
        } else if (is_answer(e->type)) {
          Cell& cell = walk.cells[e->item];
          if (walk.open_item == e->item) {
            cell.visited_s += walk.since_open(e->at_us, e->client_ms, e->seat);
            walk.open(e->item, e->at_us, e->client_ms, e->seat);
          }
          const std::uint16_t before = cell.commit >= 0 ? cell.label : e->previous;  // the first may have been lost
          const bool both = before != kNone && !labels_.words[before].empty() && !labels_.words[e->label].empty();
          if (both && before != e->label) walk.changes.push_back({e->item, before, e->label, e->at_us});
          cell.label = e->label, cell.at_us = e->at_us, cell.commit = e->commit, cell.seq = e->seq, cell.seat = e->seat;
          cell.seconds = cell.visited_s > 0 ? cell.visited_s : kUnknown;
          ++walk.answers_at[e->seat];
        }
      }
    for (const auto& [item, cell] : walk.cells)
      if (cell.commit >= 0) ++chosen[item][cell.label];
    for (const auto& change : walk.changes) chosen[change.item].try_emplace(change.from, 0);
  }

  const std::vector<Column> made = columns(chosen, out);
  std::vector<std::string> order = roster_;
  const std::set<std::string_view> on_roster(roster_.begin(), roster_.end());
  for (const auto& [candidate, walk] : walks)
    if (!on_roster.contains(candidate)) order.push_back(candidate);
  double answered = 0, timed = 0;
  ExamData& exam = out.exam;
  for (const std::string& candidate : order) {
    const auto at = walks.find(candidate);
    if (at == walks.end()) continue;
    const Walk& walk = at->second;
    std::vector<std::int8_t> row(made.size(), kNoAnswer);
    std::vector<double> row_seconds(made.size(), kUnknown), row_commit(made.size(), kUnknown);
    SheetPerson person{candidate, "", "", std::vector<Source>(made.size())};
    bool any = false;
    for (std::size_t j = 0; j < made.size(); ++j) {
      const auto cell = walk.cells.find(made[j].item);
      if (made[j].item == kNone || cell == walk.cells.end() || cell->second.commit < 0) continue;
      const auto code = made[j].code.find(cell->second.label);
      if (code == made[j].code.end()) continue;  // taken back, or no option of this item
      row[j] = code->second;
      row_commit[j] = static_cast<double>(cell->second.at_us - opened_.us) / 1e6;
      row_seconds[j] = cell->second.seconds;
      const auto& hash = hashes_[static_cast<std::size_t>(cell->second.commit)];
      person.committed_in[j] = {seat_stream(centre_, session_, seat_names_.words[cell->second.seat]), cell->second.seq,
                                std::string(hash.begin(), hash.end())};
      ++answered, timed += row_seconds[j] > 0 ? 1 : 0, any = true;
    }
    if (!any) continue;
    int most = 0;
    for (const auto& [seat, count] : walk.answers_at)
      if (count > most) most = count, person.seat = seat_names_.words[seat];
    const int index = exam.candidate_count();
    for (const auto& change : walk.changes)
      for (std::size_t j = 0; j < made.size(); ++j) {
        if (made[j].item != change.item) continue;
        const auto from = made[j].code.find(change.from), to = made[j].code.find(change.to);
        if (from == made[j].code.end() || to == made[j].code.end()) continue;
        exam.changes.push_back(
            {index, static_cast<int>(j), static_cast<double>(change.at_us - opened_.us) / 1e6, from->second, to->second});
      }
    exam.candidates.push_back(candidate);
    exam.answers.insert(exam.answers.end(), row.begin(), row.end());
    exam.seconds.insert(exam.seconds.end(), row_seconds.begin(), row_seconds.end());
    exam.commit_s.insert(exam.commit_s.end(), row_commit.begin(), row_commit.end());
    exam.seats.push_back(place_of(person.seat, candidate));
    person.room = exam.seats.back().room;
    out.people.push_back(std::move(person));
  }
  if (timed < kTimedShare * answered) exam.seconds.clear();
  if (exam.seconds.empty() && answered > 0) note(out.notes, "no_times", 0);
  if (exam.candidates.empty() && !made.empty()) note(out.notes, "nobody_answered", 0);
  if (!unassigned.empty()) note(out.notes, "seats_unassigned", static_cast<double>(unassigned.size()));
  if (missing > 0) note(out.notes, "events_missing", missing);
  out.examinable = check_exam(exam).has_value();
  return out;
}

AnswerMatrix AnswerSheets::so_far(std::string_view room) const {
  AnswerMatrix out;
  std::map<std::uint16_t, std::map<std::uint16_t, int>> chosen;
  std::vector<std::uint16_t> here;
  for (std::size_t s = 0; s < latest_.size(); ++s) {
    if (!room.empty() && room_of(seat_names_.words[s]) != room) continue;
    here.push_back(static_cast<std::uint16_t>(s));
    for (std::size_t i = 0; i < latest_[s].size(); ++i)
      if (latest_[s][i].label != kNone) ++chosen[static_cast<std::uint16_t>(i)][latest_[s][i].label];
  }
  const std::vector<Column> made = columns(chosen, out);
  for (const std::uint16_t s : here) {
    std::vector<std::int8_t> row(made.size(), kNoAnswer);
    bool any = false;
    for (std::size_t j = 0; j < made.size(); ++j) {
      if (made[j].item >= latest_[s].size()) continue;
      const auto code = made[j].code.find(latest_[s][made[j].item].label);
      if (code != made[j].code.end()) row[j] = code->second, any = true;
    }
    if (!any) continue;
    const std::string& seat = seat_names_.words[s];
    out.exam.candidates.push_back(seat);
    out.exam.answers.insert(out.exam.answers.end(), row.begin(), row.end());
    out.exam.seats.push_back(place_of(seat, ""));
    out.people.push_back({seat, out.exam.seats.back().room, seat, {}});
  }
  out.examinable = check_exam(out.exam).has_value();
  return out;
}

}  // namespace invigil
