// Claims that many different items were answered faster than anybody reads them.
// Rapid responses as a sign that an item was not worked on: Wise and Kong, Applied Measurement in Education 18(2), 2005.

#include <algorithm>
#include <deque>
#include <set>
#include <string>

#include "analysis/detectors/client_time.h"
#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"answers", 6, "items", "different ones: correcting one item back and forth is no burst, a run of five easy ones happens"},
    {"within_s", 10, "s", "six in it leave under 2 s an item; reading and clicking one takes 3 s even when the answer is known"},
};

class AnswerBurst final : public Detector {
 public:
  explicit AnswerBurst(const Parameters& p)
      : answers_(static_cast<std::size_t>(std::max(2.0, value_of(p, "answers")))), within_(seconds_of(p, "within_s")) {}

  void observe(const Stimulus& s, std::vector<Claim>& out) override {
    if (std::holds_alternative<AliveStimulus>(s.what)) {
      if (open_ && s.at - recent_.back().when.at > within_) close(out);
      return;
    }
    const auto* taken = std::get_if<EventStimulus>(&s.what);
    if (taken == nullptr) return;
    const TestEvent& event = *taken->event;
    if (event.type() != ITEM_ANSWERED && event.type() != ANSWER_CHANGED) return;

    const Answer now{moment_of(s, event), event.item()};
    if (open_ && apart(recent_.back().when, now.when) > within_) close(out);
    recent_.push_back(now);
    while (apart(recent_.front().when, now.when) > within_) recent_.pop_front();
    const std::size_t items = different();
    if (items >= answers_) {
      if (!open_) start(event);
      items_.insert(now.item);
      claim_.to = s.at;
      claim_.sources.resize(1);
      claim_.sources.push_back(s.source);
      if (!open_) {
        open_ = true;
        state(out, false);
      }
    } else if (open_) {
      close(out);
    }
  }

 private:
  struct Answer {
    Moment when;
    std::string item;
  };

  // The longer of both clocks' spans: answers delivered together after a network outage were given slowly by the client's clock,
  // and a client clock that stands still is contradicted by the agent's.
  static Micros apart(const Moment& a, const Moment& b) { return std::max(between(a, b), b.at > a.at ? b.at - a.at : Micros{0}); }

  std::size_t different() const {
    std::set<std::string_view> items;
    for (const Answer& a : recent_) items.insert(a.item);
    return items.size();
  }

  void start(const TestEvent& event) {
    claim_ = {};
    claim_.kind = "answer_burst";
    claim_.seat = event.seat();
    claim_.from = recent_.front().when.at;
    claim_.sources = {recent_.front().when.source};
    first_ = recent_.front().when;
    items_.clear();
    for (const Answer& a : recent_) items_.insert(a.item);
  }

  void state(std::vector<Claim>& out, bool closed) {
    const double span = std::max(in_seconds(apart(first_, recent_.back().when)), 0.001);
    const auto count = static_cast<double>(items_.size());
    claim_.closed = closed;
    claim_.score = std::clamp(0.4 + 0.3 * (count / static_cast<double>(answers_) - 1) + 0.3 * (1 - span / in_seconds(within_)), 0.4, 1.0);
    claim_.figures = {{"answers", count}, {"span_s", span}, {"seconds_per_answer", span / count}};
    out.push_back(claim_);
  }

  void close(std::vector<Claim>& out) {
    if (open_) state(out, true);
    open_ = false;
  }

  const std::size_t answers_;
  const Micros within_;
  std::deque<Answer> recent_;
  bool open_ = false;
  Moment first_;
  std::set<std::string> items_;
  Claim claim_;
};

}  // namespace

DetectorEntry answer_burst_detector() {
  return {"answer_burst",
          "1",
          Reach::one_seat,
          "answer_burst",
          0.5,
          30,
          "C2.1,C2.3",
          false,
          kParameters,
          [](const RoomContext&, const Parameters& p) -> std::unique_ptr<Detector> { return std::make_unique<AnswerBurst>(p); }};
}

}  // namespace invigil
