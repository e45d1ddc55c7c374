// invigil-verify's own segment reader: positions handed over ascend, whatever the bytes.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/custody/verify/segment_reader.h"
#include "broker/log/log_format.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool with_header = size % 2 == 0;
  const std::string bytes = (with_header ? encode_segment_header({0, 1}) : std::string()) + std::string(input);
  for (const auto next_first : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(3)}) {
    std::uint64_t next = 0;
    verify::read_segment(
        bytes, "fuzz", 0, next_first,
        [&](const verify::FoundRecord& found) {
          if (found.position < next || found.header.empty()) std::abort();
          next = found.position + 1;
        },
        [](const verify::BadBytes&) {});
  }
  return 0;
}
