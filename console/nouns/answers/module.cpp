#include "console/nouns/answers/module.h"

#include "console/nouns/answers/projection.h"
#include "console/nouns/answers/watch.h"

namespace invigil {

Noun answers_noun() {
  return {
      .name = "answers", .projection = answers_projection(), .add_routes = add_answers_routes, .hearings = {{kWatchPrefix, read_watch}}};
}

}  // namespace invigil
