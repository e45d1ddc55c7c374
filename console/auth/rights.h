#pragma once
// What a person may do: role × action × scope. Deny by default: an action whose row does not say so reaches nowhere.

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace invigil {

enum class UserRole { administrator, inspector, regulator, centre };

/// How far a right reaches.
enum class RightReach {
  none,
  everywhere,
  scope,       ///< the centres of the account; an empty list means all
  own_centres  ///< the centres of the account; an empty list means none
};
inline constexpr RightReach kNowhere = RightReach::none, kEverywhere = RightReach::everywhere, kInScope = RightReach::scope,
                            kOwnCentres = RightReach::own_centres;

/// Something a person may do, with its row of the rights table. Each module defines its own (`nouns/<noun>/rights.h`).
struct Action {
  std::string_view name;
  std::array<RightReach, 4> reach;  ///< administrator, inspector, regulator, centre
};

constexpr RightReach reach_of(UserRole role, const Action& action) { return action.reach[static_cast<std::size_t>(role)]; }

std::string_view name_of(UserRole role);
std::optional<UserRole> role_named(std::string_view name);
std::span<const UserRole> all_roles();

/// A logged-in person, or an account. `scope` holds centre ids.
struct User {
  std::string user;
  std::string display_name;
  UserRole role = UserRole::centre;
  std::vector<std::string> scope;
};

/// May this person do it anywhere at all?
bool may(const User& person, const Action& action);
/// …in this centre?
bool may_in(const User& person, const Action& action, std::string_view centre);
/// The centres a list has to be narrowed to; empty optional = all, an empty list = none.
std::optional<std::vector<std::string>> centres_for(const User& person, const Action& action);

}  // namespace invigil
