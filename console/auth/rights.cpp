#include "console/auth/rights.h"

#include <algorithm>
#include <array>

namespace invigil {
namespace {

constexpr std::array kRoles{UserRole::administrator, UserRole::inspector, UserRole::regulator, UserRole::centre};
constexpr std::array<std::string_view, 4> kRoleNames{"administrator", "inspector", "regulator", "centre"};

}  // namespace

std::string_view name_of(UserRole role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<UserRole> role_named(std::string_view name) {
  for (const UserRole role : kRoles)
    if (name_of(role) == name) return role;
  return std::nullopt;
}

std::span<const UserRole> all_roles() { return kRoles; }

std::optional<std::vector<std::string>> centres_for(const User& person, const Action& action) {
  switch (reach_of(person.role, action)) {
    case RightReach::none: return std::vector<std::string>{};
    case RightReach::everywhere: return std::nullopt;
    case RightReach::scope: return person.scope.empty() ? std::nullopt : std::optional(person.scope);
    case RightReach::own_centres: return person.scope;
  }
  return std::vector<std::string>{};
}

bool may(const User& person, const Action& action) {
  const auto centres = centres_for(person, action);
  return !centres || !centres->empty();
}

bool may_in(const User& person, const Action& action, std::string_view centre) {
  const auto centres = centres_for(person, action);
  return !centres || std::find(centres->begin(), centres->end(), centre) != centres->end();
}

}  // namespace invigil
