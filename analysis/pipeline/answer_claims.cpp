#include "analysis/pipeline/answer_claims.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/detectors/parameters.h"
#include "analysis/forensics/findings/person_channels.h"
#include "analysis/forensics/hypotheses/multiple_testing.h"
#include "models/record.h"

namespace invigil {
namespace {

constexpr int kSimilarityNeeds = 20;      // as examine() has it; said beside the number
constexpr double kAlpha = 0.01;           // of the whole session, shared out over the families by examine()
constexpr std::size_t kListedPairs = 60;  // besides all significant ones
constexpr std::size_t kMostSources = 24;
constexpr std::size_t kMostBytes = kMaxPayloadBytes - 24 * 1024;  // of the findings; the rest of the observation is small
constexpr double kStrongScore = 1, kReviewScore = 0.5, kNoteScore = 0.2, kIncomplete = 0.7;

double rounded(double value) {
  if (!std::isfinite(value) || value == 0) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) && scale > 0 ? std::round(value * scale) / scale : value;
}

/// Everything needed to turn findings into words and numbers.
struct Telling {
  const AnswerSheets& sheets;
  const Parameters& parameters;
  const AnswerMatrix& matrix;
  const ExamFindings& findings;
  Instant closed;
  bool complete;
  std::vector<RoomClaim> out = {};

  const ExamData& exam() const { return matrix.exam; }
  const SheetPerson& person(int i) const { return matrix.people[static_cast<std::size_t>(i)]; }
  SuspicionLevel level(int i) const { return findings.candidates[static_cast<std::size_t>(i)].level; }
  double parameter(const char* name) const { return value_of(parameters, name); }

  bool flagged(const PairFinding& f) const { return f.q <= parameter("pair_q") || f.p_adjusted <= parameter("pair_holm"); }
  SuspicionLevel level(const PairFinding& f) const {
    if (!flagged(f)) return SuspicionLevel::none;
    return level(f.pair.a) == SuspicionLevel::strong && level(f.pair.b) == SuspicionLevel::strong ? SuspicionLevel::strong
                                                                                                  : SuspicionLevel::review;
  }
  static double score_of(SuspicionLevel l) {
    return l == SuspicionLevel::strong ? kStrongScore : l == SuspicionLevel::review ? kReviewScore : kNoteScore;
  }

  double pairs_of(PairFamily family) const {
    for (const FamilySize& f : findings.families)
      if (f.family == family) return static_cast<double>(f.pairs);
    return 0;
  }

  /// A claim about these candidates, over the whole session until it is narrowed.
  Claim about(const char* kind, const std::vector<int>& who, SuspicionLevel l, bool opens) const {
    Claim claim;
    claim.kind = kind;
    std::set<std::string> seats;
    for (const int i : who) seats.insert(person(i).seat);
    claim.seat = *seats.begin();
    claim.partners.assign(std::next(seats.begin()), seats.end());
    claim.from = sheets.opened();
    claim.to = closed;
    claim.score = score_of(l);
    claim.quality = complete ? 1 : kIncomplete;
    claim.opens_incident = opens;
    claim.words["level"] = name_of(l);
    if (opens) claim.figures["expected_false_flags"] = rounded(findings.expected_false_flags);
    return claim;
  }
  void say(Claim claim) {
    std::string room = sheets.room_of(claim.seat);
    if (room.empty() && !sheets.rooms().empty()) room = sheets.rooms().front();  // a seat the newest plan no longer has
    out.push_back({std::move(room), std::move(claim)});
  }

  /// The interval and the records of these candidates' answers to these items.
  void narrow(Claim& claim, const std::vector<int>& who, const std::vector<int>& items) const {
    Instant from{INT64_MAX}, to{};
    for (const int j : items)
      for (const int i : who) {
        const double at = exam().commit_s[static_cast<std::size_t>(i) * exam().items.size() + static_cast<std::size_t>(j)];
        if (std::isnan(at)) continue;
        from = std::min(from, sheets.opened() + seconds(at));
        to = std::max(to, sheets.opened() + seconds(at));
        if (claim.sources.size() < kMostSources) claim.sources.push_back(person(i).committed_in[static_cast<std::size_t>(j)]);
      }
    if (from <= to) claim.from = from, claim.to = to;
  }

  std::vector<int> shared_wrong(int a, int b) const {
    std::vector<int> items;
    for (int j = 0; j < exam().item_count(); ++j) {
      const std::int8_t answer = exam().row(a)[static_cast<std::size_t>(j)];
      if (answer != kNoAnswer && answer == exam().row(b)[static_cast<std::size_t>(j)] && !exam().right(a, j)) items.push_back(j);
    }
    return items;
  }

  void similar(const PairFinding& f, SuspicionLevel l, bool opens) {
    Claim claim = about("similar_answers", {f.pair.a, f.pair.b}, l, opens);
    const bool in_order = person(f.pair.a).seat <= person(f.pair.b).seat;
    claim.words["a"] = person(in_order ? f.pair.a : f.pair.b).candidate;
    claim.words["b"] = person(in_order ? f.pair.b : f.pair.a).candidate;
    claim.words["family"] = name_of(f.family);
    claim.words["model"] = f.model;
    auto& figures = claim.figures;
    figures["matches"] = f.pair.matches;
    figures["expected"] = rounded(f.pair.expected);
    figures["shared_wrong"] = f.pair.wrong_matches;
    figures["shared_items"] = f.pair.shared;
    figures["family_pairs"] = pairs_of(f.family);
    figures["z"] = rounded(f.pair.z_scaled);
    figures["p"] = rounded(f.p);
    figures["p_adjusted"] = rounded(f.p_adjusted);
    figures["q"] = rounded(f.q);
    narrow(claim, {f.pair.a, f.pair.b}, shared_wrong(f.pair.a, f.pair.b));
    say(std::move(claim));
  }

  /// Pairs, and rings of at least three as one incident each. Returns who has an incident.
  std::set<int> pairs() {
    std::set<int> named;
    std::map<int, std::size_t> ring_of;
    for (std::size_t r = 0; r < findings.rings.size(); ++r)
      for (const int i : findings.rings[r].members) ring_of[i] = r;
    std::map<std::size_t, double> best;  // of the rings that have a flagged pair
    for (const PairFinding& f : findings.pairs) {
      if (!flagged(f)) continue;
      const auto ring = ring_of.find(f.pair.a);
      const bool inside = ring != ring_of.end() && ring_of.count(f.pair.b) > 0 && ring_of[f.pair.b] == ring->second;
      if (inside) best[ring->second] = std::min(best.count(ring->second) > 0 ? best[ring->second] : 1.0, f.p_adjusted);
      similar(f, level(f), !inside);
      named.insert({f.pair.a, f.pair.b});
    }
    for (const auto& [r, p] : best) {
      const RingFinding& ring = findings.rings[r];
      SuspicionLevel highest = SuspicionLevel::review;
      for (const int i : ring.members) highest = std::max(highest, level(i));
      Claim claim = about("answer_ring", ring.members, highest, true);
      claim.figures["members"] = static_cast<double>(ring.members.size());
      claim.figures["pairs"] = ring.pairs;
      claim.figures["shared_wrong_items"] = static_cast<double>(ring.shared_wrong_items.size());
      claim.figures["p_adjusted"] = rounded(p);
      narrow(claim, ring.members, ring.shared_wrong_items);
      say(std::move(claim));
    }
    return named;
  }

  void channel(const CandidateFinding& c, const ChannelFinding& found, SuspicionLevel l, bool opens, std::set<std::pair<int, int>>& told) {
    const bool of_pair = found.partner >= 0;
    if (of_pair && found.name != "similarity" && !told.insert(std::minmax(c.candidate, found.partner)).second) return;
    if (found.name == "similarity") {
      const auto pair = std::find_if(findings.pairs.begin(), findings.pairs.end(), [&](const PairFinding& f) {
        return std::minmax(f.pair.a, f.pair.b) == std::minmax(c.candidate, found.partner);
      });
      if (pair != findings.pairs.end() && told.insert(std::minmax(c.candidate, found.partner)).second) similar(*pair, l, opens);
      return;
    }
    const char* kind = found.name == "speed"          ? "fast_and_good"
                       : found.name == "changes"      ? "answers_changed"
                       : found.name == "follow_lag"   ? "answers_follow"
                       : found.name == "rt_profile"   ? "similar_pace"
                       : found.name == "preknowledge" ? "knew_items"
                                                      : nullptr;
    if (kind == nullptr) return;
    std::vector<int> who{c.candidate};
    if (of_pair) who.push_back(found.partner);
    Claim claim = about(kind, who, l, opens && found.name != "rt_profile");
    claim.figures["p"] = rounded(found.p);
    if (of_pair) {
      claim.words["a"] = person(std::min(who[0], who[1])).candidate;
      claim.words["b"] = person(std::max(who[0], who[1])).candidate;
      claim.figures[found.name == "follow_lag" ? "follows" : "z"] = rounded(found.z);
    } else {
      claim.words["candidate"] = person(c.candidate).candidate;
      claim.figures["z"] = rounded(found.z);
    }
    if (found.name == "speed") claim.figures["right"] = c.score, claim.figures["answered"] = c.answered;
    if (found.name == "preknowledge") {
      std::vector<int> items;
      double right = 0, others = 0, others_right = 0;
      for (int j = 0; j < exam().item_count(); ++j) {
        if (!exam().answered(c.candidate, j)) continue;
        if (matrix.known_items[static_cast<std::size_t>(j)] != 0)
          items.push_back(j), right += exam().right(c.candidate, j);
        else
          ++others, others_right += exam().right(c.candidate, j);
      }
      claim.figures["known"] = static_cast<double>(items.size());
      claim.figures["known_right"] = right;
      claim.figures["others"] = others;
      claim.figures["others_right"] = others_right;
      narrow(claim, {c.candidate}, items);
    }
    if (found.name == "changes") {
      std::map<int, bool> ended;
      for (const AnswerChange& change : exam().changes)
        if (change.candidate == c.candidate && change.from != kNoAnswer && change.to != kNoAnswer &&
            exam().answered(c.candidate, change.item))
          ended[change.item] = exam().right(c.candidate, change.item);
      std::vector<int> items;
      items.reserve(ended.size());
      for (const auto& [item, right] : ended) items.push_back(item);
      claim.figures["changed"] = static_cast<double>(ended.size());
      claim.figures["changed_right"] =
          static_cast<double>(std::count_if(ended.begin(), ended.end(), [](const auto& e) { return e.second; }));
      narrow(claim, {c.candidate}, items);
    }
    say(std::move(claim));
  }

  void persons(const std::set<int>& named) {
    std::map<std::string, std::map<int, double>> adjusted;  // Holm over the candidates, by channel
    for (const char* name : {"changes", "follow_lag", "preknowledge"}) {
      std::vector<double> p;
      std::vector<int> who;
      for (const CandidateFinding& c : findings.candidates)
        if (const ChannelFinding* found = c.channel(name)) p.push_back(found->p), who.push_back(c.candidate);
      const auto holmed = holm(p);
      for (std::size_t i = 0; i < who.size(); ++i) adjusted[name][who[i]] = holmed[i];
    }
    const int quartile = first_quartile_score(findings.candidates);
    std::map<std::string, std::set<std::pair<int, int>>> told;
    for (const CandidateFinding& c : findings.candidates) {
      if (c.level == SuspicionLevel::none) continue;
      const auto convinces = [&](const ChannelFinding& found) {
        if (found.name == "speed") return found.z > parameter("fast_z") && c.score >= quartile;
        const auto of_channel = adjusted.find(found.name);
        return of_channel != adjusted.end() && of_channel->second.at(c.candidate) <= parameter("person_holm");
      };
      bool opened = named.count(c.candidate) > 0;
      const ChannelFinding* least = nullptr;
      for (const ChannelFinding& found : c.channels) {
        const bool convincing = c.level >= SuspicionLevel::review && convinces(found);
        if (found.name != "rt_profile" && (least == nullptr || found.p < least->p)) least = &found;
        if (found.name == "similarity" && opened) continue;  // said as a pair
        if (convincing)
          channel(c, found, c.level, true, told[found.name]);
        else if (found.p < parameter("note_p"))
          channel(c, found, SuspicionLevel::note, false, told[found.name]);
        opened = opened || convincing;
      }
      // Several weak signs together may have made the level: the strongest of them is put before a person.
      if (c.level >= SuspicionLevel::review && !opened && least != nullptr) channel(c, *least, c.level, true, told[least->name + " alone"]);
    }
  }

  AnswerFindings kept() const {
    AnswerFindings all;
    all.set_candidates(static_cast<std::uint32_t>(exam().candidates.size()));
    all.set_items_compared(static_cast<std::uint32_t>(exam().items.size()));
    all.set_keyed(!exam().items.empty());
    all.set_similarity_tested(findings.similarity_tested);
    if (findings.similarity_tested) all.add_models("omega_star");
    if (findings.nominal_used) all.add_models("omega_nominal");
    all.set_alpha(kAlpha);
    all.set_expected_false_flags(rounded(findings.expected_false_flags));
    all.set_pair_count(findings.pair_count);
    all.set_complete(complete);
    all.set_opened_us(sheets.opened().us);
    all.set_closed_us(closed.us);
    for (std::size_t j = 0; j < exam().items.size(); ++j) {
      AnsweredItem& item = *all.add_items();
      item.set_id(exam().items[j]);
      item.set_key(exam().options[j][static_cast<std::size_t>(exam().key[j])]);
    }
    for (const FamilySize& f : findings.families) {
      AnswerFamily& family = *all.add_families();
      family.set_family(name_of(f.family));
      family.set_pairs(f.pairs);
      family.set_alpha_share(f.alpha_share);
    }
    std::set<int> shown;  // whose answers are kept
    for (const PairFinding& f : findings.pairs) {
      if (!flagged(f) && static_cast<std::size_t>(all.pairs_size()) >= kListedPairs) continue;
      AnswerPair& pair = *all.add_pairs();
      pair.set_a(person(f.pair.a).candidate);
      pair.set_b(person(f.pair.b).candidate);
      pair.set_family(name_of(f.family));
      pair.set_model(f.model);
      pair.set_level(name_of(level(f)));
      pair.set_matches(static_cast<std::uint32_t>(f.pair.matches));
      pair.set_shared_items(static_cast<std::uint32_t>(f.pair.shared));
      pair.set_expected(rounded(f.pair.expected));
      pair.set_shared_wrong(static_cast<std::uint32_t>(f.pair.wrong_matches));
      pair.set_z(rounded(f.pair.z_scaled));
      pair.set_p(rounded(f.p));
      pair.set_p_adjusted(rounded(f.p_adjusted));
      pair.set_q(rounded(f.q));
      pair.set_gbt_p(rounded(f.gbt_p));
      pair.set_pace_z(rounded(f.pace_z));
      shown.insert({f.pair.a, f.pair.b});
    }
    for (const RingFinding& r : findings.rings) {
      AnswerRing& ring = *all.add_rings();
      for (const int i : r.members) ring.add_candidates(person(i).candidate);
      ring.set_pairs(static_cast<std::uint32_t>(r.pairs));
      for (const int j : r.shared_wrong_items) ring.add_shared_wrong_items(exam().items[static_cast<std::size_t>(j)]);
    }
    people(all, shown);
    for (const AnswerNote& n : matrix.notes) *all.add_notes() = n;
    if (findings.nominal_used) all.add_notes()->set_code("nominal_used");
    if (!complete) all.add_notes()->set_code("incomplete");
    cut(all);
    return all;
  }

  void people(AnswerFindings& all, const std::set<int>& shown) const {
    std::vector<const CandidateFinding*> order;
    for (const CandidateFinding& c : findings.candidates) order.push_back(&c);
    std::stable_sort(order.begin(), order.end(), [](const auto* x, const auto* y) { return x->suspicion > y->suspicion; });
    for (const CandidateFinding* c : order) {
      AnsweringCandidate& one = *all.add_people();
      const SheetPerson& who = person(c->candidate);
      one.set_candidate(who.candidate);
      one.set_room(who.room);
      one.set_seat(who.seat);
      one.set_score(static_cast<std::uint32_t>(c->score));
      one.set_answered(static_cast<std::uint32_t>(c->answered));
      one.set_suspicion(rounded(c->suspicion));
      one.set_level(name_of(c->level));
      for (const ChannelFinding& found : c->channels) {
        AnswerChannel& channel = *one.add_channels();
        channel.set_name(found.name);
        channel.set_p(rounded(found.p));
        channel.set_z(rounded(found.z));
        if (found.partner >= 0) channel.set_partner(person(found.partner).candidate);
      }
      if (c->level == SuspicionLevel::none && shown.count(c->candidate) == 0) continue;
      const auto row = exam().row(c->candidate);
      for (std::size_t j = 0; j < row.size(); ++j) {
        one.add_answers(row[j] == kNoAnswer ? std::string() : exam().options[j][static_cast<std::size_t>(row[j])]);
        const double at = exam().commit_s[static_cast<std::size_t>(c->candidate) * row.size() + j];
        one.add_committed_ms(std::isnan(at) ? -1 : std::llround(at * 1e3));
      }
    }
  }

  /// A record has a size limit: the least conspicuous go first, and that is said.
  static void cut(AnswerFindings& all) {
    double people = 0, pairs = 0;
    while (all.ByteSizeLong() > kMostBytes) {
      if (all.people_size() > 200) {
        const int step = std::max(1, all.people_size() / 20);
        for (int i = 0; i < step; ++i) all.mutable_people()->RemoveLast(), ++people;
      } else if (all.pairs_size() > 1) {
        for (int i = std::max(1, all.pairs_size() / 20); i > 0; --i) all.mutable_pairs()->RemoveLast(), ++pairs;
      } else if (all.people_size() > 0) {
        all.mutable_people()->RemoveLast(), ++people;
      } else {
        break;
      }
    }
    const auto say = [&](const char* code, double n) {
      if (n == 0) return;
      AnswerNote& note = *all.add_notes();
      note.set_code(code);
      note.set_n(n);
    };
    say("people_cut", people);
    say("pairs_cut", pairs);
  }
};

}  // namespace

std::vector<RoomClaim> answer_claims(const AnswerSheets& sheets, Instant closed, bool complete, const Parameters& parameters) {
  AnswerMatrix matrix = sheets.matrix(closed);
  ExamFindings findings;
  if (matrix.examinable) {
    AnalysisOptions how;
    how.known_items = matrix.known_items;
    findings = examine(matrix.exam, how);
    if (!findings.similarity_tested) {
      AnswerNote& few = matrix.notes.emplace_back();
      few.set_code("too_few_candidates");
      few.set_n(matrix.exam.candidate_count());
      few.set_least(kSimilarityNeeds);
    }
  }
  Telling telling{sheets, parameters, matrix, findings, closed, complete};
  telling.persons(telling.pairs());

  Claim summary;
  summary.kind = "answers_examined";
  summary.from = sheets.opened();
  summary.to = closed;
  summary.state = findings.similarity_tested ? PRESENT : UNKNOWN;
  summary.quality = complete ? 1 : kIncomplete;
  summary.opens_incident = false;
  auto findings_kept = std::make_shared<AnswerFindings>(telling.kept());
  for (const AnswerNote& note : findings_kept->notes()) summary.words["note_" + note.code()] = "1";
  const auto incidents = std::count_if(telling.out.begin(), telling.out.end(), [](const RoomClaim& c) { return c.claim.opens_incident; });
  summary.figures = {{"candidates", matrix.exam.candidate_count()},
                     {"items", matrix.exam.item_count()},
                     {"pairs", static_cast<double>(findings.pair_count)},
                     {"incidents", static_cast<double>(incidents)},
                     {"expected_false_flags", rounded(findings.expected_false_flags)}};
  summary.answers = std::move(findings_kept);
  const std::string first_room = sheets.rooms().empty() ? std::string() : sheets.rooms().front();
  telling.out.insert(telling.out.begin(), RoomClaim{first_room, std::move(summary)});
  return std::move(telling.out);
}

}  // namespace invigil
