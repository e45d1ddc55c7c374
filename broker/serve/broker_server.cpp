#include "broker/serve/broker_server.h"

#include <Poco/Logger.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "broker/custody/merkle_tree.h"
#include "broker/log/data_lock.h"
#include "broker/log/posix_disk.h"
#include "broker/log/segment_log.h"
#include "broker/objects/file_object_store.h"
#include "broker/platform/files/durable_file.h"
#include "broker/serve/broker_history.h"
#include "broker/serve/bulk_server.h"
#include "broker/serve/gateway_thread.h"
#include "broker/serve/tree_restore.h"

namespace invigil {
namespace {

constexpr int kPortTries = 200;
constexpr std::size_t kMaxIpcPath = 100;  // the kernel's limit is 107
constexpr std::size_t kRecordFrameLimit = kMaxFrameBytes + 1024;
constexpr std::size_t kBulkFrameLimit = kMaxObjectBytes + 64 * 1024;
constexpr const char* kDomain = "invigil";
constexpr const char* kEnrolDomain = "invigil-enrol";

struct BrokerKeys {
  CurveKeys curve;
  SigningKey signing;
};

/// Only a broker without records may make its keys: another key over the same log would be another broker.
Result<BrokerKeys> load_keys(const std::filesystem::path& data) {
  if (auto made = make_private_folder(data / "keys"); !made) return tl::make_unexpected(made.error());
  std::error_code none;
  const bool has_log = std::filesystem::directory_iterator(data / "log", none) != std::filesystem::directory_iterator();
  const auto curve_file = data / "keys" / "curve.key", signing_file = data / "keys" / "signing.key";
  auto curve = has_log ? load_curve_keys(curve_file) : load_or_create_curve_keys(curve_file);
  if (!curve) return tl::make_unexpected(curve.error());
  auto signing = has_log ? SigningKey::load(signing_file) : SigningKey::load_or_create(signing_file);
  if (!signing) return tl::make_unexpected(signing.error());
  return BrokerKeys{std::move(*curve), std::move(*signing)};
}

/// The three neighbouring ports, all or none.
struct Listening {
  std::unique_ptr<RouterSocket> records, bulk, enrolment;
  std::string endpoint;
};

Result<Listening> listen(BusContext& context, const BrokerServerOptions& options, const std::string& secret) {
  const RouterSocket::Options records{kDomain, secret, kRecordFrameLimit, 10'000, 10'000};
  const RouterSocket::Options bulk{kDomain, secret, kBulkFrameLimit, 256, 1'000};
  const RouterSocket::Options enrolment{kEnrolDomain, secret, kMaxMessageBytes, 100, 100};
  Error last;
  for (int n = 0; n < kPortTries; ++n) {
    Listening l{std::make_unique<RouterSocket>(context, records),
                std::make_unique<RouterSocket>(context, bulk),
                std::make_unique<RouterSocket>(context, enrolment),
                {}};
    auto bound = l.records->bind(fmt::format("tcp://{}:{}", options.address, options.port == 0 ? "*" : std::to_string(options.port)));
    if (!bound) return tl::make_unexpected(bound.error());
    l.endpoint = l.records->endpoint();
    const auto colon = l.endpoint.rfind(':');
    const int port = std::stoi(l.endpoint.substr(colon + 1));
    if (port + 2 <= 65535) {
      const std::string host = l.endpoint.substr(0, colon);
      bound = l.bulk->bind(fmt::format("{}:{}", host, port + 1));
      if (bound) bound = l.enrolment->bind(fmt::format("{}:{}", host, port + 2));
      if (bound) return l;
      last = bound.error();
    }
    if (options.port != 0) return tl::make_unexpected(last);
  }
  return tl::make_unexpected(last);
}

class WholeBroker final : public BrokerServer {
 public:
  WholeBroker(DataLock lock, BrokerKeys keys, BrokerServerOptions options, const Clock& clock)
      : options_(std::move(options)), clock_(clock), lock_(std::move(lock)), keys_(std::move(keys)) {}

  ~WholeBroker() override {
    gateway_.reset();
    context_.shutdown();
    bulk_.reset();
    zap_.reset();
    std::error_code ignored;
    std::filesystem::remove(options_.data / "endpoint", ignored);
    std::filesystem::remove(options_.data / "admin.sock", ignored);
  }

  std::string endpoint() const override { return endpoint_; }
  std::string public_key() const override { return keys_.curve.public_key; }

  Result<> open() {
    auto log_disk = PosixDisk::open_folder(options_.data / "log");
    if (!log_disk) return tl::make_unexpected(log_disk.error());
    log_disk_ = std::move(*log_disk);
    SegmentLogOptions log_options;
    log_options.segment_bytes = options_.segment_bytes;
    log_options.reserve_bytes = options_.reserve_bytes;
    auto log = SegmentLog::open(*log_disk_, log_options);
    if (!log) return tl::make_unexpected(log.error());
    log_ = std::move(*log);
    for (const auto& [name, tip] : log_->tips())
      if (name.starts_with("broker/") && name != broker_stream(options_.name))
        return fail(ErrorCode::conflict,
                    fmt::format("the log in {} belongs to the broker \"{}\": set name = \"{}\" or take another data folder",
                                options_.data.string(), name.substr(7), name.substr(7)),
                    "name");
    auto objects = FileObjectStore::open(options_.data / "objects");
    if (!objects) return tl::make_unexpected(objects.error());
    objects_ = std::move(*objects);
    auto tree_disk = PosixDisk::open_folder(options_.data / "tree");
    if (!tree_disk) return tl::make_unexpected(tree_disk.error());
    tree_disk_ = std::move(*tree_disk);
    auto tree = MerkleTree::open(*tree_disk_);
    if (!tree) return tl::make_unexpected(tree.error());
    tree_ = std::move(*tree);
    auto restored = restore_tree(*log_, *tree_);
    if (!restored) return tl::make_unexpected(restored.error());
    restoration_ = *restored;
    return {};
  }

  Result<> serve() {
    auto history = replay_broker_stream(*log_, broker_stream(options_.name), principals_);
    if (!history) return tl::make_unexpected(history.error());
    GatewaySockets sockets;
    auto listening = listen(context_, options_, keys_.curve.secret_key);
    if (!listening) return tl::make_unexpected(listening.error());
    endpoint_ = listening->endpoint;
    sockets.records = std::move(listening->records);
    sockets.enrolment = std::move(listening->enrolment);
    sockets.admin = std::make_unique<RouterSocket>(context_, RouterSocket::Options{{}, {}, kMaxMessageBytes, 100, 100});
    const std::string admin = admin_endpoint(options_.data);
    if (admin.size() > kMaxIpcPath)
      return fail(ErrorCode::invalid,
                  fmt::format("the path of {} is too long for its local socket: keep the data folder's path under 80 characters",
                              options_.data.string()),
                  "data");
    std::error_code ignored;
    std::filesystem::remove(options_.data / "admin.sock", ignored);  // of a broker that was killed; we hold the lock
    if (auto bound = sockets.admin->bind(admin); !bound) return bound;

    GatewayOptions gateway;
    gateway.broker = options_.name;
    gateway.version = options_.version;
    gateway.checkpoint_every = options_.checkpoint_every;
    GatewayPorts ports;
    ports.stored_hash = [this](std::string_view stream, std::uint64_t seq) -> std::optional<Hash> {
      auto stored = log_->read_stream(stream, seq, 1, 1);
      if (!stored || stored->empty()) return std::nullopt;
      return sha256(stored->front().record.header);
    };
    ports.has_object = [this](const Hash& object) { return objects_->stat(object).has_value(); };
    auto core =
        std::make_unique<GatewayCore>(gateway, ports, principals_, keys_.signing, random_bytes(16), log_->tips(), history->identity);
    const LogRecovery& recovery = log_->recovery();
    BrokerStarted started;
    started.set_broker(options_.name);
    started.set_version(options_.version);
    started.set_start_count(history->starts + 1);
    started.set_records(log_->end());
    started.set_torn_bytes(recovery.torn_bytes);
    started.set_at_us(clock_.now().us);
    const bool went_back = restoration_.forgotten > 0 || restoration_.replaced;
    core->start(started, history->present, now_of(clock_), went_back ? LogEpoch::WENT_BACK : LogEpoch::CAUSE_UNSPECIFIED);
    record_losses(*core, *history);
    zap_ = std::make_unique<ZapHandler>(context_, [this](std::string_view domain, std::string_view key) {
      return domain == kEnrolDomain || (domain == kDomain && principals_.by_key(key) != nullptr);
    });
    gateway_ = std::make_unique<GatewayThread>(std::move(sockets), std::move(core), *log_, *tree_, clock_, endpoint_, options_.failed);
    bulk_ = std::make_unique<BulkServer>(context_, std::move(listening->bulk), options_.name, *objects_, principals_, clock_,
                                         [this](const std::string& principal, const Hash& object) {
                                           gateway_->post(ObjectMissing{principal, object});
                                         });
    std::ofstream file(options_.data / "endpoint", std::ios::trunc);
    file << endpoint_ << '\n';
    return {};
  }

 private:
  /// Names in the broker's own stream what its log no longer has.
  void record_losses(GatewayCore& core, const BrokerHistory& history) const {
    const auto record = [&core](Loss::Cause cause, const std::string& detail) {
      Loss loss;
      loss.set_cause(cause);
      loss.set_detail(detail);
      Poco::Logger::get("broker").error(detail);
      core.record_loss(loss);
    };
    for (const LogDamage& damage : log_->recovery().damage)
      record(Loss::CORRUPT, fmt::format("positions {} to {} can't be read any more ({})", damage.from, damage.to, damage.where));
    if (restoration_.forgotten > 0)
      record(Loss::CORRUPT,
             fmt::format(
                 "the log ends {} records before what its tree had covered: it was cut, restored from a copy, or its end is unreadable",
                 restoration_.forgotten));
    if (restoration_.replaced)
      record(Loss::CORRUPT, "the log's last records are not those its tree was made of: it went back and grew again, or was replaced");
    if (history.unreadable > 0)
      record(Loss::CORRUPT,
             fmt::format(
                 "{} records of the broker's own stream can't be read any more: who was enrolled or revoked by them is to be enrolled or "
                 "revoked again (invigil-broker status lists who is known)",
                 history.unreadable));
  }

  const BrokerServerOptions options_;
  const Clock& clock_;
  DataLock lock_;
  BrokerKeys keys_;
  std::unique_ptr<PosixDisk> log_disk_, tree_disk_;
  std::unique_ptr<SegmentLog> log_;
  std::unique_ptr<MerkleTree> tree_;
  TreeRestoration restoration_;
  std::unique_ptr<ObjectStore> objects_;
  PrincipalTable principals_;
  BusContext context_;
  std::unique_ptr<ZapHandler> zap_;
  std::unique_ptr<GatewayThread> gateway_;
  std::unique_ptr<BulkServer> bulk_;
  std::string endpoint_;
};

}  // namespace

Result<std::unique_ptr<BrokerServer>> BrokerServer::start(BrokerServerOptions options, const Clock& clock) {
  if (auto ok = check_id(options.name, "broker"); !ok) return tl::make_unexpected(ok.error());
  auto lock = DataLock::take(options.data);
  if (!lock) return tl::make_unexpected(lock.error());
  ::chmod(options.data.c_str(), 0700);
  auto keys = load_keys(options.data);
  if (!keys) return tl::make_unexpected(keys.error());
  auto broker = std::make_unique<WholeBroker>(std::move(*lock), std::move(*keys), std::move(options), clock);
  if (auto opened = broker->open(); !opened) return tl::make_unexpected(opened.error());
  if (auto serving = broker->serve(); !serving) return tl::make_unexpected(serving.error());
  return broker;
}

std::string admin_endpoint(const std::filesystem::path& data) { return fmt::format("ipc://{}", (data / "admin.sock").string()); }

Result<AdminAnswer> ask_admin(const std::filesystem::path& data, const AdminRequest& request) {
  const auto nobody = [&] {
    return fail(
        ErrorCode::unavailable,
        fmt::format("no broker runs on {}: start it with `invigil-broker serve`, or name its configuration by --config", data.string()));
  };
  if (!std::filesystem::exists(data / "admin.sock")) return nobody();
  BusContext context(16);
  auto socket = DealerSocket::connect(context, {admin_endpoint(data), {}, {}, kMaxMessageBytes, 10});
  if (!socket) return tl::make_unexpected(socket.error());
  (*socket)->send(request.SerializeAsString());
  const std::array<void*, 1> sockets{(*socket)->handle()};
  for (int n = 0; n < 100; ++n) {
    wait_for_any(sockets, nullptr, 100);
    Frame frame;
    std::optional<Frame> body;
    if (!(*socket)->receive(frame, body)) continue;
    AdminAnswer answer;
    if (!answer.ParseFromArray(frame.view().data(), static_cast<int>(frame.view().size())))
      return fail(ErrorCode::internal, "the broker's answer can't be read");
    if (answer.has_failure()) return tl::make_unexpected(error_from(answer.failure()));
    return answer;
  }
  return nobody();
}

Result<std::string> broker_public_key(const std::filesystem::path& data) {
  auto keys = load_keys(data);
  if (!keys) return tl::make_unexpected(keys.error());
  return keys->curve.public_key;
}

Result<std::string> broker_signing_public_key(const std::filesystem::path& data) {
  auto keys = load_keys(data);
  if (!keys) return tl::make_unexpected(keys.error());
  return keys->signing.public_key();
}

}  // namespace invigil
