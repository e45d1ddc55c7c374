#include "analysis/forensics/findings/exam_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "analysis/forensics/findings/candidate_levels.h"
#include "analysis/forensics/findings/canonical_order.h"
#include "analysis/forensics/findings/pair_channels.h"
#include "analysis/forensics/findings/pair_evidence.h"
#include "analysis/forensics/findings/person_channels.h"
#include "analysis/forensics/findings/seat_families.h"

namespace invigil {
namespace {

constexpr double kSignificantQ = 0.05, kSignificantHolm = 0.01, kConspicuous = 0.01;

std::vector<CandidateFinding> scores(const ExamData& exam) {
  std::vector<CandidateFinding> out(exam.candidates.size());
  for (int i = 0; i < exam.candidate_count(); ++i) {
    CandidateFinding& c = out[static_cast<std::size_t>(i)];
    c.candidate = i;
    for (int j = 0; j < exam.item_count(); ++j) c.answered += exam.answered(i, j), c.score += exam.right(i, j);
  }
  return out;
}

RingFinding describe_ring(const ExamData& exam, std::vector<int> members, const std::vector<std::pair<int, int>>& significant) {
  RingFinding ring;
  ring.members = std::move(members);
  const std::set<int> inside(ring.members.begin(), ring.members.end());
  for (const auto& pair : significant) ring.pairs += inside.contains(pair.first);
  for (int j = 0; j < exam.item_count(); ++j) {
    std::map<std::int8_t, std::size_t> wrong;
    for (const int i : ring.members)
      if (exam.answered(i, j) && !exam.right(i, j)) ++wrong[exam.row(i)[static_cast<std::size_t>(j)]];
    for (const auto& [option, count] : wrong)
      if (2 * count > ring.members.size()) ring.shared_wrong_items.push_back(j);
  }
  return ring;
}

void add_groups(const ExamData& exam, const AnalysisOptions& options, const SeatFamilies& families, ExamFindings& out) {
  std::vector<std::pair<int, int>> conspicuous, significant;
  for (const PairFinding& f : out.pairs) {
    if (f.p < kConspicuous) conspicuous.emplace_back(f.pair.a, f.pair.b);
    if (f.q <= kSignificantQ || f.p_adjusted <= kSignificantHolm) significant.emplace_back(f.pair.a, f.pair.b);
  }
  for (auto& members : rings(exam.candidate_count(), significant))
    out.rings.push_back(describe_ring(exam, std::move(members), significant));
  if (!families.seated() || !out.similarity_tested) return;
  std::vector<std::string> institutions;
  for (const SeatPlace& s : exam.seats) institutions.push_back(s.institution);
  const std::vector<std::string> everywhere(institutions.size());
  out.rooms = group_patterns(families.rooms(), institutions, conspicuous, options.permutations, 1);
  out.institutions = group_patterns(institutions, everywhere, conspicuous, options.permutations, 2);
}

ExamFindings examine_sorted(const ExamData& exam, const AnalysisOptions& options) {
  ExamFindings out;
  out.candidates = scores(exam);
  const RaschFit rasch = fit_rasch(exam);
  const bool timed = !exam.seconds.empty();
  ResponseTimeFit times;
  std::vector<float> pace;
  if (timed) {
    times = fit_response_times(exam);
    add_speed(exam, times, out.candidates);
    pace = pace_profiles(exam, times);
  }
  const auto known = std::count(options.known_items.begin(), options.known_items.end(), 1);
  if (known > 0 && known < exam.item_count()) add_preknowledge(exam, rasch, timed ? &times : nullptr, options.known_items, out.candidates);
  if (!exam.changes.empty()) add_changes(exam, rasch, out.candidates);
  const SeatFamilies families(exam);
  PairEvidence evidence(exam, options, families, rasch, pace);
  evidence.run(out);
  add_pace(exam, families, pace, evidence.closest_in_pace(), out);
  add_follow_lag(exam, families, out);
  add_groups(exam, options, families, out);
  judge(out);
  return out;
}

}  // namespace

const char* name_of(SuspicionLevel level) {
  constexpr std::array<const char*, 4> names{"none", "note", "review", "strong"};
  return names[static_cast<std::size_t>(level)];
}

const char* name_of(PairFamily family) {
  constexpr std::array<const char*, 4> names{"adjacent", "same_room", "same_institution", "other"};
  return names[static_cast<std::size_t>(family)];
}

const ChannelFinding* CandidateFinding::channel(const std::string& name) const {
  for (const ChannelFinding& c : channels)
    if (c.name == name) return &c;
  return nullptr;
}

ExamFindings examine(const ExamData& exam, const AnalysisOptions& options) {
  const CanonicalOrder order(exam);
  return order.outward(examine_sorted(order.exam(), options));
}

}  // namespace invigil
