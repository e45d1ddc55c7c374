#pragma once
// Statistics of one pair of candidates, given how probable a match is on each item they share. Pure arithmetic.

#include <cstddef>
#include <span>

namespace invigil {

/// A standardised count of matches.
struct MatchStatistic {
  double expected = 0;  ///< Σ π
  double variance = 0;  ///< Σ π (1 - π)
  double z = 0;         ///< (matches - expected) / √variance; 0 when the variance is 0
  double p = 1;         ///< upper tail of the standard normal
};

/// ω (Wollack 1997; unconditional form Romero, Riascos & Jara 2015): `match_probability` π_j over the shared items, each in [0, 1].
/// With π_j = P(copier gives the source's answer) it is the directed ω, with π_j = Σ_k P_ak P_bk the undirected.
MatchStatistic omega(std::span<const double> match_probability, int matches);

/// Weighted ω (Trout & Gorney 2025): weights -log π, so that an improbable match counts more. `matched[j]` is 0 or 1.
MatchStatistic weighted_omega(std::span<const double> match_probability, std::span<const int> matched);

/// The generalised binomial test (van der Linden & Sotaridona 2006): P(at least `matches` matches), exact Poisson-binomial tail.
double gbt_tail(std::span<const double> match_probability, int matches);

/// gbt_tail() of kGbtLanes pairs side by side: `probability` [item][lane] (0 where that pair doesn't share the item), `matches` and `p` one
/// a lane. Fastest where the lanes have about as many matches.
void gbt_tails(std::span<const double> probability, std::size_t items, std::span<const int> matches, std::span<double> p);

/// M4 (Maynes 2014): exact trinomial over (identical right, identical wrong). `right[j]`, `wrong[j]` are their probabilities on item j.
/// The p-value sums the cells whose upper orthant is no more probable than that of what was observed.
double m4_tail(std::span<const double> right, std::span<const double> wrong, int right_matches, int wrong_matches);

/// P(Z ≥ z) of the standard normal, accurate far into the tail.
double normal_upper_tail(double z);

}  // namespace invigil
