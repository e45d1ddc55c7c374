#include "console/live/live_hub.h"

#include <Poco/Logger.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "console/api/context.h"
#include "models/id.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

// More waiting than this means the hub is stuck; pages that reload see everything anyway.
constexpr std::size_t kMaxWaiting = 10'000;
constexpr std::int64_t kFresh = 10'000'000;
constexpr auto kSummaryEvery = std::chrono::milliseconds(500);
constexpr std::size_t kMaxPictures = 10'000;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string snapshot_frame(std::string_view key, std::int64_t at_us, std::string_view jpeg) {
  std::string out{'\1', static_cast<char>(key.size())};
  out += key;
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((static_cast<std::uint64_t>(at_us) >> shift) & 0xFF);
  out += jpeg;
  return out;
}

LiveHub::LiveHub(Accounts& accounts, IndexReaders& readers, const Clock& clock, LiveTable table)
    : accounts_(accounts), readers_(readers), clock_(clock), table_(std::move(table)) {
  slow_ = std::jthread([this](const std::stop_token& stop) { run_slow(stop); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LiveHub::~LiveHub() = default;

void LiveHub::changed(const IndexChanges& changes) {
  const MutexLock lock(mutex_);
  if (pages_.empty()) return;
  for (const Push& push : table_.pushes) {
    const auto& keys = changes.of(push.topic);
    if (keys.empty()) continue;
    auto& waiting = (push.slow ? slowly_ : waiting_)[std::string(push.topic)];
    for (const std::string& key : keys)
      if (waiting.size() < kMaxWaiting && std::find(waiting.begin(), waiting.end(), key) == waiting.end()) waiting.push_back(key);
  }
  if (!slowly_.empty()) slow_due_.notify_one();
  wake_.notify_one();
}

void LiveHub::check_logins() {
  const MutexLock lock(mutex_);
  check_now_ = true;
  wake_.notify_one();
}

void LiveHub::heard(const LastValue& value) {
  for (const Hearing& hearing : table_.hearings) {
    if (!value.topic.starts_with(hearing.prefix)) continue;
    const auto told = hearing.read(value);
    if (!told) continue;
    told_.put(*told, clock_.now());
    send(told->frame);
  }
}

void LiveHub::snapshot(const LastValue& value) {
  // "snapshot/<centre>/<room>/<camera>", said by whoever published: believed only in this shape.
  constexpr std::string_view kPrefix = "snapshot/";
  if (!value.topic.starts_with(kPrefix)) return;
  const std::string key = value.topic.substr(kPrefix.size());
  const std::size_t first = key.find('/');
  const std::size_t second = first == std::string::npos ? first : key.find('/', first + 1);
  if (second == std::string::npos || key.size() > 250) return;
  const std::string centre = key.substr(0, first);
  if (!is_valid_id(centre) || !is_valid_id(std::string_view(key).substr(first + 1, second - first - 1)) ||
      !is_valid_id(std::string_view(key).substr(second + 1)))
    return;
  if (!value.bytes.starts_with("\xFF\xD8")) return;
  Picture picture{snapshot_frame(key, value.at_us, value.bytes), centre, key.substr(0, second), value.at_us};
  const MutexLock lock(mutex_);
  for (const auto& [peer, page] : pages_)
    if (wants(page, picture)) peer->send_binary(picture.frame, key);
  if (pictures_.size() < kMaxPictures || pictures_.contains(key)) pictures_[key] = std::move(picture);
}

bool LiveHub::wants(const Page& page, const Picture& picture) const {
  return (page.all_rooms || page.rooms.contains(picture.room)) && may_in(page.person, table_.pictures, picture.centre);
}

void LiveHub::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Waiting changes;
    bool check = false;
    {
      const MutexLock lock(mutex_);
      // The time-out is for log-ins that expire or were ended by the command line.
      check = !wake_.wait_for(mutex_, stop, std::chrono::seconds(2), [this]() INVIGIL_REQUIRES(mutex_) {
        return !waiting_.empty() || check_now_;
      }) || check_now_;
      check_now_ = false;
      std::swap(changes, waiting_);
    }
    if (!changes.empty()) send_changes(changes, false);
    if (check) drop_stale_logins();
  }
}

void LiveHub::run_slow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Waiting changes;
    {
      const MutexLock lock(mutex_);
      if (!slow_due_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return !slowly_.empty(); })) return;
      std::swap(changes, slowly_);
    }
    send_changes(changes, true);
    // The first change shows at once; what follows on its heels is told together.
    const MutexLock lock(mutex_);
    slow_due_.wait_for(mutex_, stop, kSummaryEvery, [] { return false; });
  }
}

void LiveHub::send(const PushFrame& frame) {
  const MutexLock lock(mutex_);
  for (const auto& [peer, page] : pages_)
    if (frame.centre.empty() ? may(page.person, frame.action) : may_in(page.person, frame.action, frame.centre))
      peer->send_text(frame.text);
}

void LiveHub::send_changes(const Waiting& changes, bool slow) {
  auto done = readers_.with([&](Database& index) -> Result<> {
    for (const Push& push : table_.pushes) {
      const auto keys = changes.find(push.topic);
      if (push.slow != slow || keys == changes.end()) continue;
      for (const std::string& key : keys->second) {
        const auto frame = push.frame(index, key, clock_.now());
        if (frame && *frame)
          send(**frame);
        else if (!frame && frame.error().code != ErrorCode::not_found)
          return tl::make_unexpected(frame.error());
      }
    }
    return {};
  });
  if (!done) Poco::Logger::get("console.live").error("a push was lost: " + done.error().message);
}

void LiveHub::drop_stale_logins() {
  std::map<Peer, Page> pages;
  {
    const MutexLock lock(mutex_);
    pages = pages_;
  }
  for (const auto& [peer, page] : pages) {
    if (accounts_.who(page.token)) continue;
    peer->send_text(text_of({{"type", "bye"}, {"code", "logged_out"}}));
    peer->close(4001, "logged out");
    const MutexLock lock(mutex_);
    pages_.erase(peer);
  }
}

void LiveHub::opened(const Peer& peer) {
  const auto cookie = peer->request().cookies.find(std::string(kCookie));
  const auto login = cookie == peer->request().cookies.end() ? std::nullopt : accounts_.who(cookie->second);
  if (!login) {
    peer->close(4001, "logged out");
    return;
  }
  peer->send_text(text_of({{"type", "hello"}, {"user", login->person.user}, {"at_us", clock_.now().us}}));
  for (const Told& told : told_.present(clock_.now()))
    if (may_in(login->person, told.frame.action, told.frame.centre)) peer->send_text(told.frame.text);
  const MutexLock lock(mutex_);
  pages_[peer] = {login->person, cookie->second, false, {}};
}

void LiveHub::said(const Peer& peer, std::string_view text) {
  const auto refuse_it = [&](const char* code) {
    peer->send_text(text_of({{"type", "error"}, {"code", code}, {"parameters", Json::object()}}));
  };
  if (text.size() > 64 * 1024) return refuse_it("too_large");
  const Json message = Json::parse(text, nullptr, false);
  if (!message.is_object() || message.value("type", Json()) != "snapshots" || !message.contains("rooms")) return refuse_it("invalid");
  const Json& rooms = message.at("rooms");
  if (rooms != "all" && !rooms.is_array()) return refuse_it("invalid");
  std::vector<std::pair<std::string, std::string>> present;
  {
    const MutexLock lock(mutex_);
    const auto page = pages_.find(peer);
    if (page == pages_.end()) return;
    page->second.all_rooms = rooms == "all";
    page->second.rooms.clear();
    if (rooms.is_array())
      for (const Json& room : rooms)
        if (room.is_string() && page->second.rooms.size() < 1000) page->second.rooms.insert(room.get<std::string>());
    // What is there is sent at once: a wall need not stay grey for a second.
    const std::int64_t now = clock_.now().us;
    for (const auto& [key, picture] : pictures_)
      if (now - picture.at_us < kFresh && wants(page->second, picture)) present.emplace_back(picture.frame, key);
  }
  for (auto& [frame, key] : present) peer->send_binary(std::move(frame), key);
}

WebSocketHandler LiveHub::handler() {
  WebSocketHandler out;
  out.accept = [this](const HttpRequest& request) -> Result<> {
    const auto cookie = request.cookies.find(std::string(kCookie));
    const auto login = cookie == request.cookies.end() ? std::nullopt : accounts_.who(cookie->second);
    if (!login) return fail(ErrorCode::unauthenticated, "log in first");
    if (!may(login->person, table_.look)) return fail(ErrorCode::denied, "this account may see no session");
    return {};
  };
  out.opened = [this](const Peer& peer) { opened(peer); };
  out.text = [this](const Peer& peer, std::string_view text) { said(peer, text); };
  out.closed = [this](const Peer& peer) {
    const MutexLock lock(mutex_);
    pages_.erase(peer);
  };
  return out;
}

}  // namespace invigil
