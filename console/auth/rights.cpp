#include "console/auth/rights.h"

#include <algorithm>
#include <array>

namespace invigil {
namespace {

constexpr std::array kRoles{UserRole::administrator, UserRole::inspector, UserRole::regulator, UserRole::centre};
constexpr std::array<std::string_view, 4> kRoleNames{"administrator", "inspector", "regulator", "centre"};

struct Row {
  Action action;
  std::string_view name;
  std::array<RightReach, 4> reach;  // in the order of kRoles
};

constexpr RightReach kNo = RightReach::none, kAll = RightReach::everywhere, kScope = RightReach::scope, kOwn = RightReach::own_centres;

// Administrators run the system and decide nothing; inspectors decide; regulators look on, without names; centres see themselves.
constexpr auto kTable = std::to_array<Row>({
    //                                              administrator inspector regulator centre
    {Action::read_sessions, "read_sessions", {kAll, kScope, kScope, kOwn}},
    {Action::read_names, "read_names", {kNo, kScope, kNo, kOwn}},
    {Action::operate_sessions, "operate_sessions", {kAll, kNo, kNo, kOwn}},
    {Action::read_incidents, "read_incidents", {kAll, kScope, kScope, kOwn}},
    {Action::give_opinions, "give_opinions", {kNo, kScope, kNo, kNo}},
    {Action::view_evidence, "view_evidence", {kAll, kScope, kScope, kOwn}},
    {Action::export_evidence, "export_evidence", {kNo, kScope, kScope, kNo}},
    {Action::read_records, "read_records", {kAll, kScope, kScope, kOwn}},
    {Action::read_acts, "read_acts", {kAll, kNo, kAll, kNo}},
    {Action::read_users, "read_users", {kAll, kNo, kNo, kNo}},
});

constexpr auto kActions = [] {
  std::array<Action, kTable.size()> out{};
  for (std::size_t i = 0; i < kTable.size(); ++i) out[i] = kTable[i].action;
  return out;
}();

}  // namespace

RightReach reach_of(UserRole role, Action action) {
  for (const Row& row : kTable)
    if (row.action == action) return row.reach[static_cast<std::size_t>(role)];
  return RightReach::none;
}

std::string_view name_of(UserRole role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::string_view name_of(Action action) {
  for (const Row& row : kTable)
    if (row.action == action) return row.name;
  return "";
}

std::optional<UserRole> role_named(std::string_view name) {
  for (const UserRole role : kRoles)
    if (name_of(role) == name) return role;
  return std::nullopt;
}

std::span<const UserRole> all_roles() { return kRoles; }
std::span<const Action> all_actions() { return kActions; }

std::optional<std::vector<std::string>> centres_for(const User& person, Action action) {
  switch (reach_of(person.role, action)) {
    case RightReach::none: return std::vector<std::string>{};
    case RightReach::everywhere: return std::nullopt;
    case RightReach::scope: return person.scope.empty() ? std::nullopt : std::optional(person.scope);
    case RightReach::own_centres: return person.scope;
  }
  return std::vector<std::string>{};
}

bool may(const User& person, Action action) {
  const auto centres = centres_for(person, action);
  return !centres || !centres->empty();
}

bool may_in(const User& person, Action action, std::string_view centre) {
  const auto centres = centres_for(person, action);
  return !centres || std::find(centres->begin(), centres->end(), centre) != centres->end();
}

}  // namespace invigil
