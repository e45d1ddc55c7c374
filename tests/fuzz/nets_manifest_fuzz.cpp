// Any bytes as a nets manifest: accepted nets have plain names and whole hashes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "models/nets/nets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto nets = invigil::parse_net_manifest({reinterpret_cast<const char*>(data), size});
  if (!nets) return nets.error().message.empty() ? (invigil::abort_with("a refusal without a reason"), 0) : 0;
  for (const auto& net : *nets)
    if (net.file.find('/') != std::string::npos || net.sha256.size() != 64) invigil::abort_with("a bad net was accepted");
  return 0;
}
