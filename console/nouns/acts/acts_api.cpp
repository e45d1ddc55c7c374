// The access ledger over HTTP.
#include <nlohmann/json.hpp>

#include "console/nouns/acts/module.h"
#include "console/nouns/acts/rights.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

Answer list_acts(ConsoleContext& context, const HttpRequest& request) {
  const auto limit = limit_of(request, 200, 2000);
  if (!limit) return refuse(limit.error());
  const auto after = integer_of(request, "after");
  if (!after) return refuse(after.error());
  const auto rows = context.readers.with([&](Database& index) {
    return index.query(
        "SELECT position, act, user, display_name, at_us, subject, detail, remote, stream, seq, hash FROM acts WHERE position < ? ORDER BY "
        "position DESC LIMIT ?",
        {after->value_or(INT64_MAX), *limit + 1});
  });
  if (!rows) return refuse(rows.error());
  Json acts = Json::array();
  Json next = nullptr;
  for (const SqlRow& row : *rows) {
    if (static_cast<std::int64_t>(acts.size()) == *limit) {
      next = std::to_string(acts.back()["record"]["position"].get<std::int64_t>());
      break;
    }
    acts.push_back({{"act", row.text("act")},
                    {"user", row.text("user")},
                    {"display_name", row.text("display_name")},
                    {"at_us", row.integer("at_us")},
                    {"subject", row.text("subject")},
                    {"detail", row.text("detail")},
                    {"remote", row.text("remote")},
                    {"record",
                     {{"stream", row.text("stream")},
                      {"seq", row.integer("seq")},
                      {"hash", row.text("hash")},
                      {"position", row.integer("position")}}}});
  }
  return json_response({{"acts", std::move(acts)}, {"next", std::move(next)}});
}

}  // namespace

void add_acts_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/acts",
               guarded(context, kReadActs, [&context](const HttpRequest& request, const Login&) { return list_acts(context, request); }));
}

}  // namespace invigil
