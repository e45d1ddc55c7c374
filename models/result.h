#pragma once
// How an expected failure travels: a value or an Error whose text tells the person what to do.

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace invigil {

/// What sort of failure it was; each maps to one HTTP status (broker/platform/http) and one exit code.
enum class ErrorCode {
  invalid,          ///< the input is malformed or breaks a rule: repeat only after changing it
  not_found,        ///< the thing named does not exist
  conflict,         ///< it contradicts what is already stored
  denied,           ///< this principal or person may not
  unauthenticated,  ///< who asks is not known
  too_large,        ///< over a stated limit
  unsupported,      ///< a codec, schema version or option this build does not know
  unavailable,      ///< network, peer or resource is away: may be repeated later
  exhausted,        ///< disk full, too many of something
  corrupt,          ///< stored bytes fail their check
  internal          ///< a library failed in a way nobody foresaw
};

/// An expected failure. `code` and `parameters` are for programs, `message` (English) is for people and names
/// the file, key, seat or camera concerned and what to do.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string where = {};  ///< JSON pointer, file:line:column or stream/seq; empty when it does not apply
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Result = tl::expected<T, Error>;

/// Shorthand for a failed Result: `return fail(ErrorCode::invalid, "…");`
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {}) {
  return tl::make_unexpected(Error{code, std::move(message), std::move(where)});
}

/// The code's stable name as it appears in API answers ("not_found").
const char* name_of(ErrorCode code);

/// Ends the program with a message: for broken invariants only, never for input.
[[noreturn]] void abort_with(const std::string& message);

}  // namespace invigil
