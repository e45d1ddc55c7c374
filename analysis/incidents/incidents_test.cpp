#include "analysis/incidents/incidents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

using testing::ElementsAre;

class Incidents : public testing::Test {
 protected:
  Incidents() : entry_(*find_detector("paste")) {}

  Claim paste_at(std::int64_t s, double score = 0.5) const {
    Claim claim;
    claim.kind = "paste";
    claim.seat = "A-01";
    claim.from = claim.to = Instant{s * 1'000'000};
    claim.score = score;
    claim.figures["chars"] = 40;
    claim.sources = {{"seat/c/s/A-01", static_cast<std::uint64_t>(s), std::string(32, 'h')}};
    return claim;
  }
  std::vector<Incident> take(const Claim& claim) {
    std::vector<Incident> out;
    book_.take(entry_, default_parameters(entry_), observation_of(claim, entry_, std::string(32, 'p'), context_), claim.opens_incident,
               !claim.closed, out);
    return out;
  }

  const RoomContext context_{"c", "r", "s", {"cam"}, {}, Instant{0}};
  const DetectorEntry& entry_;
  IncidentBook book_{context_, seconds(60)};
};

TEST_F(Incidents, ClaimsWithinTheGapAreOne) {
  const auto first = take(paste_at(100));
  const auto second = take(paste_at(160));
  const auto third = take(paste_at(221));
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 1U);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(first[0].id(), second[0].id());
  EXPECT_NE(second[0].id(), third[0].id());
  EXPECT_EQ(second[0].observations_size(), 2);
  EXPECT_EQ(second[0].from_us(), 100'000'000);
  EXPECT_EQ(second[0].to_us(), 160'000'000);
  EXPECT_GT(second[0].severity(), first[0].severity()) << "two claims weigh more than one";
  EXPECT_LE(second[0].severity(), entry_.severity);
  EXPECT_THAT(first[0].rule_candidates(), ElementsAre("C1.8", "C2.5"));
  EXPECT_EQ(first[0].explanation().key(), "paste");
  EXPECT_EQ(first[0].explanation().parameters().at("seat"), "A-01");
  EXPECT_EQ(first[0].explanation().figures().at("chars"), 40);
  EXPECT_FALSE(first[0].error_rate().measured());
  EXPECT_EQ(first[0].evidence(0).seq(), 100U);
}

TEST_F(Incidents, IdsDependOnEverythingThatMatters) {
  const Claim claim = paste_at(100);
  const std::string parameters(32, 'p');
  const std::string id = observation_of(claim, entry_, parameters, context_).id();
  EXPECT_EQ(id, observation_of(claim, entry_, parameters, context_).id());
  EXPECT_NE(id, observation_of(claim, entry_, std::string(32, 'q'), context_).id());
  EXPECT_NE(id, observation_of(paste_at(101), entry_, parameters, context_).id());
  Claim elsewhere = claim;
  elsewhere.seat = "A-02";
  EXPECT_NE(id, observation_of(elsewhere, entry_, parameters, context_).id());
  RoomContext other = context_;
  other.session = "s2";
  EXPECT_NE(id, observation_of(claim, entry_, parameters, other).id());
  Claim longer = claim;
  longer.to = longer.to + seconds(5);
  EXPECT_EQ(id, observation_of(longer, entry_, parameters, context_).id()) << "a claim that grows keeps its id";
}

TEST_F(Incidents, AnOpenClaimIsOngoingUntilItCloses) {
  Claim claim = paste_at(100);
  claim.closed = false;
  EXPECT_EQ(take(claim)[0].explanation().figures().count("ongoing"), 1U);
  claim.closed = true;
  claim.to = claim.from + seconds(9);
  const auto over = take(claim);
  EXPECT_EQ(over[0].explanation().figures().count("ongoing"), 0U);
  EXPECT_EQ(over[0].to_us(), 109'000'000);
}

TEST_F(Incidents, WhatIsOngoingEndsWithTheSession) {
  Claim claim = paste_at(100);
  claim.closed = false;
  take(claim);
  std::vector<Incident> out;
  book_.end_all(Instant{500'000'000}, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to_us(), 500'000'000);
  EXPECT_EQ(out[0].explanation().figures().count("ongoing"), 0U);
  out.clear();
  book_.end_all(Instant{600'000'000}, out);
  EXPECT_TRUE(out.empty());
}

TEST_F(Incidents, AClaimTakenBackWithdrawsItsIncident) {
  const Incident before = take(paste_at(100))[0];
  Claim gone = paste_at(100);
  gone.state = ABSENT;
  const auto out = take(gone);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_TRUE(out[0].withdrawn());
  EXPECT_EQ(out[0].supersedes(), before.id());
  EXPECT_NE(out[0].id(), before.id());
  EXPECT_TRUE(effective({before, out[0]}).empty());
}

TEST_F(Incidents, TheOtherClaimsOfAnIncidentStayWhenOneIsTakenBack) {
  take(paste_at(100));
  take(paste_at(130));
  Claim gone = paste_at(100);
  gone.state = UNKNOWN;
  const auto out = take(gone);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_FALSE(out[0].withdrawn());
  EXPECT_EQ(out[0].observations_size(), 1);
  EXPECT_EQ(out[0].from_us(), 130'000'000);
}

TEST_F(Incidents, UnknownAndTimelineOnlyClaimsOpenNothing) {
  Claim claim = paste_at(100);
  claim.state = UNKNOWN;
  EXPECT_TRUE(take(claim).empty());
  claim = paste_at(200);
  claim.opens_incident = false;
  EXPECT_TRUE(take(claim).empty());
}

TEST_F(Incidents, WorthIsSeverityPerMinute) {
  Incident incident;
  incident.set_severity(0.5);
  incident.set_review_seconds(30);
  EXPECT_DOUBLE_EQ(worth_per_minute(incident), 1.0);
}

}  // namespace
}  // namespace invigil
