#pragma once
// The one table of what a person may do: role × action × scope. Deny by default.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace invigil {

enum class UserRole { administrator, inspector, regulator, centre };

enum class Action {
  read_sessions,     ///< sessions, rooms, seats, timeline, coverage, the wall
  read_names,        ///< names beside pseudonymous ids
  operate_sessions,  ///< open and close
  read_incidents,
  give_opinions,
  view_evidence,  ///< video, snapshots
  export_evidence,
  read_records,  ///< proofs
  read_acts,     ///< the access ledger
  read_users
};

/// How far a right reaches.
enum class RightReach {
  none,
  everywhere,
  scope,       ///< the centres of the account; an empty list means all
  own_centres  ///< the centres of the account; an empty list means none
};

RightReach reach_of(UserRole role, Action action);

std::string_view name_of(UserRole role);
std::string_view name_of(Action action);
std::optional<UserRole> role_named(std::string_view name);
std::span<const UserRole> all_roles();
std::span<const Action> all_actions();

/// A logged-in person, or an account. `scope` holds centre ids.
struct User {
  std::string user;
  std::string display_name;
  UserRole role = UserRole::centre;
  std::vector<std::string> scope;
};

/// May this person do it anywhere at all?
bool may(const User& person, Action action);
/// …in this centre?
bool may_in(const User& person, Action action, std::string_view centre);
/// The centres a list has to be narrowed to; empty optional = all, an empty list = none.
std::optional<std::vector<std::string>> centres_for(const User& person, Action action);

}  // namespace invigil
