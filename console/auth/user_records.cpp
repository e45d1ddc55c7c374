#include "console/auth/user_records.h"

#include "console/file_lock.h"
#include "models/id.h"
#include "models/review.pb.h"

namespace invigil {

Result<> record_user_changes(Accounts& accounts, Journal& journal, const std::filesystem::path& lock_file,
                             std::chrono::milliseconds timeout) {
  const auto lock = FileLock::wait_for(lock_file);
  if (!lock) return tl::make_unexpected(lock.error());
  const auto changes = accounts.unrecorded();
  if (!changes) return tl::make_unexpected(changes.error());
  for (const UnrecordedChange& change : *changes) {
    UserChanged record;
    record.set_user(change.account.person.user);
    record.set_display_name(change.account.person.display_name);
    record.set_role(std::string(name_of(change.account.person.role)));
    for (const std::string& centre : change.account.person.scope) record.add_scope(centre);
    record.set_disabled(change.account.disabled);
    record.set_by(change.by);
    record.set_at_us(change.at.us);
    record.set_password_changed(change.password_changed);
    const auto written = journal.write(console_stream(journal.console()), USER_CHANGED, record.SerializeAsString(), timeout);
    if (!written) return tl::make_unexpected(written.error());
    if (auto ticked = accounts.recorded(change.number); !ticked) return ticked;
  }
  return {};
}

}  // namespace invigil
