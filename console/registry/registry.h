#pragma once
// Writes plans and the opening and closing of sessions into a centre's registry stream.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "broker/bus/broker_client.h"
#include "console/journal/journal.h"
#include "console/plan/plan.h"
#include "models/result.h"
#include "models/time.h"

namespace invigil {

/// A SESSION_OPENED or SESSION_CLOSED record.
Result<RecordRef> change_session(Journal& journal, const Clock& clock, const std::string& centre, const std::string& session, bool open,
                                 const std::string& by, const std::string& reason);

/// The newest plan of each id in the log.
Result<std::map<std::string, Plan>> plans_in_log(BrokerClient& broker);

/// Whether a session is open, by the log. `not_found` when no plan has it.
struct SessionInLog {
  std::string centre;
  bool open = false;
};
Result<SessionInLog> session_in_log(BrokerClient& broker, const std::string& session);

/// What an import did.
struct ImportOutcome {
  bool unchanged = false;  ///< the log already says exactly this: nothing was written
  std::size_t sessions = 0;
  std::filesystem::path tokens_file = {};  ///< where tokens lie that the plan did not bring; empty when it brought all
  std::size_t tokens_made = 0;             ///< of these, how many are new
};

/// Reads, checks and records a plan file. Tokens it does not bring are kept in `<plan>.tokens.json` beside it (0600), and taken from
/// there when the same plan comes again: so importing twice changes nothing.
Result<ImportOutcome> import_plan(BrokerClient& broker, Journal& journal, const Clock& clock, const std::filesystem::path& file,
                                  const std::string& by);

}  // namespace invigil
