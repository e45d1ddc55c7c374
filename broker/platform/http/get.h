#pragma once
// A small HTTP client for one program of this machine asking another: plain http only.

#include <chrono>
#include <string>

#include "models/result.h"

namespace invigil {

/// The body of a 200 answer of `http://<address>:<port>/<path>`; at most 1 MiB. `unavailable` when nobody answers in time or the
/// answer has another status, `unsupported` for other schemes.
Result<std::string> http_get(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds(5));

}  // namespace invigil
