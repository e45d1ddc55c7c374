#pragma once
// Files of one folder over HTTP: names made safe, content types, cache rules.

#include <filesystem>
#include <string>
#include <string_view>

#include "broker/platform/http/server.h"
#include "models/result.h"

namespace invigil {

/// By extension; "application/octet-stream" for what is not known.
std::string content_type_of(const std::filesystem::path& file);
/// "size-mtime" as a strong validator in quotes; empty when the file cannot be looked at.
std::string etag_of(const std::filesystem::path& file);

/// Answers a GET for a decoded path from `folder`: the file; index.html for "/" and for unknown paths without an extension
/// (single-page app); 404 for unknown files. Never leaves the folder, neither by dots nor by links. Files under /assets/ carry
/// a hash in their names and are cached for a year, everything else is revalidated.
HttpResponse static_file(const std::filesystem::path& folder, std::string_view path);

}  // namespace invigil
