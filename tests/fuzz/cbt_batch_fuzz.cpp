// Batches of test events from arbitrary bytes: never a crash, and nothing the contract does not name comes through.
#include <cstdint>

#include "capture/cbt/cbt_batch.h"
#include "models/id.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil;
  const auto batch = parse_cbt_batch({reinterpret_cast<const char*>(data), size});
  if (!batch) return 0;
  if (!is_valid_id(batch->session) || !is_valid_id(batch->seat) || batch->events.empty()) abort_with("a batch with bad names came through");
  std::uint64_t last = 0;
  for (const CbtEvent& item : batch->events) {
    if (item.event.client_seq() < 1 || item.event.client_seq() < last || item.event.type() == TEST_EVENT_TYPE_UNSPECIFIED ||
        item.event.content_hash().size() != 32)
      abort_with("a malformed event came through");
    last = item.event.client_seq();
  }
  return 0;
}
