#pragma once
// Tells the log who exists: USER_CHANGED records for every change of an account, without hashes.

#include <filesystem>

#include "console/auth/accounts.h"
#include "console/journal/journal.h"
#include "models/result.h"

namespace invigil {

/// Records what accounts say is unrecorded, oldest first. `lock_file` keeps the server and the command line from recording the same
/// change twice. `unavailable` when the broker is away: the changes stay and are recorded later.
Result<> record_user_changes(Accounts& accounts, Journal& journal, const std::filesystem::path& lock_file,
                             std::chrono::milliseconds timeout);

}  // namespace invigil
