#pragma once
// The one table that says which role may append and read which record kind in which class of stream.
// Deny by default: what has no row is refused. Enforced by the broker at append and at read, per record.

#include <string_view>

#include "models/id.h"
#include "models/record.pb.h"
#include "models/registry.pb.h"

namespace invigil {

/// May a principal of `role`, enrolled for `centre` ("" = all centres), append a record of `kind` to `stream`?
/// An agent's streams must lie in its own centre; a console appends only to streams that end in its own id.
bool may_append(Role role, std::string_view principal, std::string_view centre, const StreamName& stream, RecordKind kind);

/// May it read such a record? Agents read the registry of their own centre and their own streams, nothing else.
bool may_read(Role role, std::string_view principal, std::string_view centre, const StreamName& stream, RecordKind kind);

}  // namespace invigil
