#include "analysis/forensics/findings/exam_patterns.h"

#include <algorithm>

#include "analysis/forensics/hypotheses/multiple_testing.h"

namespace invigil {
namespace {

constexpr double kShownBelow = 0.05;

std::vector<ChangeBurst> bursts_of(const ExamData& exam, const RaschFit& rasch) {
  const auto changes = changes_by_candidate(exam);
  std::vector<ChangeBurst> all;
  std::vector<double> p;
  for (int i = 0; i < exam.candidate_count(); ++i)
    if (const ChangeBurst burst = change_burst(exam, rasch, i, changes[static_cast<std::size_t>(i)]); burst.candidate >= 0)
      all.push_back(burst), p.push_back(burst.p);
  const auto adjusted = holm(p);
  std::vector<ChangeBurst> out;
  for (std::size_t k = 0; k < all.size(); ++k) {
    all[k].p = adjusted[k];
    if (adjusted[k] < kShownBelow) out.push_back(all[k]);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.p < y.p; });
  return out;
}

}  // namespace

std::string room_name(const SeatPlace& seat) {
  if (seat.room.empty()) return {};
  return (seat.centre.empty() ? seat.institution : seat.centre) + " / " + seat.room;
}

ExamPatterns find_patterns(const ExamData& exam, const BankFigures& bank) {
  ExamPatterns out;
  out.drift = bank_drift(exam, bank);
  if (exam.changes.empty()) return out;
  const RaschFit rasch = fit_rasch(exam);
  out.bursts = bursts_of(exam, rasch);
  out.turned_right = turned_right(exam);
  if (exam.seats.empty()) return out;
  std::vector<std::string> rooms, institutions;
  for (const SeatPlace& seat : exam.seats) rooms.push_back(room_name(seat)), institutions.push_back(seat.institution);
  out.rooms = changes_by_group(exam, rasch, rooms);
  out.institutions = changes_by_group(exam, rasch, institutions);
  return out;
}

}  // namespace invigil
