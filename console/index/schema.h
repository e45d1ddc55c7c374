#pragma once
// The index's tables: its own and those of every module. A projection: every row follows from the log, the file may be deleted at any time.

#include <string>
#include <vector>

#include "broker/platform/db/database.h"
#include "console/index/projection.h"

namespace invigil {

/// A hash over everything the rows depend on besides the log: tables, kinds, editions.
std::string shape_of(const std::vector<Projection>& projections);

/// Makes the tables in a new file. `unsupported` when the file was made for another shape: an old index is not changed step by step, since
/// a new column would hold nothing of the records already read; it is made anew from the log.
Result<> prepare_index(Database& database, const std::vector<Projection>& projections);

}  // namespace invigil
