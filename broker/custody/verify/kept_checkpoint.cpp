#include "broker/custody/verify/kept_checkpoint.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "broker/platform/crypto/crypto.h"
#include "models/id.h"
#include "models/time.h"

namespace invigil::verify {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxText = 4096;
constexpr int kForm = 1;
constexpr std::uint64_t kLatest = 253'402'300'799'999'999;  // the last microsecond of the year 9999

std::optional<std::string> hex_in(const Json& json, const char* key, std::size_t bytes) {
  const auto at = json.find(key);
  if (at == json.end() || !at->is_string()) return std::nullopt;
  auto out = from_hex(at->get_ref<const std::string&>());
  if (!out || out->size() != bytes) return std::nullopt;
  return std::move(*out);
}

}  // namespace

const char* name_of(KeptVerdict verdict) {
  switch (verdict) {
    case KeptVerdict::fits: return "fits";
    case KeptVerdict::not_signed: return "not_signed";
    case KeptVerdict::other_key: return "other_key";
    case KeptVerdict::cut_back: return "cut_back";
    case KeptVerdict::rewritten: return "rewritten";
    case KeptVerdict::not_compared: return "not_compared";
  }
  return "";
}

KeptFinding in_words(const KeptCheckpoint& kept, KeptVerdict verdict, std::uint64_t end) {
  const Checkpoint& c = kept.checkpoint;
  KeptFinding out{kept.name, c.tree_size(), c.at_us(), verdict, {}, {}};
  const std::string at = to_iso8601({c.at_us()}), zh_at = to_china_time({c.at_us()});
  switch (verdict) {
    case KeptVerdict::fits:
      out.english = fmt::format("the log extends it: its first {} records are those signed at {}", c.tree_size(), at);
      out.chinese = fmt::format("日志是它的延续：前 {} 条记录与 {} 签名时完全一致", c.tree_size(), zh_at);
      break;
    case KeptVerdict::not_signed:
      out.english = "its own signature is wrong: the file was changed, or no broker ever issued it";
      out.chinese = "检查点自身的签名不正确：文件被改动，或并非服务器签发";
      break;
    case KeptVerdict::other_key:
      out.english = fmt::format("it is signed by {}, which is not the key of this log's broker: another broker's log, or one made anew",
                                to_hex(c.public_key()));
      out.chinese =
          fmt::format("它由密钥 {} 签名，并非本日志服务器的密钥：这是另一台服务器的日志，或日志被重新制作", to_hex(c.public_key()));
      break;
    case KeptVerdict::cut_back:
      out.english = fmt::format("the log was cut back: it has {} records, at {} it had {}", end, at, c.tree_size());
      out.chinese = fmt::format("日志被截短：现有 {} 条记录，而 {} 时已有 {} 条", end, zh_at, c.tree_size());
      break;
    case KeptVerdict::rewritten:
      out.english = fmt::format("the log was rewritten: its first {} records are not those signed at {}", c.tree_size(), at);
      out.chinese = fmt::format("日志被改写：前 {} 条记录已不是 {} 签名时的记录", c.tree_size(), zh_at);
      break;
    case KeptVerdict::not_compared:
      out.english =
          "it could not be compared: this log has no broker's stream, does not begin at its first record, or has unreadable records";
      out.chinese = "无法比对：本日志没有服务器流、不是从第一条记录开始，或有无法读取的记录";
      break;
  }
  return out;
}

std::string to_kept_text(const Checkpoint& c) {
  const nlohmann::ordered_json json{{"invigil_checkpoint", kForm},
                                    {"log", c.log()},
                                    {"tree_size", c.tree_size()},
                                    {"root", to_hex(c.root())},
                                    {"at_us", c.at_us()},
                                    {"at", to_iso8601({c.at_us()})},
                                    {"public_key", to_hex(c.public_key())},
                                    {"signature", to_hex(c.signature())}};
  return json.dump() + "\n";
}

Result<Checkpoint> parse_kept_text(std::string_view text, std::string_view name) {
  const auto no = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("{} is no checkpoint of invigil-verify --export-checkpoint: {}", name, why),
                std::string(name));
  };
  if (text.size() > kMaxText) return no(fmt::format("it is longer than {} bytes", kMaxText));
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return no("it is no JSON object");
  const auto form = json.find("invigil_checkpoint");
  if (form == json.end() || *form != kForm) return no(fmt::format("invigil_checkpoint is not {}", kForm));
  const auto log = json.find("log");
  if (log == json.end() || !log->is_string() || !is_valid_id(log->get_ref<const std::string&>())) return no("log is no id");
  const auto size = json.find("tree_size");
  if (size == json.end() || !size->is_number_unsigned()) return no("tree_size is no number of records");
  const auto at = json.find("at_us");
  if (at == json.end() || !at->is_number_unsigned() || at->get<std::uint64_t>() > kLatest) return no("at_us is no time in microseconds");
  const auto root = hex_in(json, "root", 32), key = hex_in(json, "public_key", 32), signature = hex_in(json, "signature", 64);
  if (!root) return no("root has not 64 hex digits");
  if (!key) return no("public_key has not 64 hex digits");
  if (!signature) return no("signature has not 128 hex digits");
  Checkpoint out;
  out.set_log(log->get<std::string>());
  out.set_tree_size(size->get<std::uint64_t>());
  out.set_root(*root);
  out.set_at_us(at->get<std::int64_t>());
  out.set_public_key(*key);
  out.set_signature(*signature);
  return out;
}

}  // namespace invigil::verify
