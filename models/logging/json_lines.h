#pragma once
// Logs of every program: one JSON object a line on stderr, through Poco::Logger.

#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// Sends everything logged by Poco::Logger in this process to stderr as
/// {"time":"…Z","level":"warning","program":"invigil-broker","source":"broker.commit","text":"…"}.
/// `level`: fatal, critical, error, warning, notice, information, debug, trace; `invalid` for another word. Call once, in main.
Result<> log_json_lines(std::string program, std::string_view level = "information");

}  // namespace invigil
