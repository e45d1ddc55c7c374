// One record as the log holds it, and the signature that covers it.
#include <nlohmann/json.hpp>

#include "broker/custody/stream_writer.h"
#include "broker/platform/crypto/crypto.h"
#include "console/index/ranges.h"
#include "console/nouns/proof/module.h"
#include "console/nouns/proof/rights.h"
#include "models/id.h"

namespace invigil {
namespace {

using Json = nlohmann::json;

/// Checks what a doubter would: the chain from the record to the head, and the head's signature.
Json signed_json(const RecordWithHead& found) {
  if (found.chain.empty()) return nullptr;
  const FollowedRecord& carrier = found.chain.back();
  const auto head = parse_payload<StreamHead>(carrier.record.payload);
  if (!head) return nullptr;
  bool valid = true;
  std::string before = bytes_of(found.record.hash);
  for (const FollowedRecord& next : found.chain) {
    valid = valid && next.header.prev_hash() == before;
    if (&next != &carrier) before = bytes_of(next.hash);
  }
  valid = valid && head->hash() == before && head->stream() == carrier.header.stream() && head->seq() + 1 == carrier.header.seq() &&
          verify_signature(head->public_key(), head_message(head->stream(), head->seq(), head->hash()), head->signature());
  return {{"seq", head->seq()},
          {"hash", to_hex(head->hash())},
          {"public_key", to_hex(head->public_key())},
          {"signature", to_hex(head->signature())},
          {"valid", valid}};
}

Answer record(ConsoleContext& context, const HttpRequest& request, const Login& login) {
  const std::string stream = text_of(request, "stream");
  const auto seq = integer_of(request, "seq");
  if (!seq) return refuse(seq.error());
  if (!*seq || **seq < 1) return refuse(parameter_invalid("seq", "a number from 1 is expected"));
  const auto name = parse_stream(stream);
  if (!name) return refuse(parameter_invalid("stream", "the name of a stream is expected"));
  // Streams of a centre by scope; those of the system, and what persons did, only for who sees everything.
  const bool allowed =
      name->centre.empty() ? !centres_for(login.person, kReadRecords).has_value() : may_in(login.person, kReadRecords, name->centre);
  if (!allowed) return refuse(not_found("stream", stream));
  const auto found =
      context.readers.with([&](Database& index) { return read_record(index, context.broker, stream, static_cast<std::uint64_t>(**seq)); });
  if (!found && found.error().code == ErrorCode::not_found) return refuse(not_found("record", stream));
  if (!found) return refuse(found.error());
  const RecordHeader& header = found->record.header;
  const std::string kind_name = RecordKind_IsValid(static_cast<int>(header.kind()))
                                    ? RecordKind_Name(static_cast<RecordKind>(header.kind()))
                                    : std::string("UNKNOWN");
  return json_response({{"stream", stream},
                        {"seq", header.seq()},
                        {"hash", to_hex(bytes_of(found->record.hash))},
                        {"position", found->record.position},
                        {"kind", header.kind()},
                        {"kind_name", kind_name},
                        {"prev_hash", to_hex(header.prev_hash())},
                        {"payload_hash", to_hex(header.payload_hash())},
                        {"payload_size", header.payload_size()},
                        {"from_us", header.occurred().wall_from_us()},
                        {"to_us", header.occurred().wall_to_us()},
                        {"header_hex", to_hex(found->record.record.header)},
                        {"signed", signed_json(*found)}});
}

}  // namespace

void add_proof_routes(HttpServer& server, ConsoleContext& context) {
  server.route("GET", "/v1/records",
               guarded(context, kReadRecords, [&context](const HttpRequest& r, const Login& l) { return record(context, r, l); }));
}

}  // namespace invigil
