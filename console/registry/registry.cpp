#include "console/registry/registry.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "broker/platform/crypto/crypto.h"
#include "broker/platform/files/durable_file.h"
#include "console/index/ranges.h"
#include "models/id.h"
#include "models/schema/schema.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

Result<std::string> read_file(const std::filesystem::path& file, std::size_t most) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return fail(ErrorCode::not_found, fmt::format("{} cannot be read: {}", file.string(), error.message()), file.string());
  if (size > most)
    return fail(ErrorCode::too_large, fmt::format("{} has {} bytes, at most {} are read", file.string(), size, most), file.string());
  std::ifstream stream(file, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), {});
  if (!stream && !stream.eof()) return fail(ErrorCode::unavailable, file.string() + " cannot be read", file.string());
  return text;
}

using Tokens = std::map<std::string, SeatToken>;  // "session/seat/candidate"

std::string key_of(const SeatToken& token) { return token.session + "/" + token.seat + "/" + token.candidate; }

Result<Tokens> read_tokens(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return Tokens{};
  const auto text = read_file(file, kMaxPlanBytes);
  if (!text) return tl::make_unexpected(text.error());
  const auto json = parse_json(*text, kMaxPlanBytes);
  if (!json || !json->is_array())
    return fail(ErrorCode::invalid, fmt::format("{} is not a list of tokens: move it away, new tokens are made then", file.string()),
                file.string());
  Tokens out;
  for (const Json& entry : *json) {
    SeatToken token;
    for (const auto& [name, field] : {std::pair{"session", &token.session},
                                      {"room", &token.room},
                                      {"seat", &token.seat},
                                      {"candidate", &token.candidate},
                                      {"token", &token.token}}) {
      if (!entry.is_object() || !entry.contains(name) || !entry.at(name).is_string())
        return fail(ErrorCode::invalid, fmt::format("{}: an entry has no {}", file.string(), name), file.string());
      *field = entry.at(name).get<std::string>();
    }
    out[key_of(token)] = std::move(token);
  }
  return out;
}

Result<> write_tokens(const std::filesystem::path& file, const Tokens& tokens) {
  Json json = Json::array();
  for (const auto& [key, token] : tokens)
    json.push_back(
        {{"session", token.session}, {"room", token.room}, {"seat", token.seat}, {"candidate", token.candidate}, {"token", token.token}});
  const std::string text = json.dump(1) + "\n";
  if (auto written = replace_file(file, text); !written)
    return fail(ErrorCode::unavailable, fmt::format("the seats' tokens cannot be written: {}", written.error().message), file.string());
  return {};
}

}  // namespace

Result<RecordRef> change_session(Journal& journal, const Clock& clock, const std::string& centre, const std::string& session, bool open,
                                 const std::string& by, const std::string& reason) {
  SessionChanged change;
  change.set_session(session);
  change.set_centre(centre);
  change.set_at_us(clock.now().us);
  change.set_by(by);
  change.set_reason(reason);
  return journal.write(registry_stream(centre, journal.console()), open ? SESSION_OPENED : SESSION_CLOSED, change.SerializeAsString());
}

Result<std::map<std::string, Plan>> plans_in_log(BrokerClient& broker) {
  std::map<std::string, Plan> out;
  auto done = scan(broker, 0, {{PLAN_IMPORTED}, {"registry/"}}, [&](const FollowedRecord& record) {
    if (auto plan = parse_payload<Plan>(record.record.payload)) out[plan->id()] = std::move(*plan);
    return true;
  });
  if (!done) return tl::make_unexpected(done.error());
  return out;
}

Result<SessionInLog> session_in_log(BrokerClient& broker, const std::string& session) {
  SessionInLog out;
  bool known = false;
  auto done = scan(broker, 0, {{PLAN_IMPORTED, SESSION_OPENED, SESSION_CLOSED}, {"registry/"}}, [&](const FollowedRecord& record) {
    if (record.header.kind() == PLAN_IMPORTED) {
      const auto plan = parse_payload<Plan>(record.record.payload);
      if (!plan) return true;
      for (const Session& one : plan->sessions())
        if (one.id() == session) {
          known = true;
          out.centre = plan->centre().id();
        }
    } else if (const auto change = parse_payload<SessionChanged>(record.record.payload); change && change->session() == session) {
      out.open = record.header.kind() == SESSION_OPENED;
    }
    return true;
  });
  if (!done) return tl::make_unexpected(done.error());
  if (!known)
    return fail(ErrorCode::not_found, fmt::format("no imported plan has a session \"{}\": see the ids in the plan file", session));
  return out;
}

Result<ImportOutcome> import_plan(BrokerClient& broker, Journal& journal, const Clock& clock, const std::filesystem::path& file,
                                  const std::string& by) {
  const auto text = read_file(file, kMaxPlanBytes);
  if (!text) return tl::make_unexpected(text.error());
  std::filesystem::path tokens_file = file;
  tokens_file.replace_extension(".tokens.json");
  auto tokens = read_tokens(tokens_file);
  if (!tokens) return tl::make_unexpected(tokens.error());
  std::size_t fresh = 0;
  auto parsed = parse_plan(*text, [&](const SeatToken& seat) {
    SeatToken& kept = (*tokens)[key_of(seat)];
    if (kept.token.empty()) {
      kept = seat;
      kept.token = random_token();
      ++fresh;
    }
    return kept.token;
  });
  if (!parsed) {
    Error error = parsed.error();
    error.message = fmt::format("{}{}{}: {}", file.string(), error.where.empty() ? "" : " at ", error.where, error.message);
    return tl::make_unexpected(error);
  }
  const auto others = plans_in_log(broker);
  if (!others) return tl::make_unexpected(others.error());
  if (auto fits = check_against(parsed->plan, *others); !fits) {
    Error error = fits.error();
    error.message = fmt::format("{} at {}: {}", file.string(), error.where, error.message);
    return tl::make_unexpected(error);
  }
  ImportOutcome out{.sessions = static_cast<std::size_t>(parsed->plan.sessions_size())};
  if (!parsed->made.empty()) {
    out.tokens_file = tokens_file;
    out.tokens_made = fresh;
    // Before the record: a token whose hash is in the log must not be lost.
    if (fresh > 0)
      if (auto kept = write_tokens(tokens_file, *tokens); !kept) return tl::make_unexpected(kept.error());
  }
  const auto before = others->find(parsed->plan.id());
  if (before != others->end() && plan_fingerprint(before->second) == plan_fingerprint(parsed->plan)) {
    out.unchanged = true;
    return out;
  }
  parsed->plan.set_imported_us(clock.now().us);
  parsed->plan.set_imported_by(by);
  const auto written =
      journal.write(registry_stream(parsed->plan.centre().id(), journal.console()), PLAN_IMPORTED, parsed->plan.SerializeAsString());
  if (!written) return tl::make_unexpected(written.error());
  return out;
}

}  // namespace invigil
