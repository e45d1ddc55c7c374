#include "analysis/forensics/findings/seat_families.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "analysis/forensics/exam/random_source.h"

namespace invigil {
namespace {

constexpr std::array<double, SeatFamilies::kCount> kAlphaShare{0.80, 0.15, 0.04, 0.01};
constexpr int kDrawsPerPair = 20;

std::string room_of(const SeatPlace& s) {
  if (s.room.empty()) return {};
  return (s.centre.empty() ? s.institution : s.centre) + " / " + s.room;
}

std::size_t index(PairFamily family) { return static_cast<std::size_t>(family); }

}  // namespace

SeatFamilies::SeatFamilies(const ExamData& exam)
    : exam_(&exam), n_(exam.candidate_count()), rooms_(exam.candidates.size()), partners_(exam.candidates.size()) {
  for (std::size_t i = 0; i < exam.seats.size(); ++i) rooms_[i] = room_of(exam.seats[i]);
  count();
  double open = 0;
  for (std::size_t f = 0; f < kCount; ++f) open += sizes_[f] > 0 ? kAlphaShare[f] : 0;
  for (std::size_t f = 0; f < kCount; ++f) shares_[f] = sizes_[f] > 0 ? kAlphaShare[f] / open : 0;
}

PairFamily SeatFamilies::of(int a, int b) const {
  if (!seated()) return PairFamily::other;
  const SeatPlace &x = exam_->seats[static_cast<std::size_t>(a)], &y = exam_->seats[static_cast<std::size_t>(b)];
  if (!room(a).empty() && room(a) == room(b))
    return x.row > 0 && y.row > 0 && std::abs(x.row - y.row) <= 1 && std::abs(x.column - y.column) <= 1 ? PairFamily::adjacent
                                                                                                        : PairFamily::same_room;
  const bool centre = !x.centre.empty() && x.centre == y.centre;
  return centre || same_institution(a, b) ? PairFamily::same_institution : PairFamily::other;
}

bool SeatFamilies::same_institution(int a, int b) const {
  if (!seated()) return false;
  const std::string& name = exam_->seats[static_cast<std::size_t>(a)].institution;
  return !name.empty() && name == exam_->seats[static_cast<std::size_t>(b)].institution;
}

void SeatFamilies::count() {
  std::map<std::string, std::vector<int>> by_room, by_institution, by_centre, by_both;
  for (int i = 0; i < n_ && seated(); ++i) {
    const SeatPlace& s = exam_->seats[static_cast<std::size_t>(i)];
    if (!room(i).empty()) by_room[room(i)].push_back(i);
    if (!s.institution.empty()) by_institution[s.institution].push_back(i);
    if (!s.centre.empty()) by_centre[s.centre].push_back(i);
    if (!s.institution.empty() && !s.centre.empty()) by_both[s.institution + '\n' + s.centre].push_back(i);
  }
  const std::size_t third = index(PairFamily::same_institution), last = index(PairFamily::other);
  for (const auto& [name, members] : by_room)
    for (std::size_t x = 0; x < members.size(); ++x)
      for (std::size_t y = x + 1; y < members.size(); ++y) {
        const int a = members[x], b = members[y];
        near_.emplace_back(a, b);
        const SeatPlace &p = exam_->seats[static_cast<std::size_t>(a)], &q = exam_->seats[static_cast<std::size_t>(b)];
        // Neighbours of one centre or institution are counted there below as well: taken out here.
        const bool counted_below = (!p.centre.empty() && p.centre == q.centre) || same_institution(a, b);
        for (const int i : {a, b}) {
          auto& own = partners_[static_cast<std::size_t>(i)];
          ++own[index(of(a, b))];
          if (counted_below) --own[third];
        }
      }
  const auto add = [&](const std::map<std::string, std::vector<int>>& groups, double sign) {
    for (const auto& [name, members] : groups)
      for (const int i : members) partners_[static_cast<std::size_t>(i)][third] += sign * static_cast<double>(members.size() - 1);
  };
  add(by_institution, 1), add(by_centre, 1), add(by_both, -1);
  for (auto& own : partners_) {
    own[last] = n_ - 1 - own[0] - own[1] - own[2];
    for (std::size_t f = 0; f < kCount; ++f) sizes_[f] += own[f] / 2;
  }
}

double SeatFamilies::tests_of(int candidate, PairFamily family) const {
  const auto& own = partners_[static_cast<std::size_t>(candidate)];
  double open = 0;
  for (std::size_t f = 0; f < kCount; ++f) open += own[f] > 0 ? kAlphaShare[f] : 0;
  const double share = open > 0 ? kAlphaShare[index(family)] / open : 1;
  return std::max(1.0, own[index(family)]) / share;
}

std::vector<FamilySize> SeatFamilies::listed() const {
  std::vector<FamilySize> out;
  for (std::size_t f = 0; f < kCount; ++f)
    if (sizes_[f] > 0) out.push_back({static_cast<PairFamily>(f), static_cast<std::uint64_t>(std::llround(sizes_[f])), shares_[f]});
  return out;
}

std::vector<std::pair<int, int>> SeatFamilies::strangers(std::size_t wanted, std::size_t limit) const {
  PairFamily nearest = PairFamily::same_room;  // the closest family still allowed
  for (const PairFamily far : {PairFamily::other, PairFamily::same_institution})
    if (size(far) >= static_cast<double>(wanted)) {
      nearest = far;
      break;
    }
  const auto far_enough = [&](int a, int b) { return of(a, b) >= nearest; };
  std::vector<std::pair<int, int>> out;
  if (const double all = 0.5 * n_ * (n_ - 1.0); all <= static_cast<double>(2 * limit)) {
    const auto stride = all > static_cast<double>(limit) ? 2 : 1;
    for (int a = 0, at = 0; a < n_; ++a)
      for (int b = a + 1; b < n_; ++b)
        if (far_enough(a, b) && at++ % stride == 0) out.emplace_back(a, b);
    return out;
  }
  RandomSource random(limit);
  for (std::size_t draw = 0; draw < kDrawsPerPair * limit && out.size() < limit; ++draw) {
    const int a = random.below(n_), b = random.below(n_);
    if (a != b && far_enough(a, b)) out.emplace_back(std::min(a, b), std::max(a, b));
  }
  return out;
}

}  // namespace invigil
