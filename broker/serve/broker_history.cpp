#include "broker/serve/broker_history.h"

#include <map>

namespace invigil {

Result<BrokerHistory> replay_broker_stream(const EventLog& log, const std::string& stream, PrincipalTable& principals) {
  BrokerHistory history;
  std::map<std::string, PeerPresence::State> presence;
  const std::uint64_t last = log.tip(stream).seq;
  for (std::uint64_t next = 1; next <= last;) {
    auto records = log.read_stream(stream, next, 4096, 4 << 20);
    if (!records && records.error().code != ErrorCode::corrupt && records.error().code != ErrorCode::not_found)
      return tl::make_unexpected(records.error());
    if (!records || records->empty()) {
      const std::uint64_t readable = log.next_in_stream(stream, next + 1).value_or(last + 1);
      history.unreadable += readable - next;
      next = readable;
      continue;
    }
    for (const StoredRecord& stored : *records) {
      auto header = parse_header(stored.record.header);
      if (!header) return tl::make_unexpected(header.error());
      next = header->seq() + 1;
      principals.apply(header->kind(), stored.record.payload);
      history.identity.apply(header->kind(), stored.record.payload);
      if (header->kind() == BROKER_STARTED) ++history.starts;
      if (header->kind() != PEER_PRESENCE) continue;
      if (auto p = parse_payload<PeerPresence>(stored.record.payload)) presence[p->principal()] = p->state();
    }
  }
  for (const auto& [principal, state] : presence)
    if (state == PeerPresence::CONNECTED || state == PeerPresence::STALE) history.present.push_back(principal);
  return history;
}

}  // namespace invigil
