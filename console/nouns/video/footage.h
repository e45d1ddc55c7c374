#pragma once
// Reels, and the parts and scenes of a camera, read from the log itself.

#include <cstdint>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "broker/platform/db/database.h"
#include "console/nouns/plans/plans.h"
#include "models/media.pb.h"
#include "models/result.h"
#include "models/scene.pb.h"

namespace invigil {

/// The parts of a camera that overlap [from, to), led by those back to the key frame the first of them needs; in order of time.
Result<std::vector<VideoPart>> read_parts(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& camera,
                                          std::int64_t from_us, std::int64_t to_us);

/// Scenes of a camera with from ≤ at < to, in order of time; of a frame seen twice (a worker restarted) the later one.
Result<std::vector<Scene>> read_scenes(Database& index, BrokerClient& broker, const SessionFacts& session, const std::string& room,
                                       const std::string& camera, std::int64_t from_us, std::int64_t to_us);

/// A stretch of a camera that begins at a key frame.
struct Reel {
  std::int64_t start_us = 0, end_us = 0;
};
/// By time.
Result<std::vector<Reel>> reels_of(Database& index, const std::string& session, const std::string& camera);
/// Which recorded intervals reach into [from, to), as a text that changes when video arrives late; "" = none.
Result<std::string> recorded_between(Database& index, const std::string& session, const std::string& camera, std::int64_t from_us,
                                     std::int64_t to_us);

}  // namespace invigil
