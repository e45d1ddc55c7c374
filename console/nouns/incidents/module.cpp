#include "console/nouns/incidents/module.h"

#include "console/nouns/incidents/frames.h"
#include "console/nouns/incidents/projection.h"
#include "console/nouns/incidents/rights.h"

namespace invigil {

Noun incidents_noun() {
  return {.name = "incidents",
          .projection = incidents_projection(),
          .rights = {kReadIncidents, kGiveOpinions},
          .add_routes = add_incidents_routes,
          .pushes = {{"incident", false, incident_frame}, {"opinion", false, opinion_frame}}};
}

}  // namespace invigil
