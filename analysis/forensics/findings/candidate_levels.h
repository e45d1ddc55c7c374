#pragma once
// From channels to what a person should look at: levels, the ranking, and how many of the flags chance alone would raise.

#include "analysis/forensics/findings/exam_report.h"

namespace invigil {

/// Sets level and suspicion of every candidate and the expected numbers. Takes findings with all channels and adjusted pairs.
///
/// A candidate is at review (all rules together are what expected_false_flags counts) when
/// - pairs_fdr: a pair of theirs has Benjamini–Hochberg q ≤ .05 over all pairs: 2 · .05 · rejections_with_one_more();
/// - pairs_holm: a pair of theirs has weighted Holm p ≤ .01: 2 · .01 / .99;
/// - speed: z > 3.5 with a score not below the first quartile: candidates with times × fast_tail(3.5) × the share of good scores among all
///   or, where that is more, among the quick (z > 1);
/// - preknowledge, changes, follow_lag: Holm over the candidates at .05 ÷ the number of these channels the exam has: that level each;
/// and strong when two different kinds of evidence agree: two kinds below .001, or an adjacent pair with weighted Holm p ≤ .01 and another
/// kind below .01. Kinds: answers alike (similarity), times alike (rt_profile, follow_lag), pace (speed), knowledge (preknowledge),
/// changes.
/// - two_kinds: who is strong without being at review by the rules above: candidates × pairs of kinds × 1e-6 (kinds are nearly
/// independent).
///
/// Overwhelming likeness alone is not strong, whatever M4 and K2 add: they read the same answers, and what makes one of them wrong about a
/// pair (one teacher, one leaked key, two files of one person) makes all of them wrong. It is review, and first in the ranking.
///
/// suspicion = -log10 of the weighted harmonic mean of the channels' p (Wilson 2019): close to the smallest p where one stands out, without
/// forgetting the others, under any dependence. rt_profile has a twentieth of the weight of the others: it ranks rings well as a whole and
/// single candidates badly. Speed counts with the geometric mean of its t₅ and normal tails (a logarithmic pool of two models, Genest &
/// Zidek 1986). A channel the candidate does not have counts as p = ½.
void judge(ExamFindings& out);

}  // namespace invigil
