// Frames of records and record headers as a hostile peer may send them.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "broker/log/log_format.h"
#include "models/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invigil;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (const auto cut = cut_framed(input)) {
    std::string again;
    for (const RecordView& record : *cut) append_framed(again, record);
    if (again != input) std::abort();
  }
  // The log indexes by peek_header what the gateway accepted by parse_header: they must agree.
  if (const auto header = parse_header(input)) {
    const auto peek = peek_header(input);
    if (peek && (peek->stream != header->stream() || peek->seq != header->seq())) std::abort();
  }
  return 0;
}
