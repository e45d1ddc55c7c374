#include "analysis/forensics/findings/canonical_order.h"

#include <algorithm>
#include <numeric>

namespace invigil {

CanonicalOrder::CanonicalOrder(const ExamData& exam) : sorted_(exam), given_(exam.candidates.size()) {
  std::iota(given_.begin(), given_.end(), 0);
  const auto id = [&](int i) -> const std::string& { return exam.candidates[static_cast<std::size_t>(i)]; };
  std::sort(given_.begin(), given_.end(), [&](int x, int y) { return id(x) < id(y); });
  std::vector<int> place(given_.size());
  const std::size_t items = exam.items.size();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    const auto from = static_cast<std::size_t>(given_[i]);
    place[from] = static_cast<int>(i);
    sorted_.candidates[i] = exam.candidates[from];
    if (!exam.seats.empty()) sorted_.seats[i] = exam.seats[from];
    for (std::size_t j = 0; j < items; ++j) {
      sorted_.answers[i * items + j] = exam.answers[from * items + j];
      if (!exam.seconds.empty()) sorted_.seconds[i * items + j] = exam.seconds[from * items + j];
      if (!exam.commit_s.empty()) sorted_.commit_s[i * items + j] = exam.commit_s[from * items + j];
    }
  }
  for (AnswerChange& change : sorted_.changes) change.candidate = place[static_cast<std::size_t>(change.candidate)];
}

ExamFindings CanonicalOrder::outward(ExamFindings findings) const {
  const auto given = [&](int i) { return i < 0 ? i : given_[static_cast<std::size_t>(i)]; };
  for (CandidateFinding& c : findings.candidates) {
    c.candidate = given(c.candidate);
    for (ChannelFinding& channel : c.channels) channel.partner = given(channel.partner);
  }
  std::sort(findings.candidates.begin(), findings.candidates.end(), [](const auto& x, const auto& y) { return x.candidate < y.candidate; });
  for (PairFinding& f : findings.pairs) f.pair.a = given(f.pair.a), f.pair.b = given(f.pair.b);
  for (RingFinding& ring : findings.rings) {
    for (int& i : ring.members) i = given(i);
    std::sort(ring.members.begin(), ring.members.end());
  }
  return findings;
}

}  // namespace invigil
