#include "analysis/forensics/exam_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "analysis/forensics/canonical_order.h"
#include "analysis/forensics/multiple_testing.h"
#include "analysis/forensics/pair_indices.h"
#include "analysis/forensics/pair_scan.h"
#include "analysis/forensics/person_channels.h"

namespace invigil {
namespace {

constexpr int kSimilarityNeeds = 20, kNominalNeeds = 300;
constexpr int kExactUpTo = 1000;             // candidates: below, every pair is compared in double
constexpr std::size_t kInstitutionNeeds = 200, kInstitutionSample = 100000;
constexpr double kReviewQ = 0.05, kPairHolm = 0.01, kFastZ = 3.5, kStrong = 1e-3, kPersonHolm = 0.05, kOverwhelming = 1e-4, kNote = 0.01;
constexpr std::array<double, 4> kAlphaShare{0.80, 0.15, 0.04, 0.01};

std::string room_of(const SeatPlace& s) {
  if (s.room.empty()) return {};
  return (s.centre.empty() ? s.institution : s.centre) + " / " + s.room;
}

/// 1 - (1 - p)^tests without losing small p.
double sidak(double p, double tests) { return p >= 1 ? 1 : -std::expm1(tests * std::log1p(-p)); }

struct Examination {
  const ExamData& exam;
  const AnalysisOptions& options;
  ExamFindings out;
  int n;
  RaschFit rasch;
  NominalFit nominal;
  ResponseTimeFit times;
  std::vector<float> pace;
  PairScan scan;
  std::vector<std::string> rooms;
  bool seated;

  Examination(const ExamData& e, const AnalysisOptions& o) : exam(e), options(o), n(e.candidate_count()), rasch(fit_rasch(e)), seated(!e.seats.empty()) {
    rooms.resize(static_cast<std::size_t>(n));
    if (seated)
      for (std::size_t i = 0; i < rooms.size(); ++i) rooms[i] = room_of(exam.seats[i]);
  }

  PairFamily family(int a, int b) const {
    if (!seated) return PairFamily::other;
    const SeatPlace &x = exam.seats[static_cast<std::size_t>(a)], &y = exam.seats[static_cast<std::size_t>(b)];
    const std::string& room = rooms[static_cast<std::size_t>(a)];
    if (!room.empty() && room == rooms[static_cast<std::size_t>(b)])
      return x.row > 0 && y.row > 0 && std::abs(x.row - y.row) <= 1 && std::abs(x.column - y.column) <= 1 ? PairFamily::adjacent : PairFamily::same_room;
    const bool centre = !x.centre.empty() && x.centre == y.centre;
    return centre || same_institution(a, b) ? PairFamily::same_institution : PairFamily::other;
  }
  bool same_institution(int a, int b) const {
    if (!seated) return false;
    const std::string& name = exam.seats[static_cast<std::size_t>(a)].institution;
    return !name.empty() && name == exam.seats[static_cast<std::size_t>(b)].institution;
  }

  void persons() {
    for (int i = 0; i < n; ++i) {
      CandidateFinding c;
      c.candidate = i;
      for (int j = 0; j < exam.item_count(); ++j) c.answered += exam.answered(i, j), c.score += exam.right(i, j);
      out.candidates.push_back(std::move(c));
    }
    const bool timed = !exam.seconds.empty();
    if (timed) {
      times = fit_response_times(exam);
      add_speed(exam, times, out.candidates);
      pace = pace_profiles(exam, times);
    }
    const auto known = std::count(options.known_items.begin(), options.known_items.end(), 1);
    if (known > 0 && known < exam.item_count()) add_preknowledge(exam, rasch, timed ? &times : nullptr, options.known_items, out.candidates);
    if (!exam.changes.empty()) add_changes(exam, rasch, out.candidates);
  }

  /// How many pairs each family has, and each candidate's partners in it.
  std::array<double, 4> sizes{};
  std::vector<std::array<double, 4>> partners;
  std::vector<std::pair<int, int>> near;  // pairs of one room
  void count_families() {
    partners.assign(static_cast<std::size_t>(n), {});
    std::map<std::string, std::vector<int>> by_room, by_institution, by_centre, by_both;
    for (int i = 0; i < n && seated; ++i) {
      const SeatPlace& s = exam.seats[static_cast<std::size_t>(i)];
      if (const auto& room = rooms[static_cast<std::size_t>(i)]; !room.empty()) by_room[room].push_back(i);
      if (!s.institution.empty()) by_institution[s.institution].push_back(i);
      if (!s.centre.empty()) by_centre[s.centre].push_back(i);
      if (!s.institution.empty() && !s.centre.empty()) by_both[s.institution + '\n' + s.centre].push_back(i);
    }
    const auto third = static_cast<std::size_t>(PairFamily::same_institution), last = static_cast<std::size_t>(PairFamily::other);
    for (const auto& [name, members] : by_room)
      for (std::size_t x = 0; x < members.size(); ++x)
        for (std::size_t y = x + 1; y < members.size(); ++y) {
          const auto f = static_cast<std::size_t>(family(members[x], members[y]));
          near.emplace_back(members[x], members[y]);
          for (const int i : {members[x], members[y]}) {
            ++partners[static_cast<std::size_t>(i)][f];
            // A neighbour of the same centre or institution is counted there below as well: taken out here.
            const SeatPlace &p = exam.seats[static_cast<std::size_t>(members[x])], &q = exam.seats[static_cast<std::size_t>(members[y])];
            if ((!p.centre.empty() && p.centre == q.centre) || same_institution(members[x], members[y])) --partners[static_cast<std::size_t>(i)][third];
          }
        }
    const auto add = [&](const std::map<std::string, std::vector<int>>& groups, double sign) {
      for (const auto& [name, members] : groups)
        for (const int i : members) partners[static_cast<std::size_t>(i)][third] += sign * static_cast<double>(members.size() - 1);
    };
    add(by_institution, 1), add(by_centre, 1), add(by_both, -1);
    for (auto& p : partners) {
      p[last] = n - 1 - p[0] - p[1] - p[2];
      for (std::size_t f = 0; f < 4; ++f) sizes[f] += p[f] / 2;
    }
  }

  std::array<double, 4> shares{};
  void share_alpha() {
    double open = 0;
    for (std::size_t f = 0; f < 4; ++f) open += sizes[f] > 0 ? kAlphaShare[f] : 0;
    for (std::size_t f = 0; f < 4; ++f) {
      shares[f] = sizes[f] > 0 ? kAlphaShare[f] / open : 0;
      if (sizes[f] > 0) out.families.push_back({static_cast<PairFamily>(f), static_cast<std::uint64_t>(std::llround(sizes[f])), shares[f]});
    }
  }

  /// Strangers of one institution: how much more alike they are than everybody (the same teacher, the same book).
  double offset_star = 0, offset_nominal = 0, spread_star = 1, spread_nominal = 1;
  void institution_null(const StarModel& star, const NominalModel* model) {
    if (!seated) return;
    std::map<std::string, std::vector<int>> members;
    for (int i = 0; i < n; ++i)
      if (const auto& name = exam.seats[static_cast<std::size_t>(i)].institution; !name.empty()) members[name].push_back(i);
    if (members.size() < 2) return;
    double all = 0;
    for (const auto& [name, m] : members) all += 0.5 * static_cast<double>(m.size()) * static_cast<double>(m.size() - 1);
    const auto stride = static_cast<std::size_t>(all / kInstitutionSample) + 1;
    std::vector<double> zs, zn;
    std::size_t at = 0;
    for (const auto& [name, m] : members)
      for (std::size_t x = 0; x < m.size(); ++x)
        for (std::size_t y = x + 1; y < m.size(); ++y) {
          if (at++ % stride != 0) continue;
          if (family(m[x], m[y]) <= PairFamily::same_room) continue;
          zs.push_back(star.compare(m[x], m[y]).z);
          if (model) zn.push_back(model->compare(m[x], m[y]).z);
        }
    if (zs.size() < kInstitutionNeeds) return;
    offset_star = std::max(0.0, median_of(zs) - star_median);
    spread_star = std::max(1.0, robust_sd(zs) / out.star_scale);
    if (model) {
      offset_nominal = std::max(0.0, median_of(zn) - scan.nominal_spread.median());
      spread_nominal = std::max(1.0, robust_sd(zn) / out.nominal_scale);
    }
    out.institution_offset = offset_star;
  }

  double star_median = 0;
  void similarity() {
    count_families();
    share_alpha();
    out.pair_count = static_cast<std::uint64_t>(n) * static_cast<std::uint64_t>(n - 1) / 2;
    if (n < kSimilarityNeeds) {
      out.notes.push_back(fmt::format("{} candidates: fewer than {}, so no similarity statistic is calculated; chance alone cannot be told from copying in so few answers", n, kSimilarityNeeds));
      return;
    }
    out.similarity_tested = true;
    out.nominal_used = n >= kNominalNeeds;
    if (out.nominal_used) nominal = fit_nominal(exam);
    scan = scan_pairs(exam, {&rasch, out.nominal_used ? &nominal : nullptr, pace.empty() ? nullptr : &pace, options.kept_pairs});
    const StarModel star(exam, rasch);
    if (n <= kExactUpTo) {
      std::vector<double> z;
      z.reserve(scan.pairs);
      for (int a = 0; a < n; ++a)
        for (int b = a + 1; b < n; ++b) z.push_back(star.compare(a, b).z);
      star_median = median_of(z);
      out.star_scale = ::invigil::star_scale(z);
    } else {
      star_median = scan.star_spread.median();
      out.star_scale = scan.star_spread.scale();
    }
    out.nominal_scale = out.nominal_used ? scan.nominal_spread.scale() : 1;
    std::optional<NominalModel> model;
    if (out.nominal_used) model.emplace(exam, nominal);
    institution_null(star, model ? &*model : nullptr);
    choose(star, model ? &*model : nullptr);
    adjust();
    calibrate();
    cross_check(model ? &*model : nullptr);
  }

  PairFinding exact(const StarModel& star, const NominalModel* model, int a, int b) const {
    PairFinding f;
    f.pair = star.compare(a, b);
    f.family = family(a, b);
    const bool inside = same_institution(a, b);
    f.z_star = (f.pair.z_corrected - (inside ? offset_star : 0)) / (out.star_scale * (inside ? spread_star : 1));
    f.pair.z_scaled = f.z_star;
    f.p = normal_upper_tail(f.z_star);
    f.z_nominal = std::numeric_limits<double>::quiet_NaN();
    if (model) {
      StarPair other = model->compare(a, b);
      f.z_nominal = other.z_scaled = (other.z - (inside ? offset_nominal : 0)) / (out.nominal_scale * (inside ? spread_nominal : 1));
      const double p = normal_upper_tail(f.z_nominal);
      if (p < f.p) f.pair = other, f.model = "omega_nominal", f.p = p;
      f.p = std::min(1.0, 2 * f.p);
    }
    f.pair.p = f.p;
    f.gbt_p = f.m4_p = f.k2_p = std::numeric_limits<double>::quiet_NaN();
    f.pace_z = std::numeric_limits<double>::quiet_NaN();
    return f;
  }

  double pace_of(int a, int b) const {
    if (pace.empty()) return std::numeric_limits<double>::quiet_NaN();
    const auto items = exam.items.size();
    double rho = 0;
    for (std::size_t j = 0; j < items; ++j)
      rho += static_cast<double>(pace[static_cast<std::size_t>(a) * items + j]) * static_cast<double>(pace[static_cast<std::size_t>(b) * items + j]);
    const double z = std::atanh(std::clamp(rho, -0.99999, 0.99999)) * std::sqrt(std::max(1.0, static_cast<double>(items) - 3));
    return (z - scan.pace_spread.median()) / scan.pace_spread.scale();
  }

  /// The pairs that get exact figures: the most similar, everybody's closest, and all of one room.
  void choose(const StarModel& star, const NominalModel* model) {
    std::set<std::pair<int, int>> chosen;
    for (const ScannedPair& p : scan.top) chosen.emplace(p.a, p.b);
    for (const auto* closest : {&scan.star, &scan.nominal})
      for (std::size_t i = 0; i < closest->size(); ++i)
        if (const int b = (*closest)[i].partner; b >= 0) chosen.emplace(std::min(static_cast<int>(i), b), std::max(static_cast<int>(i), b));
    chosen.insert(near.begin(), near.end());
    out.pairs.reserve(chosen.size());
    for (const auto& [a, b] : chosen) out.pairs.push_back(exact(star, model, a, b));
  }

  void adjust() {
    const auto count = out.pairs.size();
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::vector<double> ratio(count), weight(count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto f = static_cast<std::size_t>(out.pairs[i].family);
      weight[i] = shares[f] / sizes[f];
      ratio[i] = out.pairs[i].p / weight[i];
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return ratio[x] < ratio[y]; });
    double open = 1, worst = 0;  // pairs not chosen stay open: their weight is never given back
    for (const std::size_t i : order) {
      worst = std::max(worst, std::min(1.0, ratio[i] * open));
      out.pairs[i].p_adjusted = worst;
      open = std::max(0.0, open - weight[i]);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return out.pairs[x].p < out.pairs[y].p; });
    double least = 1;
    for (std::size_t k = count; k > 0; --k) {
      PairFinding& pair = out.pairs[order[k - 1]];
      least = std::min(least, pair.p * static_cast<double>(out.pair_count) / static_cast<double>(k));
      pair.q = least;
    }
    for (const PairFinding& pair : out.pairs)
      for (const auto& [one, other] : {std::pair{pair.pair.a, pair.pair.b}, std::pair{pair.pair.b, pair.pair.a}}) {
        const auto f = static_cast<std::size_t>(pair.family);
        const double tests = std::max(1.0, partners[static_cast<std::size_t>(one)][f]) / own_share(one, f);
        note_pair(out.candidates[static_cast<std::size_t>(one)], "similarity", sidak(pair.p, tests), pair.pair.z_scaled, other);
      }
    std::stable_sort(out.pairs.begin(), out.pairs.end(), [](const PairFinding& x, const PairFinding& y) {
      return x.p_adjusted != y.p_adjusted ? x.p_adjusted < y.p_adjusted : x.p != y.p ? x.p < y.p : std::pair(x.pair.a, x.pair.b) < std::pair(y.pair.a, y.pair.b);
    });
    if (!pace.empty()) {
      for (int i = 0; i < n; ++i)
        if (const Closest& c = scan.pace[static_cast<std::size_t>(i)]; c.partner >= 0) {
          const double z = pace_of(i, c.partner);
          note_pair(out.candidates[static_cast<std::size_t>(i)], "rt_profile", sidak(normal_upper_tail(z), n - 1.0), z, c.partner);
        }
      for (PairFinding& pair : out.pairs) pair.pace_z = pace_of(pair.pair.a, pair.pair.b);
    }
  }

  /// The share of α of a family among the families this candidate has partners in.
  double own_share(int candidate, std::size_t family) const {
    double open = 0;
    for (std::size_t f = 0; f < 4; ++f) open += partners[static_cast<std::size_t>(candidate)][f] > 0 ? kAlphaShare[f] : 0;
    return open > 0 ? kAlphaShare[family] / open : 1;
  }

  static void note_pair(CandidateFinding& candidate, const char* name, double p, double z, int partner) {
    for (ChannelFinding& channel : candidate.channels)
      if (channel.name == name) {
        if (p < channel.p || (p == channel.p && z > channel.z)) channel = {name, p, z, partner};
        return;
      }
    candidate.channels.push_back({name, p, z, partner});
  }

  void calibrate() {
    for (const double nominal_p : {0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001}) {
      if (nominal_p * static_cast<double>(out.pair_count) < 1) break;
      double z = 0;
      for (double low = 0, high = 10; high - low > 1e-9;) z = (low + high) / 2, (normal_upper_tail(z) > nominal_p ? low : high) = z;
      const double observed = static_cast<double>(scan.star_spread.at_least(z * out.star_scale)) / static_cast<double>(scan.pairs);
      out.calibration.push_back({nominal_p, observed});
    }
  }

  void cross_check(const NominalModel* model) {
    std::size_t listed = 0;
    for (PairFinding& f : out.pairs) {
      if (listed++ >= options.listed_pairs && f.p_adjusted > 0.05 && f.q > kReviewQ) break;
      std::vector<double> right, wrong;
      if (model) {
        model->match_probabilities(f.pair.a, f.pair.b, right, wrong);
      } else {
        for (int j = 0; j < exam.item_count(); ++j) {
          if (!exam.answered(f.pair.a, j) || !exam.answered(f.pair.b, j)) continue;
          const double pa = rasch_probability(rasch, f.pair.a, j), pb = rasch_probability(rasch, f.pair.b, j);
          double square = 0;
          for (const double share : rasch.wrong_share[static_cast<std::size_t>(j)]) square += share * share;
          right.push_back(pa * pb), wrong.push_back((1 - pa) * (1 - pb) * square);
        }
      }
      f.m4_p = m4_tail(right, wrong, f.pair.matches - f.pair.wrong_matches, f.pair.wrong_matches);
      for (std::size_t j = 0; j < right.size(); ++j) right[j] += wrong[j];
      f.gbt_p = gbt_tail(right, f.pair.matches);
      if (listed <= 50) f.k2_p = std::min(1.0, 2 * std::min(k2_tail(exam, f.pair.a, f.pair.b), k2_tail(exam, f.pair.b, f.pair.a)));
    }
  }

  void follow() {
    if (exam.commit_s.empty()) return;
    std::set<std::pair<int, int>> asked(near.begin(), near.end());
    for (std::size_t i = 0; i < std::min<std::size_t>(out.pairs.size(), 200); ++i) asked.emplace(out.pairs[i].pair.a, out.pairs[i].pair.b);
    std::vector<double> tests(static_cast<std::size_t>(n), 0);
    for (const auto& [a, b] : asked) ++tests[static_cast<std::size_t>(a)], ++tests[static_cast<std::size_t>(b)];
    for (const auto& [a, b] : asked) {
      const FollowLag lag = follow_lag(exam, a, b);
      for (const auto& [one, other] : {std::pair{a, b}, std::pair{b, a}})
        note_pair(out.candidates[static_cast<std::size_t>(one)], "follow_lag", sidak(lag.p, tests[static_cast<std::size_t>(one)]), lag.follows, other);
    }
  }

  void groups() {
    std::vector<std::pair<int, int>> conspicuous, significant;
    for (const PairFinding& f : out.pairs) {
      if (f.p < 0.01) conspicuous.emplace_back(f.pair.a, f.pair.b);
      if (f.q <= kReviewQ || f.p_adjusted <= kPairHolm) significant.emplace_back(f.pair.a, f.pair.b);
    }
    for (auto& members : invigil::rings(n, significant)) {
      RingFinding ring;
      ring.members = std::move(members);
      const std::set<int> inside(ring.members.begin(), ring.members.end());
      for (const auto& [a, b] : significant) ring.pairs += inside.contains(a);
      for (int j = 0; j < exam.item_count(); ++j) {
        std::map<std::int8_t, std::size_t> wrong;
        for (const int i : ring.members)
          if (exam.answered(i, j) && !exam.right(i, j)) ++wrong[exam.row(i)[static_cast<std::size_t>(j)]];
        for (const auto& [option, count] : wrong)
          if (2 * count > ring.members.size()) ring.shared_wrong_items.push_back(j);
      }
      out.rings.push_back(std::move(ring));
    }
    if (!seated || !out.similarity_tested) return;
    std::vector<std::string> institutions;
    for (const SeatPlace& s : exam.seats) institutions.push_back(s.institution);
    const std::vector<std::string> everywhere(institutions.size());
    out.rooms = group_patterns(rooms, institutions, conspicuous, options.permutations, 1);
    out.institutions = group_patterns(institutions, everywhere, conspicuous, options.permutations, 2);
  }

  void levels() {
    const int quartile = first_quartile_score(out.candidates);
    std::map<std::string, std::vector<double>> per_channel;
    double expected = 0;
    std::vector<bool> review(static_cast<std::size_t>(n)), adjacent(review), overwhelming(review);
    double flagged_pairs = 0;
    for (const PairFinding& f : out.pairs) {
      const bool holm = f.p_adjusted <= kPairHolm;
      if (f.q > kReviewQ && !holm) continue;
      ++flagged_pairs;
      const bool confirmed = f.p_adjusted < kOverwhelming && f.m4_p < kOverwhelming && f.k2_p < kStrong;
      for (const int i : {f.pair.a, f.pair.b}) {
        const auto at = static_cast<std::size_t>(i);
        review[at] = true;
        if (holm && f.family == PairFamily::adjacent) adjacent[at] = true;
        if (confirmed) overwhelming[at] = true;
      }
    }
    if (out.similarity_tested) expected += 2 * (0.1 + kReviewQ * flagged_pairs);
    for (const char* name : {"preknowledge", "changes", "follow_lag"}) {
      std::vector<double> p;
      std::vector<std::size_t> who;
      for (const auto& c : out.candidates)
        if (const auto* channel = c.channel(name)) p.push_back(channel->p), who.push_back(static_cast<std::size_t>(c.candidate));
      if (p.empty()) continue;
      expected += kPersonHolm;
      const auto adjusted = holm(p);
      for (std::size_t i = 0; i < p.size(); ++i)
        if (adjusted[i] <= kPersonHolm) review[who[i]] = true;
    }
    double eligible = 0;
    for (auto& c : out.candidates) {
      const auto at = static_cast<std::size_t>(c.candidate);
      if (const auto* speed = c.channel("speed"); speed && c.score >= quartile) {
        ++eligible;
        if (speed->z > kFastZ) review[at] = true;
      }
      int convincing = 0;
      double second = 1, ranking = 1, channels = 0;
      for (const auto& channel : c.channels) {
        convincing += channel.p < kStrong;
        if (channel.name != "similarity") second = std::min(second, channel.p);
        if (channel.name == "rt_profile") continue;  // ranks rings well and single candidates badly: a second line only
        // The normal tail keeps speed and similarity on one scale for ranking; what is quoted is the heavier tail.
        const double p = channel.name == "speed" && c.score >= quartile ? normal_upper_tail(channel.z) : channel.p;
        ranking = std::min(ranking, p), ++channels;
        if (channel.p < kNote) c.level = std::max(c.level, SuspicionLevel::note);
      }
      c.suspicion = -std::log10(std::max(ranking, 1e-300) * std::max(1.0, channels));
      if (review[at]) c.level = SuspicionLevel::review;
      if (convincing >= 2 || (adjacent[at] && second < kNote) || overwhelming[at]) c.level = SuspicionLevel::strong;
    }
    out.expected_false_flags = expected + eligible * speed_tail(kFastZ);
  }
};

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
  Examination examination(order.exam(), options);
  examination.persons();
  examination.similarity();
  examination.follow();
  examination.groups();
  examination.levels();
  return order.outward(std::move(examination.out));
}

}  // namespace invigil
