#include "console/live/live_hub.h"

#include <Poco/Logger.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "console/api/context.h"
#include "console/api/incident_json.h"
#include "console/api/session_json.h"
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

LiveHub::LiveHub(Accounts& accounts, IndexReaders& readers, const Clock& clock) : accounts_(accounts), readers_(readers), clock_(clock) {
  summaries_ = std::jthread([this](const std::stop_token& stop) { run_summaries(stop); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LiveHub::~LiveHub() = default;

void LiveHub::changed(const IndexChanges& changes) {
  const MutexLock lock(mutex_);
  if (pages_.empty()) return;
  const auto add = [](auto& to, const auto& from) {
    for (const auto& one : from)
      if (to.size() < kMaxWaiting && std::find(to.begin(), to.end(), one) == to.end()) to.insert(to.end(), one);
  };
  add(waiting_.incidents, changes.incidents);
  add(waiting_.opinions, changes.opinions);
  unsummed_.insert(changes.sessions.begin(), changes.sessions.end());
  if (!unsummed_.empty()) summaries_due_.notify_one();
  add(waiting_.camera_states, changes.camera_states);
  add(waiting_.presence, changes.presence);
  wake_.notify_one();
}

void LiveHub::check_logins() {
  const MutexLock lock(mutex_);
  check_now_ = true;
  wake_.notify_one();
}

void LiveHub::answers(const LastValue& value) {
  if (const auto entry = answers_.put(value, clock_.now())) send(entry->centre, Action::read_incidents, entry->text);
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

bool LiveHub::wants(const Page& page, const Picture& picture) {
  return (page.all_rooms || page.rooms.contains(picture.room)) && may_in(page.person, Action::view_evidence, picture.centre);
}

void LiveHub::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    IndexChanges changes;
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
    if (!changes.empty()) send_changes(changes);
    if (check) drop_stale_logins();
  }
}

void LiveHub::run_summaries(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::set<std::string> sessions;
    {
      const MutexLock lock(mutex_);
      if (!summaries_due_.wait(mutex_, stop, [this]() INVIGIL_REQUIRES(mutex_) { return !unsummed_.empty(); })) return;
      std::swap(sessions, unsummed_);
    }
    send_summaries(sessions);
    // The first change shows at once; what follows on its heels is told together.
    pause_for(kSummaryEvery, stop);
  }
}

void LiveHub::send_summaries(const std::set<std::string>& sessions) {
  auto done = readers_.with([&](Database& index) -> Result<> {
    for (const std::string& id : sessions) {
      const auto session = session_summary(index, id, clock_.now());
      if (session)
        send((*session)["centre"]["id"].get<std::string>(), Action::read_sessions, text_of({{"type", "session"}, {"session", *session}}));
    }
    return {};
  });
  if (!done) Poco::Logger::get("console.live").error("a push was lost: " + done.error().message);
}

void LiveHub::send(std::string_view centre, Action action, const std::string& text) {
  const MutexLock lock(mutex_);
  for (const auto& [peer, page] : pages_)
    if (centre.empty() ? may(page.person, action) : may_in(page.person, action, centre)) peer->send_text(text);
}

void LiveHub::send_changes(const IndexChanges& changes) {
  auto done = readers_.with([&](Database& index) -> Result<> {
    for (const std::string& id : changes.incidents) {
      const auto incident = incident_summary(index, id);
      if (incident)
        send((*incident)["centre"]["id"].get<std::string>(), Action::read_incidents,
             text_of({{"type", "incident"}, {"incident", *incident}}));
    }
    for (const std::int64_t position : changes.opinions) {
      auto opinions = opinions_json(index, "WHERE position = ?", {position});
      if (!opinions || opinions->empty()) continue;
      const auto incident = incident_summary(index, opinions->front()["incident"].get<std::string>());
      if (incident)
        send((*incident)["centre"]["id"].get<std::string>(), Action::read_incidents,
             text_of({{"type", "opinion"}, {"opinion", opinions->front()}, {"incident", *incident}}));
    }
    for (const std::int64_t position : changes.camera_states) {
      const auto rows = index.query("SELECT centre, room, camera, state, at_us, detail FROM camera_states WHERE position = ?", {position});
      if (!rows) return tl::make_unexpected(rows.error());
      for (const SqlRow& row : *rows)
        send(row.text(0), Action::read_sessions,
             text_of({{"type", "camera"},
                      {"centre", row.text(0)},
                      {"room", row.text(1)},
                      {"camera", row.text(2)},
                      {"state", row.text(3)},
                      {"at_us", row.integer(4)},
                      {"detail", row.text(5)}}));
    }
    for (const std::int64_t position : changes.presence) {
      const auto rows = index.query("SELECT principal, centre, role, state, at_us FROM presence WHERE position = ?", {position});
      if (!rows) return tl::make_unexpected(rows.error());
      for (const SqlRow& row : *rows)
        send(row.text(1), Action::read_sessions,
             text_of({{"type", "presence"},
                      {"principal", row.text(0)},
                      {"centre", row.text(1)},
                      {"role", row.text(2)},
                      {"state", row.text(3)},
                      {"at_us", row.integer(4)}}));
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
  for (const BoardEntry& entry : answers_.present(clock_.now()))
    if (may_in(login->person, Action::read_incidents, entry.centre)) peer->send_text(entry.text);
  const MutexLock lock(mutex_);
  pages_[peer] = {login->person, cookie->second, false, {}};
}

void LiveHub::told(const Peer& peer, std::string_view text) {
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
    if (!may(login->person, Action::read_sessions)) return fail(ErrorCode::denied, "this account may see no session");
    return {};
  };
  out.opened = [this](const Peer& peer) { opened(peer); };
  out.text = [this](const Peer& peer, std::string_view text) { told(peer, text); };
  out.closed = [this](const Peer& peer) {
    const MutexLock lock(mutex_);
    pages_.erase(peer);
  };
  return out;
}

}  // namespace invigil
