#include "broker/custody/verify/signatures.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/platform/crypto/crypto.h"
#include "models/id.h"
#include "models/record.h"
#include "models/rules/access.h"

namespace invigil::verify {
namespace {

std::string big_endian(std::uint64_t value) {
  std::string out(8, '\0');
  for (std::size_t i = 8; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xff);
  return out;
}

bool in_broker_stream(const std::string& stream) {
  const auto name = parse_stream(stream);
  return name && name->cls == StreamClass::broker;
}

}  // namespace

Signatures::Signatures(std::vector<std::string> broker_keys)
    : broker_keys_(broker_keys.begin(), broker_keys.end()), from_log_(broker_keys.empty()) {}

bool Signatures::is_broker_key(const std::string& key) {
  if (from_log_ && broker_keys_.empty()) broker_keys_.insert(key);
  return broker_keys_.count(key) > 0;
}

std::optional<Trouble> Signatures::take_principal(const RecordHeader& header, std::string_view payload) {
  // Anywhere else it would be a way to enrol oneself.
  if (!in_broker_stream(header.stream())) return Trouble{Fault::format, "an enrolment or revocation outside the broker's stream"};
  const auto principal = parse_payload<Principal>(payload);
  if (!principal) return Trouble{Fault::format, "its payload names no principal"};
  if (header.kind() == PRINCIPAL_REVOKED) {
    revoked_.insert(principal->id());
  } else {
    by_key_[principal->signing_public_key()].push_back(*principal);
    revoked_.erase(principal->id());
  }
  return std::nullopt;
}

std::optional<Trouble> Signatures::check_writer(const std::string& stream, const std::string& key) {
  const auto name = parse_stream(stream);
  if (!name) return Trouble{Fault::format, "its stream's name is malformed"};
  if (name->cls == StreamClass::broker) {
    if (is_broker_key(key)) return std::nullopt;
    return Trouble{Fault::key, fmt::format("signed by {}, which is not the broker's key", to_hex(key))};
  }
  const auto enrolled = by_key_.find(key);
  if (enrolled == by_key_.end()) {
    // An agent's own log has no enrolments: there the keys must be given.
    if (broker_keys_.count(key) > 0 && !from_log_) return std::nullopt;
    if (by_key_.empty()) {
      unknown_.insert(stream);
      return std::nullopt;
    }
    return Trouble{Fault::key, fmt::format("signed by {}, which no enrolled principal has", to_hex(key))};
  }
  const auto& principals = enrolled->second;
  const auto writer = std::find_if(principals.begin(), principals.end(),
                                   [&](const Principal& p) { return may_append(p.role(), p.id(), p.centre(), *name, STREAM_HEAD); });
  if (writer == principals.end())
    return Trouble{Fault::key, fmt::format("signed by {}, who may not write this stream", principals.front().id())};
  if (revoked_.count(writer->id()) > 0) after_revocation_.insert(stream);
  return std::nullopt;
}

std::optional<Trouble> Signatures::check_head(const RecordHeader& header, std::string_view payload) {
  const auto head = parse_payload<StreamHead>(payload);
  if (!head) return Trouble{Fault::format, "its payload is no stream head"};
  if (head->alg() != ED25519) return Trouble{Fault::unsupported, "its signature's algorithm is not known to this program"};
  if (head->stream() != header.stream() || head->seq() + 1 != header.seq() || head->hash() != header.prev_hash())
    return Trouble{Fault::head, "it signs something else than the record before it"};
  const std::string message = "invigil stream head v1\n" + head->stream() + "\n" + big_endian(head->seq()) + head->hash();
  if (!verify_signature(head->public_key(), message, head->signature())) return Trouble{Fault::signature, "its signature is wrong"};
  return check_writer(header.stream(), head->public_key());
}

std::optional<Trouble> Signatures::check_checkpoint(const RecordHeader& header, std::string_view payload) {
  const auto c = parse_payload<Checkpoint>(payload);
  if (!c) return Trouble{Fault::format, "its payload is no checkpoint"};
  const auto name = parse_stream(header.stream());
  if (!name || name->cls != StreamClass::broker || name->subject != c->log())
    return Trouble{Fault::format, "a checkpoint outside its own broker's stream"};
  return check_checkpoint(*c);
}

std::optional<Trouble> Signatures::check_checkpoint(const Checkpoint& c) {
  if (c.alg() != ED25519 || c.hash_alg() != SHA_256) return Trouble{Fault::unsupported, "its algorithms are not known to this program"};
  const std::string message =
      "invigil checkpoint v1\n" + c.log() + "\n" + big_endian(c.tree_size()) + c.root() + big_endian(static_cast<std::uint64_t>(c.at_us()));
  if (!verify_signature(c.public_key(), message, c.signature())) return Trouble{Fault::signature, "the checkpoint's signature is wrong"};
  if (!is_broker_key(c.public_key()))
    return Trouble{Fault::key, fmt::format("the checkpoint is signed by {}, which is not the broker's key", to_hex(c.public_key()))};
  return std::nullopt;
}

std::vector<std::string> Signatures::broker_keys_hex() const {
  std::vector<std::string> out;
  for (const auto& key : broker_keys_) out.push_back(to_hex(key));
  return out;
}

std::vector<Note> Signatures::notes() const {
  std::vector<Note> out;
  if (!unknown_.empty())
    out.push_back(
        {fmt::format(
             "the log enrols nobody: the signatures of {} streams are right, but whose keys they are is not proved (give --public-key)",
             unknown_.size()),
         fmt::format("日志中没有登记任何写入方：{} 个流的签名正确，但密钥属于谁未经证明（请给出 --public-key）", unknown_.size())});
  for (const auto& stream : after_revocation_)
    out.push_back(
        {fmt::format("stream {}: has heads after its writer was revoked", stream), fmt::format("流 {}：写入方被吊销后仍有流头", stream)});
  return out;
}

}  // namespace invigil::verify
