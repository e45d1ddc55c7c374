#pragma once
// Second lines of evidence about pairs, judged only by the exam's own pairs: pace that moves together, answers committed right after
// another's.

#include <vector>

#include "analysis/forensics/findings/seat_families.h"
#include "analysis/forensics/hypotheses/pair_scan.h"

namespace invigil {

/// Adds "rt_profile" and PairFinding::pace_z. Two questions, joined by the harmonic mean of their p: does the pace move with that of the
/// one closest in pace, among all partners; and with that of the ten most alike in answers, one test, for they were chosen by the answers:
/// it tells a ring, of whose likeness in pace each pair has a little. z and partner are of the smaller p. z is centred and scaled by
/// strangers; p comes from their tail (generalised Pareto, never bounded), since model tails of response times are wrong on real exams.
/// `closest` as PairEvidence gives it.
void add_pace(const ExamData& exam, const SeatFamilies& families, const std::vector<float>& pace, const std::vector<Closest>& closest,
              ExamFindings& out);

/// Adds "follow_lag": how often somebody committed the same answer within 15 s after a partner in the room (or one of the 200 pairs most
/// alike). Everybody in a room works on the same items from the same moment and shares its network, so the null is the room's pairs that do
/// not sit side by side, each room by its own median. Needs commit times.
void add_follow_lag(const ExamData& exam, const SeatFamilies& families, ExamFindings& out);

}  // namespace invigil
