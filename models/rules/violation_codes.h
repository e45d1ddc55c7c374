#pragma once
// The violations a person may confirm, by group, with the rule each rests on. Versioned: old opinions keep their meaning.

#include <span>
#include <string_view>

namespace invigil {

/// One entry. `basis` names the rule it follows or, for other exams' rules, says "by analogy".
struct ViolationCode {
  std::string_view code;   ///< "C1.4"
  std::string_view group;  ///< "C1"
  std::string_view zh;
  std::string_view en;
  std::string_view basis;
};

/// Version of the list below; an Opinion records it.
inline constexpr std::string_view kRulesVersion = "2026-11";

std::span<const ViolationCode> violation_codes();
/// nullptr when there is no such code.
const ViolationCode* find_violation_code(std::string_view code);

}  // namespace invigil
