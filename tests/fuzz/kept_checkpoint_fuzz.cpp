// A checkpoint kept elsewhere comes from anybody: whatever is read back is written again to the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "broker/custody/verify/kept_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil::verify;
  const auto read = parse_kept_text({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!read) return 0;
  const auto again = parse_kept_text(to_kept_text(*read), "fuzz");
  if (!again || again->SerializeAsString() != read->SerializeAsString()) std::abort();
  for (const auto verdict : {KeptVerdict::fits, KeptVerdict::not_signed, KeptVerdict::other_key, KeptVerdict::cut_back,
                             KeptVerdict::rewritten, KeptVerdict::not_compared})
    if (in_words({"fuzz", *read}, verdict, 1).english.empty()) std::abort();
  return 0;
}
