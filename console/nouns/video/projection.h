#pragma once
// This module's share of the index.

#include "console/index/projection.h"

namespace invigil {

/// Recorded intervals and reels, states of cameras, losses, presence: VIDEO_PART, CAMERA_STATUS, LOSS, PEER_PRESENCE.
Projection video_projection();

}  // namespace invigil
