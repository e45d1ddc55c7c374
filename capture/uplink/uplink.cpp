#include "capture/uplink/uplink.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "broker/bus/client_config.h"
#include "broker/bus/socket.h"
#include "capture/uplink/hole.h"
#include "capture/uplink/object_sender.h"
#include "capture/uplink/uplink_core.h"
#include "models/media.pb.h"
#include "models/sync.h"

namespace invigil {
namespace {

constexpr std::int64_t kTickUs = 50'000;
constexpr std::size_t kFrameLimit = 64 << 20;

std::uint64_t random_seed() {
  const std::string bytes = random_bytes(8);
  std::uint64_t seed = 1;
  for (const char c : bytes) seed = seed * 257 + static_cast<unsigned char>(c);
  return seed;
}

class ZmqUplink final : public Uplink {
 public:
  ZmqUplink(EventLog& log, ObjectStore& objects, BrokerAddress broker, std::string bulk_endpoint, UplinkOptions options, const Clock& clock)
      : log_(log),
        objects_(objects),
        clock_(clock),
        options_(std::move(options)),
        socket_options_{broker.endpoint, broker.server_public_key, broker.keys, kFrameLimit, 10'000},
        core_(core_options(broker), [this](std::string_view stream, std::uint64_t seq) { return own_hash(stream, seq); }),
        sender_(
            context_,
            Link::Options{
                {std::move(bulk_endpoint), broker.server_public_key, broker.keys, kFrameLimit, 64}, broker.principal, options_.program, 0},
            objects, clock, [this](const Hash& object) { object_done(object); }),
        watch_([this](const std::stop_token& stop) { watch(stop); }),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~ZmqUplink() override {
    watch_.request_stop();
    thread_.request_stop();
    waker_.wake();
    watch_.join();
    thread_.join();
  }

  UplinkStatus status() const override {
    const MutexLock lock(mutex_);
    return status_;
  }
  std::string nonce() const override {
    const MutexLock lock(mutex_);
    return status_.nonce;
  }

 private:
  UplinkCoreOptions core_options(const BrokerAddress& broker) const {
    UplinkCoreOptions out;
    out.principal = broker.principal;
    out.program = options_.program;
    out.boot_id = random_bytes(16);
    out.broker_signing_key = options_.broker_signing_key;
    out.known = options_.known;
    out.seed = options_.seed != 0 ? options_.seed : random_seed();
    out.records_per_frame = options_.records_per_frame;
    return out;
  }

  std::optional<Hash> own_hash(std::string_view stream, std::uint64_t seq) const {
    auto stored = log_.read_stream(stream, seq, 1, 1);
    if (!stored || stored->empty()) return std::nullopt;
    return sha256(stored->front().record.header);
  }

  void object_done(const Hash& object) {
    {
      const MutexLock lock(mutex_);
      objects_done_.push_back(object);
    }
    waker_.wake();
  }

  /// Tells the other thread that the log grew.
  void watch(const std::stop_token& stop) {
    std::uint64_t end = 0;
    while (!stop.stop_requested()) {
      end = log_.wait_beyond(end, stop);
      grown_.store(true, std::memory_order_release);
      waker_.wake();
    }
  }

  void run(const std::stop_token& stop) {
    grown_ = true;
    std::int64_t ticked_us = 0, told_us = 0;
    while (!stop.stop_requested()) {
      const std::array<void*, 1> sockets{socket_ ? socket_->handle() : nullptr};
      if (!wait_for_any(std::span<void* const>(sockets.data(), socket_ ? 1 : 0), &waker_, 50)) break;
      waker_.clear();
      now_ = now_of(clock_);
      if (grown_.exchange(false, std::memory_order_acq_rel)) core_.step(LogTips{log_.tips()}, now_, out_);
      take_objects();
      receive();
      if (now_.mono_us - ticked_us >= kTickUs) {
        ticked_us = now_.mono_us;
        core_.step(UplinkTick{}, now_, out_);
      }
      carry_out(stop);
      if (coverage_changed_ || !deletable_.empty()) delete_covered();
      if (now_.mono_us - told_us >= kTickUs) {
        told_us = now_.mono_us;
        tell_status();
      }
    }
    socket_.reset();
  }

  void take_objects() {
    std::deque<Hash> done;
    {
      const MutexLock lock(mutex_);
      done.swap(objects_done_);
    }
    for (const Hash& object : done) core_.step(ObjectDone{object, true}, now_, out_);
  }

  void receive() {
    Frame frame;
    std::optional<Frame> body;
    for (int n = 0; n < 1000 && socket_ && !out_.close && !out_.open && socket_->receive(frame, body); ++n)
      core_.step(BrokerFrame{frame.view()}, now_, out_);
  }

  void carry_out(const std::stop_token& stop) {
    // Loading leads to sending, which may lead to loading: until nothing is left to do.
    for (;;) {
      UplinkOutputs out = std::exchange(out_, {});
      if (out.close) socket_.reset();
      if (out.open) open();
      for (const std::string& frame : out.sends)
        if (socket_) socket_->send(frame);  // a full pipe loses it here; the core sends again what is not acked
      for (const Hash& object : out.puts) sender_.want(object);
      coverage_changed_ = coverage_changed_ || out.coverage_changed;
      if (out.coverage_fell) deletable_.clear();
      for (const UnreadableFrom& hole : out.holes) name_hole(hole);
      for (const Fork& fork : out.forks) write_anew(fork);
      if (out.loads.empty() && out_.sends.empty()) return;
      for (const LoadRecords& load : out.loads) {
        LoadedRecords loaded{load.stream, load.from_seq};
        auto records = log_.read_stream(load.stream, load.from_seq, load.max_records, load.max_bytes);
        if (records) {
          for (StoredRecord& stored : *records) loaded.records.push_back(std::move(stored.record));
        } else {
          loaded.failure = records.error();
        }
        core_.step(loaded, now_, out_);
      }
      if (stop.stop_requested()) return;
    }
  }

  /// What nobody can produce any more is first said in the agent's own stream.
  void name_hole(const UnreadableFrom& missing) {
    if (!options_.name_hole) return;
    auto loss = describe_hole(log_, missing.stream, missing.from_seq, missing.vouched ? &*missing.vouched : nullptr);
    if (!loss) return;
    if (missing.known.tree_size() > 0) *loss->mutable_known() = missing.known;
    say_hole(std::move(*loss));
  }

  /// Numbers of ours that the broker will never take are a hole of the cause REFUSED; then come the same records under new numbers.
  void write_anew(const Fork& fork) {
    if (!options_.write_anew || !options_.name_hole) return;
    const StreamTip ours = log_.tip(fork.stream);
    if (ours.seq > fork.theirs.seq) {
      Loss loss;
      loss.set_stream(fork.stream);
      loss.set_cause(Loss::REFUSED);
      loss.set_from_seq(fork.theirs.seq + 1);
      loss.set_to_seq(ours.seq);
      loss.set_last_hash(bytes_of(ours.hash));
      loss.set_detail(fmt::format("{} seq {} to {} were recorded after this agent was put back to an older copy: they are recorded anew",
                                  fork.stream, fork.theirs.seq + 1, ours.seq));
      say_hole(std::move(loss));
    }
    if (auto written = options_.write_anew(fork.stream, fork.theirs); !written)
      Poco::Logger::get("uplink").error("not written anew yet: " + written.error().message);
  }

  void say_hole(Loss loss) {
    const auto named = options_.name_hole(loss);
    if (!named) return Poco::Logger::get("uplink").error("a hole can't be recorded: " + named.error().message);
    auto record = log_.read_stream(named->stream(), named->seq(), 1, 1);
    if (!record || record->empty()) return;
    core_.step(HoleNamed{std::move(loss), named->stream(), named->seq(), std::move(record->front().record)}, now_, out_);
  }

  void open() {
    auto socket = DealerSocket::connect(context_, socket_options_);
    if (!socket) return Poco::Logger::get("uplink").error(socket.error().message);
    socket_ = std::move(*socket);
  }

  /// Everything below the first record that is not covered may go, together with the objects it names. The broker has
  /// both, so that even an object another record names is not lost.
  void delete_covered() {
    if (coverage_changed_) {
      coverage_changed_ = false;
      const std::uint64_t position = covered_below(log_, core_.progress());
      if (options_.delete_covered && position > log_.begin()) deletable_.emplace_back(now_.mono_us + options_.keep_covered.us, position);
    }
    std::uint64_t position = 0;
    while (!deletable_.empty() && deletable_.front().first <= now_.mono_us) {
      position = deletable_.front().second;
      deletable_.pop_front();
    }
    // What is kept only in case goes before any new video does, the oldest first, a little at a time.
    if (position == 0 && !deletable_.empty() && options_.room_needed && options_.room_needed()) {
      position = deletable_.front().second;
      deletable_.pop_front();
    }
    if (position > deleted_to_) delete_before(position);
  }

  void delete_before(std::uint64_t position) {
    Deletion deletion;
    deletion.before_position = position;
    std::vector<Hash> objects;
    for (std::uint64_t next = std::max(deleted_to_, log_.begin()); next < position;) {
      auto records = log_.read(next, 1024, 4 << 20);
      if (!records && records.error().code == ErrorCode::corrupt) {
        ++next;  // the object it named stays: nobody can say which one it was
        continue;
      }
      if (!records || records->empty()) return;
      for (const StoredRecord& stored : *records) {
        next = stored.position + 1;
        if (stored.position >= position) break;
        auto header = parse_header(stored.record.header);
        if (!header || header->kind() != VIDEO_PART) continue;
        auto part = parse_payload<VideoPart>(stored.record.payload);
        auto object = part ? hash_from(part->object()) : Result<Hash>(fail(ErrorCode::invalid, ""));
        deletion.parts_up_to[header->stream()] = header->seq();
        const auto size = object ? objects_.stat(*object) : std::nullopt;
        if (!size) continue;
        objects.push_back(*object);
        ++deletion.objects;
        deletion.object_bytes += *size;
      }
    }
    core_.deletes();
    deletion.known = core_.known();
    if (options_.before_deletion) {
      if (auto recorded = options_.before_deletion(deletion); !recorded)
        return Poco::Logger::get("uplink").error("nothing deleted: " + recorded.error().message);
    }
    for (const Hash& object : objects)
      if (auto erased = objects_.erase(object); !erased) Poco::Logger::get("uplink").warning(erased.error().message);
    if (auto dropped = log_.drop_before(position); !dropped) Poco::Logger::get("uplink").warning(dropped.error().message);
    deleted_to_ = position;
  }

  void tell_status() {
    UplinkStatus status = core_.status();
    if (socket_ && !status.connected) {
      const std::string& why = socket_->trouble();
      if (!why.empty()) status.trouble = why;
    }
    if (!status.connected && status.trouble.empty()) status.trouble = "connecting to " + socket_options_.endpoint;
    if (status.trouble != said_) {
      said_ = status.trouble;
      if (!said_.empty()) Poco::Logger::get("uplink").warning(said_);
    }
    const MutexLock lock(mutex_);
    status_ = std::move(status);
  }

  EventLog& log_;
  ObjectStore& objects_;
  const Clock& clock_;
  const UplinkOptions options_;
  const DealerSocket::Options socket_options_;
  BusContext context_{64};
  Waker waker_;
  std::atomic<bool> grown_{true};
  mutable Mutex mutex_;
  UplinkStatus status_ INVIGIL_GUARDED_BY(mutex_);
  std::deque<Hash> objects_done_ INVIGIL_GUARDED_BY(mutex_);

  // the thread's own
  UplinkCore core_;
  UplinkOutputs out_;
  Now now_;
  std::unique_ptr<DealerSocket> socket_;
  bool coverage_changed_ = false;
  std::deque<std::pair<std::int64_t, std::uint64_t>> deletable_;  // from when, below which position
  std::uint64_t deleted_to_ = 0;
  std::string said_;

  ObjectSender sender_;
  std::jthread watch_, thread_;
};

}  // namespace

Result<std::unique_ptr<Uplink>> Uplink::start(EventLog& log, ObjectStore& objects, BrokerAddress broker, UplinkOptions options,
                                              const Clock& clock) {
  if (broker.server_public_key.size() != 32 || broker.keys.public_key.size() != 32 || broker.keys.secret_key.size() != 32)
    return fail(ErrorCode::invalid, "the keys of a broker connection must have 32 bytes each");
  auto bulk = neighbour_endpoint(broker.endpoint, 1);
  if (!bulk) return tl::make_unexpected(bulk.error());
  return std::make_unique<ZmqUplink>(log, objects, std::move(broker), std::move(*bulk), std::move(options), clock);
}

}  // namespace invigil
