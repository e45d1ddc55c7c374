#pragma once
// The index's tables. A projection: every row follows from the log, the file may be deleted at any time.

#include <span>

#include "broker/platform/db/database.h"

namespace invigil {

std::span<const Migration> index_schema();

}  // namespace invigil
