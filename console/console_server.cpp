#include "console/console_server.h"

#include <Poco/Logger.h>
#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker/platform/files/durable_file.h"
#include "console/api/context.h"
#include "console/api/service.h"
#include "console/auth/user_records.h"
#include "console/file_lock.h"
#include "console/live/live_hub.h"
#include "console/nouns/nouns.h"
#include "console/nouns/video/video_cache.h"
#include "models/sync.h"

namespace invigil {
namespace {

std::filesystem::path index_file(const std::filesystem::path& data) { return data / "index.db"; }

void remove_index(const std::filesystem::path& data) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(index_file(data).string() + suffix, ignored);
}

class RunningConsole final : public ConsoleServer {
 public:
  RunningConsole(FileLock lock, ClientIdentity identity) : lock_(std::move(lock)), identity_(std::move(identity)) {}

  Result<> start(ConsoleOptions options, const Clock& clock) {
    auto broker = BrokerClient::connect(identity_.address);
    if (!broker) return tl::make_unexpected(broker.error());
    broker_ = std::move(*broker);
    auto accounts = Accounts::open(options.data / "accounts.db", clock, options.logins);
    if (!accounts) return tl::make_unexpected(accounts.error());
    accounts_ = std::move(*accounts);
    if (auto first = first_account(options); !first) return first;
    auto kept = KeptRecords::open(options.data / "journal.db");
    if (!kept) return tl::make_unexpected(kept.error());
    journal_ = std::make_unique<Journal>(*broker_, identity_.signing, identity_.address.principal, clock, std::move(*kept));
    auto videos = VideoCache::open(options.data / "cache", options.video_cache_bytes);
    if (!videos) return tl::make_unexpected(videos.error());
    videos_ = std::move(*videos);

    auto writer = IndexWriter::open(index_file(options.data), all_projections());
    if (!writer) {
      Poco::Logger::get("console").warning("the index is made anew: " + writer.error().message);
      remove_index(options.data);
      writer = IndexWriter::open(index_file(options.data), all_projections());
      if (!writer) return tl::make_unexpected(writer.error());
    }
    readers_ = std::make_unique<IndexReaders>(index_file(options.data));
    const LiveTable told = live_table();
    live_ = std::make_unique<LiveHub>(*accounts_, *readers_, clock, told);
    feed_ = std::make_unique<IndexFeed>(
        *broker_, std::move(*writer), [this](const IndexChanges& changes) { live_->changed(changes); },
        [this] { return journal_->write_again(); });
    for (const Hearing& hearing : told.hearings)
      broker_->subscribe(std::string(hearing.prefix), [this](const LastValue& value) { live_->heard(value); });
    broker_->subscribe("snapshot/", [this](const LastValue& value) { live_->snapshot(value); });

    context_.reset(
        new ConsoleContext{*broker_, *accounts_, *journal_, *readers_, *feed_, *videos_, *live_, clock, options.version, all_actions()});
    for (auto& header : security_headers()) options.http.headers.push_back(std::move(header));
    http_ = HttpServer::create(options.http);
    add_service_routes(*http_, *context_);
    add_noun_routes(*http_, *context_);
    if (!options.web_folder.empty()) http_->serve_files(options.web_folder);
    if (auto started = http_->start(); !started) return started;
    recorder_ = std::jthread([this, file = options.data / "accounts.lock"](const std::stop_token& stop) { record_users(stop, file); });
    return {};
  }

  ~RunningConsole() override {
    if (http_) http_->stop();
    recorder_ = {};
    // The client's thread calls into the hub: it goes first; the feed lives on the client.
    feed_.reset();
    broker_.reset();
  }

  std::uint16_t port() const override { return http_->port(); }
  std::vector<std::string> routes() const override { return http_->routes(); }
  std::uint64_t position() const override { return feed_->position(); }

 private:
  Result<> first_account(const ConsoleOptions& options) {
    const auto empty = accounts_->empty();
    if (!empty) return tl::make_unexpected(empty.error());
    if (!*empty || !options.first_password) return {};
    const std::string password = random_password();
    Account admin{{"admin", "管理员", UserRole::administrator, {}}, false};
    if (auto added = accounts_->add(admin, password, "first start"); !added) return added;
    options.first_password("admin", password);
    return {};
  }

  void record_users(const std::stop_token& stop, const std::filesystem::path& lock_file) {
    std::string said;
    while (!stop.stop_requested()) {
      if (const auto waiting = accounts_->unrecorded(); waiting && !waiting->empty() && broker_->connected()) {
        const auto done = record_user_changes(*accounts_, *journal_, lock_file, std::chrono::seconds(5));
        if (!done && said != done.error().message)
          Poco::Logger::get("console").warning("changes of accounts are not in the log yet: " + (said = done.error().message));
      }
      pause_for(std::chrono::seconds(3), stop);
    }
  }

  FileLock lock_;
  ClientIdentity identity_;
  std::unique_ptr<BrokerClient> broker_;
  std::unique_ptr<Accounts> accounts_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<VideoCache> videos_;
  std::unique_ptr<IndexReaders> readers_;
  std::unique_ptr<LiveHub> live_;
  std::unique_ptr<IndexFeed> feed_;
  std::unique_ptr<ConsoleContext> context_;
  std::unique_ptr<HttpServer> http_;
  std::jthread recorder_;
};

}  // namespace

Result<std::unique_ptr<ConsoleServer>> ConsoleServer::start(ConsoleOptions options, ClientIdentity identity, const Clock& clock) {
  if (auto made = make_private_folder(options.data); !made) return tl::make_unexpected(made.error());
  auto lock = FileLock::try_for(options.data / "lock", "another invigil-console");
  if (!lock) return tl::make_unexpected(lock.error());
  auto console = std::make_unique<RunningConsole>(std::move(*lock), std::move(identity));
  if (auto started = console->start(std::move(options), clock); !started) return tl::make_unexpected(started.error());
  return console;
}

Result<std::uint64_t> rebuild_index(const std::filesystem::path& data, ClientIdentity identity, std::chrono::seconds patience) {
  if (auto made = make_private_folder(data); !made) return tl::make_unexpected(made.error());
  const auto lock = FileLock::try_for(data / "lock", "invigil-console");
  if (!lock) return tl::make_unexpected(lock.error());
  auto broker = BrokerClient::connect(identity.address);
  if (!broker) return tl::make_unexpected(broker.error());
  remove_index(data);
  auto writer = IndexWriter::open(index_file(data), all_projections());
  if (!writer) return tl::make_unexpected(writer.error());
  const auto follower = (*broker)->follow(0, (*writer)->filter());
  std::stop_source stop;
  Mutex mutex;
  std::condition_variable_any moved;
  std::uint64_t reached = 0;
  // Gives up when nothing has come for `patience`.
  const std::jthread guard([&](const std::stop_token& finished) {
    const MutexLock hold(mutex);
    std::uint64_t seen = UINT64_MAX;
    while (!finished.stop_requested() && seen != reached) {
      seen = reached;
      (void)moved.wait_for(mutex, finished, patience, [&] { return reached != seen; });
    }
    if (!finished.stop_requested()) stop.request_stop();
  });
  while (true) {
    const auto batch = follower->next(stop.get_token());
    if (!batch) {
      const std::string trouble = (*broker)->trouble();
      return fail(ErrorCode::unavailable, "the broker does not answer" + (trouble.empty() ? std::string() : ": " + trouble));
    }
    if (auto applied = (*writer)->apply(*batch); !applied) return tl::make_unexpected(applied.error());
    if (batch->caught_up) return (*writer)->position();
    const MutexLock hold(mutex);
    reached = batch->next;
    moved.notify_all();
  }
}

Result<std::filesystem::path> find_web_folder(const std::string& configured) {
  std::vector<std::filesystem::path> tried;
  if (!configured.empty()) {
    tried.emplace_back(configured);
  } else {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    tried = {program / "web", program.parent_path() / "share" / "invigil" / "web"};
  }
  std::string names;
  for (const auto& folder : tried) {
    if (std::filesystem::is_regular_file(folder / "index.html")) return folder;
    names += (names.empty() ? "" : " or ") + folder.string();
  }
  return fail(ErrorCode::not_found,
              fmt::format("the web pages are missing: no index.html in {}. Build them with scripts/build, or set web.folder", names));
}

}  // namespace invigil
