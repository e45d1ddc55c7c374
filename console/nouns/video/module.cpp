#include "console/nouns/video/module.h"

#include "console/nouns/video/cameras.h"
#include "console/nouns/video/projection.h"
#include "console/nouns/video/rights.h"

namespace invigil {

Noun video_noun() {
  return {.name = "video",
          .projection = video_projection(),
          .rights = {kViewEvidence, kExportEvidence},
          .add_routes = add_video_routes,
          .pushes = {{"camera", false, camera_frame}, {"presence", false, presence_frame}}};
}

}  // namespace invigil
