#include "console/index/words.h"

namespace invigil {

std::string lower(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string state_after(Opinion::Outcome outcome) {
  switch (outcome) {
    case Opinion::CONFIRM: return "confirmed";
    case Opinion::DISMISS: return "dismissed";
    case Opinion::ESCALATE: return "escalated";
    default: return "open";
  }
}

}  // namespace invigil
