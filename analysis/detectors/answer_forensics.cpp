// Claims of a whole session's answers, made when it is closed: who is more alike than scores explain, who was too fast to have read.
// The entry alone; the methods are in analysis/forensics and what becomes a claim in analysis/pipeline/answer_claims.

#include "analysis/detectors/parameters.h"

namespace invigil {
namespace {

constexpr Parameter kParameters[] = {
    {"pair_q", 0.05, "q", "false discovery rate over all pairs at which a pair is put before a person; a list to look at, not a finding"},
    {"pair_holm", 0.01, "p", "family-wise error over all pairs of the session, shared out by how close they sat"},
    {"person_holm", 0.05, "p", "family-wise error over all candidates of one kind of personal evidence"},
    {"fast_z", 3.5, "robust sd",
     "faster than the session by so much, with a score of the upper three quarters: 19 of 30 such were flagged by the vendor of a "
     "licensure exam"},
    {"note_p", 0.01, "p", "a candidate's corrected p below it is noted, without an incident"},
};

}  // namespace

DetectorEntry answer_forensics_detector() {
  return {"answer_forensics",
          "1",
          Reach::whole_session,
          "similar_answers,answer_ring,fast_and_good,answers_changed,answers_follow,knew_items,similar_pace,answers_examined",
          0.8,
          180,
          "C2.1,C4.1,C3.1",
          false,
          kParameters,
          nullptr};
}

}  // namespace invigil
