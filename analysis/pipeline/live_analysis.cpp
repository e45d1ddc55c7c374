#include "analysis/pipeline/live_analysis.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "models/id.h"
#include "models/sync.h"

namespace invigil {
namespace {

constexpr auto kEndPatience = std::chrono::milliseconds(500);  // a program told to end has 2 s
constexpr Micros kShowAnswersEvery = millis(500);
constexpr auto kAnswersLive = std::chrono::seconds(300);  // until the close a page that opens later still sees them

Poco::Logger& logger() { return Poco::Logger::get("analysis.live"); }

bool is_derived(std::uint32_t kind) { return kind == OBSERVATION || kind == INCIDENT || kind == WATERMARK; }

std::string identity(std::string_view centre, std::string_view room, std::string_view payload) {
  return fmt::format("{}/{}/", centre, room) + bytes_of(sha256(payload));
}

}  // namespace

LiveAnalysis::LiveAnalysis(BrokerClient& client, const SigningKey& key, const Clock& clock, LiveOptions options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      sink_(client, key, clock, fmt::format("{:x}-{}", clock.now().us / 1'000'000, to_hex(random_bytes(4)))),
      turns_(static_cast<std::uint64_t>(std::clamp(options_.workers, 1, 64))),
      shared_{client, sink_, turns_, budget_, options_.nets, options_.samples_per_second},
      detect_(options_.room) {}

LiveAnalysis::~LiveAnalysis() = default;

bool LiveAnalysis::run(const std::stop_token& stop, const std::function<void()>& on_ready) {
  const std::stop_callback hurry(stop, [this] { sink_.never_wait(); });
  const auto follower = client_.follow(0, {});
  std::string epoch;
  bool another_log = false;
  while (!stop.stop_requested()) {
    const auto batch = follower->next(stop);
    if (!batch) {
      if (stop.stop_requested()) break;
      if (batch.error().code == ErrorCode::conflict) {
        another_log = true;
        logger().warning("beginning anew: " + batch.error().message);
        break;
      }
      logger().warning("the log cannot be followed: " + batch.error().message);
      pause_for(std::chrono::seconds(1), stop);
      continue;
    }
    if (sink_.broker_went_back() || (!epoch.empty() && !batch->epoch.empty() && batch->epoch != epoch)) {
      another_log = true;
      logger().warning("beginning anew: the log began a new epoch: it was restored, made anew, or went back");
      break;
    }
    if (!batch->epoch.empty()) epoch = batch->epoch;
    for (const FollowedRecord& record : batch->records) take(record);
    if (started_) show_answers();
    if (started_ || !batch->caught_up) continue;
    caught_up();
    show_answers();
    on_ready();
  }
  for (auto& [key, camera] : cameras_)
    if (camera.worker) camera.worker->request_stop();  // all at once: each may still wait for an answer
  cameras_.clear();                                    // joins the workers: none puts records any more
  if (another_log) sink_.never_wait();                 // what was derived from the other log has no place in this one
  sink_.stop(kEndPatience);
  return !another_log;
}

void LiveAnalysis::take(const FollowedRecord& record) {
  const std::uint32_t kind = record.header.kind();
  if (is_derived(kind)) {
    if (started_) return;  // our own, come back
    const auto stream = parse_stream(record.header.stream());
    if (stream && stream->cls == StreamClass::analysis) ++logged_[identity(stream->centre, stream->subject, record.record.payload)];
    return;
  }
  std::vector<DerivedRecord> derived = detect_.take(record);
  if (started_)
    say(std::move(derived));
  else
    std::move(derived.begin(), derived.end(), std::back_inserter(unsaid_));
  switch (kind) {
    case SESSION_OPENED:
    case SESSION_CLOSED: tend_rooms(); break;
    case VIDEO_PART: take_part(record); break;
    case SCENES: take_scenes(record); break;
    case CHECKPOINT: tend_rooms(); break;  // every minute: rooms that are done
    default: break;
  }
}

void LiveAnalysis::say(std::vector<DerivedRecord> derived) {
  if (derived.empty()) return;
  for (const DerivedRecord& d : derived) {
    if (d.kind != INCIDENT) continue;
    const std::int64_t lag = clock_.now().us - d.to.us;
    logger().information(fmt::format("incident in {}/{} {:.3f} s after it", d.centre, d.room, static_cast<double>(lag) / 1e6));
  }
  sink_.put(std::move(derived));
}

/// Figures to watch while rooms work: last values, never records. Flags of the same batch went out before.
void LiveAnalysis::show_answers() {
  const Instant now = clock_.now();
  if (now - answers_shown_ < kShowAnswersEvery && now >= answers_shown_) return;
  for (const RoomWatch& room : detect_.watch_answers()) {
    answers_shown_ = now;
    nlohmann::json pairs = nlohmann::json::array();
    for (const WatchedPair& p : room.watch.pairs)
      pairs.push_back({{"a", p.a},
                       {"b", p.b},
                       {"matches", p.matches},
                       {"expected", p.expected},
                       {"shared_items", p.shared_items},
                       {"shared_wrong", p.shared_wrong},
                       {"z", p.z}});
    const nlohmann::json value{
        {"session", room.session}, {"at_us", now.us}, {"candidates", room.watch.candidates}, {"items", room.watch.items}, {"pairs", pairs}};
    client_.publish(fmt::format("answers/{}/{}", room.centre, room.room), value.dump(), kAnswersLive);
  }
}

void LiveAnalysis::take_part(const FollowedRecord& record) {
  const auto stream = parse_stream(record.header.stream());
  auto part = parse_payload<VideoPart>(record.record.payload);
  if (!stream || !part || stream->cls != StreamClass::camera) return;
  const auto camera = cameras_.find({stream->centre, part->session(), part->camera()});
  if (camera == cameras_.end()) return;
  PartJob job;
  job.part = std::move(*part);
  job.ref.set_stream(record.header.stream());
  job.ref.set_seq(record.header.seq());
  job.ref.set_hash(bytes_of(record.hash));
  if (camera->second.worker)
    camera->second.worker->push(std::move(job));
  else
    camera->second.unseen.push_back(std::move(job));
}

void LiveAnalysis::take_scenes(const FollowedRecord& record) {
  if (started_) return;
  const auto stream = parse_stream(record.header.stream());
  const auto scenes = parse_payload<Scenes>(record.record.payload);
  if (!stream || !scenes) return;
  const auto found = cameras_.find({stream->centre, scenes->session(), scenes->camera()});
  if (found == cameras_.end()) return;
  Camera& camera = found->second;
  const auto first_unseen =
      std::find_if(camera.unseen.begin(), camera.unseen.end(), [&](const PartJob& job) { return job.ref.seq() > scenes->part().seq(); });
  for (auto job = camera.unseen.begin(); job != first_unseen; ++job) {
    if (job->part.starts_with_key()) camera.lead_in.clear();
    job->only_decode = true;
    camera.lead_in.push_back(std::move(*job));
  }
  camera.unseen.erase(camera.unseen.begin(), first_unseen);
}

/// Cameras for the rooms that have a session, none for the others.
void LiveAnalysis::tend_rooms() {
  std::set<CameraKey> wanted;
  for (const OpenRoom& room : detect_.rooms()) {
    for (const std::string& name : room.context.cameras) {
      const CameraKey key{room.context.centre, room.context.session, name};
      wanted.insert(key);
      Camera& camera = cameras_[key];
      if (started_ && !camera.worker) start_worker(key, room.context, camera);
    }
  }
  std::erase_if(cameras_, [&](const auto& entry) { return wanted.count(entry.first) == 0; });
}

void LiveAnalysis::start_worker(const CameraKey& key, const RoomContext& context, Camera& camera) {
  const std::string& name = std::get<2>(key);
  camera.worker = std::make_unique<PerceptWorker>(shared_, context, name, options_.plain_cameras.count(name) > 0);
  if (!camera.unseen.empty() && !camera.unseen.front().part.starts_with_key())
    for (PartJob& job : camera.lead_in) camera.worker->push(std::move(job));
  for (PartJob& job : camera.unseen) camera.worker->push(std::move(job));
  camera.lead_in.clear();
  camera.unseen.clear();
}

void LiveAnalysis::caught_up() {
  started_ = true;
  std::vector<DerivedRecord> missing;
  for (DerivedRecord& d : unsaid_) {
    const auto known = logged_.find(identity(d.centre, d.room, d.payload));
    if (known != logged_.end() && known->second > 0)
      --known->second;
    else
      missing.push_back(std::move(d));
  }
  const std::size_t said = missing.size();
  logger().information(fmt::format("caught up: {} derived records stand in the log, {} were missing", unsaid_.size() - said, said));
  say(std::move(missing));
  unsaid_.clear();
  logged_.clear();
  tend_rooms();
}

}  // namespace invigil
