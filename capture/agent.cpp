#include "capture/agent.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include "capture/cbt/cbt_routes.h"
#include "capture/status_page.h"
#include "models/id.h"
#include "models/record.h"
#include "models/sync.h"

namespace invigil {
namespace {

constexpr auto kPulse = std::chrono::seconds(1);
constexpr std::uint64_t kClockEvery = 10;            // beats
constexpr Micros kShowLostMemory = seconds(86'400);  // an exam day

}  // namespace

Agent::Agent(AgentOptions options, SigningKey key, const Clock& clock)
    : options_(std::move(options)),
      key_(std::move(key)),
      clock_(clock),
      stream_(agent_stream(options_.centre, options_.principal)),
      boot_id_(random_bytes(16)),
      plans_(options_.centre) {}

Result<std::unique_ptr<Agent>> Agent::start(AgentOptions options, SigningKey key, const Clock& clock) {
  for (const auto& [id, what] : {std::pair{options.principal, "principal"}, std::pair{options.centre, "centre"}})
    if (auto ok = check_id(id, what); !ok) return tl::make_unexpected(ok.error());
  for (const auto& [camera, source] : options.cameras) {
    if (auto ok = check_id(camera, "camera"); !ok) return tl::make_unexpected(ok.error());
    if (source.empty())
      return fail(ErrorCode::invalid, "camera " + camera + " has no address: give an rtsp:// address or a file", "cameras." + camera);
  }
  std::unique_ptr<Agent> agent(new Agent(std::move(options), std::move(key), clock));
  if (auto ok = agent->open_storage(); !ok) return tl::make_unexpected(ok.error());
  if (auto ok = agent->begin(); !ok) return tl::make_unexpected(ok.error());
  return agent;
}

Agent::~Agent() {
  // New things stop first, then what carries them; workers go last, the committer may still tell them of their parts.
  server_.reset();
  std::vector<std::jthread> stopping;
  for (auto& camera : cameras_) stopping.emplace_back([&camera] { camera->stop(); });
  stopping.clear();
  if (pulse_.joinable()) {
    pulse_.request_stop();
    pulse_.join();
  }
  if (committer_) {
    committer_->stop();
    if (intake_)
      if (const auto ok = memory().save(options_.data / "memory.json"); !ok) Poco::Logger::get("agent").error("%s", ok.error().message);
  }
  uplink_.reset();
  follower_.reset();
  client_.reset();
}

Result<> Agent::open_storage() {
  auto lock = DataLock::take(options_.data);
  if (!lock) return tl::make_unexpected(lock.error());
  lock_ = std::move(*lock);
  auto disk = PosixDisk::open_folder(options_.data / "log");
  if (!disk) return tl::make_unexpected(disk.error());
  log_disk_ = std::move(*disk);
  SegmentLogOptions log_options;
  log_options.segment_bytes = options_.segment_bytes;
  log_options.reserve_bytes = options_.event_reserve;
  auto log = SegmentLog::open(*log_disk_, log_options);
  if (!log) return tl::make_unexpected(log.error());
  log_ = std::move(*log);
  auto objects = FileObjectStore::open(options_.data / "objects", options_.event_reserve);
  if (!objects) return tl::make_unexpected(objects.error());
  objects_ = std::move(*objects);
  disk_ = std::make_unique<DiskWatch>(
      [disk = log_disk_.get()] {
        const auto free = disk->free_bytes();
        return free ? *free : 0;
      },
      options_.video_reserve);
  return {};
}

Result<> Agent::begin() {
  LoadedMemory loaded = AgentMemory::load(options_.data / "memory.json");
  if (!loaded.damage.empty()) Poco::Logger::get("agent").error("%s", loaded.damage);
  committer_ = std::make_unique<Committer>(*log_, key_, boot_id_, clock_, options_.failed);
  AgentStarted started;
  started.set_agent(options_.principal);
  started.set_centre(options_.centre);
  started.set_version(options_.version);
  started.set_boot_id(boot_id_);
  const LogRecovery& recovery = log_->recovery();
  const auto ok = committer_->commit([&](Drafting& out) {
    out.add(stream_, AGENT_STARTED, out.when(), started.SerializeAsString());
    if (recovery.torn_bytes == 0 && recovery.damage.empty()) return;
    Loss loss;
    loss.set_stream(stream_);
    loss.set_to_us(out.now().us);
    loss.set_cause(recovery.damage.empty() ? Loss::TORN_TAIL : Loss::CORRUPT);
    loss.set_bytes(recovery.torn_bytes);
    loss.set_detail(recovery.damage.empty() ? "an unfinished write, never acknowledged, was cut off"
                                            : "records of the agent's log are unreadable: " + recovery.damage.front().where);
    out.add(stream_, LOSS, out.when(), loss.SerializeAsString());
  });
  if (!ok) return ok;
  intake_ = std::make_unique<Intake>(options_.centre, *committer_, plans_, *log_, clock_);
  if (auto restored = intake_->restore_ledgers(loaded.memory.ledgers); !restored) {
    loaded.lost = true;
    loaded.damage = restored.error().message;
  }
  memory_lost_at_ = loaded.memory.lost_at;
  // The exam goes on: the log still shows most of what the memory held.
  if (loaded.lost)
    if (auto said = say_memory_lost(loaded.damage); !said) return said;
  const AgentMemory& memory = loaded.memory;
  if (options_.broker) {
    auto client = BrokerClient::connect(*options_.broker);
    if (!client) return tl::make_unexpected(client.error());
    client_ = std::move(*client);
  }
  follower_ = std::make_unique<RegistryFollower>(options_.centre, options_.data / "registry.cache", plans_, client_.get());
  begin_cameras(memory);
  if (options_.broker)
    if (auto up = begin_uplink(memory); !up) return up;
  if (auto http = begin_http(); !http) return http;
  pulse_ = std::jthread([this](const std::stop_token& stop) { pulse(stop); });
  return {};
}

Result<> Agent::say_memory_lost(const std::string& damage) {
  return committer_->commit([&](Drafting& out) {
    memory_lost_at_ = out.now();
    Loss loss;
    loss.set_stream(stream_);
    loss.set_to_us(out.now().us);
    loss.set_cause(Loss::CORRUPT);
    loss.set_detail("the agent's memory of what it deleted is lost (" + damage +
                    "): repeats of events deleted here are taken for new ones, and a broker that went back is not noticed by it");
    out.add(stream_, LOSS, out.when(), loss.SerializeAsString());
  });
}

Result<> Agent::begin_uplink(const AgentMemory& memory) {
  UplinkOptions options;
  {
    const MutexLock lock(known_mutex_);
    options.known = known_ = memory.known;
  }
  options.write_anew = [this](const std::string& stream, const StreamTip& theirs) { return committer_->write_anew(stream, theirs); };
  options.room_needed = [this] { return disk_->free_bytes() < options_.video_reserve + options_.video_reserve / 4; };
  options.name_hole = [this](const Loss& loss) -> Result<RecordRef> {
    RecordRef ref;
    const auto recorded = committer_->commit([&](Drafting& out) { ref = out.add(stream_, LOSS, out.when(), loss.SerializeAsString()); });
    if (!recorded) return tl::make_unexpected(recorded.error());
    return ref;
  };
  options.keep_covered = options_.keep_covered;
  options.before_deletion = [this](const Deletion& deletion) { return before_deletion(deletion); };
  auto uplink = Uplink::start(*log_, *objects_, *options_.broker, std::move(options), clock_);
  if (!uplink) return tl::make_unexpected(uplink.error());
  uplink_ = std::move(*uplink);
  committer_->set_nonce_source([this] { return uplink_->nonce(); });
  return {};
}

std::optional<Instant> Agent::last_video_end(const std::string& stream, const AgentMemory& memory) const {
  std::optional<Instant> end;
  if (const auto known = memory.cameras.find(stream); known != memory.cameras.end()) end = known->second;
  // The last part lies among the newest records: heads, states and losses are rare beside it.
  const std::uint64_t last = log_->tip(stream).seq;
  for (std::uint64_t back = 16; last > 0 && back <= 4096; back *= 16) {
    const auto records = log_->read_stream(stream, last > back ? last - back : 1, back + 1, 8 << 20);
    if (!records) continue;
    std::optional<Instant> found;
    for (const StoredRecord& stored : *records) {
      const auto header = parse_header(stored.record.header);
      if (!header) continue;
      if (header->kind() == VIDEO_PART)
        if (const auto part = parse_payload<VideoPart>(stored.record.payload)) found = Instant{part->start_us() + part->duration_us()};
      // A gap that is listed already is not listed again as the restart's.
      if (header->kind() == LOSS)
        if (const auto loss = parse_payload<Loss>(stored.record.payload))
          found = std::max(found.value_or(Instant{}), Instant{loss->to_us()});
    }
    if (found) return found;
  }
  return end;
}

void Agent::begin_cameras(const AgentMemory& memory) {
  const CameraSurroundings around{*committer_, *objects_, plans_, *disk_, clock_};
  for (const auto& [camera, source] : options_.cameras) {
    CameraOptions options;
    options.centre = options_.centre;
    options.camera = camera;
    options.source = source;
    options.part_length = options_.part_length;
    options.stall_limit = options_.stall_limit;
    options.first_retry = options_.first_retry;
    options.loop_files = options_.loop_files;
    cameras_.push_back(std::make_unique<CameraWorker>(options, around, last_video_end(camera_stream(options_.centre, camera), memory)));
  }
}

Result<> Agent::begin_http() {
  HttpOptions options = options_.http;
  options.max_body_bytes = kMaxCbtBytes;
  options.headers = {{"Content-Security-Policy", "default-src 'self'; style-src 'self'; script-src 'none'; frame-ancestors 'none'"},
                     {"Referrer-Policy", "no-referrer"}};
  server_ = HttpServer::create(options);
  add_cbt_routes(*server_, *intake_);
  add_status_routes(*server_, [this] { return status(); });
  return server_->start();
}

AgentMemory Agent::memory() const {
  AgentMemory memory;
  memory.ledgers = intake_->ledgers_json();
  {
    const MutexLock lock(known_mutex_);
    memory.known = known_;
  }
  memory.lost_at = memory_lost_at_;
  for (const auto& camera : cameras_)
    if (const Instant end = camera->recorded_to(); end.us > 0) memory.cameras[camera->stream()] = end;
  return memory;
}

Result<> Agent::before_deletion(const Deletion& deletion) {
  {
    const MutexLock lock(known_mutex_);
    known_ = deletion.known;
  }
  // First what must be known without those records, then the record that they go; only then may they.
  if (auto saved = memory().save(options_.data / "memory.json"); !saved) return saved;
  Deleted deleted;
  deleted.set_subject(fmt::format("this agent's records before position {}, and {} objects", deletion.before_position, deletion.objects));
  deleted.set_cause("acknowledged by the broker and covered by its checkpoint");
  deleted.set_bytes(deletion.object_bytes);
  return committer_->commit([&](Drafting& out) {
    deleted.set_at_us(out.now().us);
    out.add(stream_, DELETED, out.when(), deleted.SerializeAsString());
    // What invigil-verify accounts this log's missing objects by.
    for (const auto& [camera, seq] : deletion.parts_up_to) {
      Deleted objects;
      objects.set_subject(fmt::format("objects/{}/{}", camera, seq));
      objects.set_cause(deleted.cause());
      objects.set_at_us(deleted.at_us());
      out.add(stream_, DELETED, out.when(), objects.SerializeAsString());
    }
  });
}

void Agent::pulse(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    beat();
    pause_for(kPulse, stop);
  }
}

void Agent::beat() {
  disk_->look();
  const bool with_clock = uplink_ && beats_++ % kClockEvery == 0;
  const UplinkStatus link = with_clock ? uplink_->status() : UplinkStatus{};
  const auto seats = plans_.open_seats();
  committer_->submit({[this, link, seats](Drafting& out) {
    AgentHeartbeat beat;
    beat.set_at_us(out.now().us);
    beat.set_disk_free(disk_->free_bytes());
    beat.set_spool_bytes(log_->disk_bytes());
    const auto add = [&](const std::string& stream, Instant complete_to) {
      auto& state = *beat.add_streams();
      state.set_stream(stream);
      state.set_seq(out.seq(stream));
      state.set_complete_to_us(complete_to.us);
    };
    for (const auto& camera : cameras_) add(camera->stream(), camera->complete_to(out.now()));
    // Events are stamped on this very thread: what comes later is stamped later.
    for (const OpenSeat& seat : seats) add(seat_stream(options_.centre, seat.session, seat.seat), out.now());
    out.add(stream_, AGENT_HEARTBEAT, out.when(), beat.SerializeAsString());
    if (!link.clock_known) return;
    ClockOffset offset;
    offset.set_offset_low_us(link.offset_low_us);
    offset.set_offset_high_us(link.offset_high_us);
    offset.set_round_trip_us(link.round_trip_us);
    out.add(stream_, AGENT_CLOCK, out.when(), offset.SerializeAsString());
  }});
}

AgentStatus Agent::status() const {
  AgentStatus status;
  status.principal = options_.principal;
  status.centre = options_.centre;
  status.version = options_.version;
  status.now = clock_.now();
  for (const auto& camera : cameras_) status.cameras.push_back(camera->snapshot());
  status.planned_cameras = plans_.cameras();
  status.sessions = plans_.sessions();
  status.open_seats = plans_.open_seats().size();
  status.events = intake_->figures();
  status.log_records = log_->end() - log_->begin();
  status.log_bytes = log_->disk_bytes();
  status.disk_free = disk_->free_bytes();
  status.video_allowed = disk_->video_allowed();
  status.has_broker = uplink_ != nullptr;
  if (uplink_) status.uplink = uplink_->status();
  if (memory_lost_at_ && status.now - *memory_lost_at_ < kShowLostMemory) status.memory_lost_at = memory_lost_at_;
  return status;
}

}  // namespace invigil
