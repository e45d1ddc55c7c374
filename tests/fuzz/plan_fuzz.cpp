// Any bytes as a plan: refused with a reason or understood, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "console/plan/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = invigil::parse_plan(text, [](const invigil::SeatToken&) { return std::string("0123456789abcdef"); });
  if (parsed) {
    if (!invigil::check_against(parsed->plan, {{parsed->plan.id(), parsed->plan}})) __builtin_trap();
  } else if (parsed.error().message.empty()) {
    __builtin_trap();
  }
  return 0;
}
