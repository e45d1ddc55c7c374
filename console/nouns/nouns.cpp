#include "console/nouns/nouns.h"

#include "console/nouns/acts/module.h"
#include "console/nouns/answers/module.h"
#include "console/nouns/detectors/module.h"
#include "console/nouns/incidents/module.h"
#include "console/nouns/plans/module.h"
#include "console/nouns/plans/rights.h"
#include "console/nouns/proof/module.h"
#include "console/nouns/sessions/module.h"
#include "console/nouns/users/module.h"
#include "console/nouns/video/module.h"
#include "console/nouns/video/rights.h"
#include "console/nouns/wall/module.h"

namespace invigil {

const std::vector<Noun>& all_nouns() {
  static const std::vector<Noun> kNouns{plans_noun(), sessions_noun(),  incidents_noun(), answers_noun(), video_noun(),
                                        wall_noun(),  detectors_noun(), proof_noun(),     acts_noun(),    users_noun()};
  return kNouns;
}

std::vector<Projection> all_projections() {
  std::vector<Projection> out;
  for (const Noun& noun : all_nouns())
    if (noun.projection.project != nullptr) out.push_back(noun.projection);
  return out;
}

std::vector<Action> all_actions() {
  std::vector<Action> out;
  for (const Noun& noun : all_nouns()) out.insert(out.end(), noun.rights.begin(), noun.rights.end());
  return out;
}

LiveTable live_table() {
  LiveTable out{.look = kReadSessions, .pictures = kViewEvidence};
  for (const Noun& noun : all_nouns()) {
    out.pushes.insert(out.pushes.end(), noun.pushes.begin(), noun.pushes.end());
    out.hearings.insert(out.hearings.end(), noun.hearings.begin(), noun.hearings.end());
  }
  return out;
}

void add_noun_routes(HttpServer& server, ConsoleContext& context) {
  for (const Noun& noun : all_nouns())
    if (noun.add_routes != nullptr) noun.add_routes(server, context);
}

}  // namespace invigil
