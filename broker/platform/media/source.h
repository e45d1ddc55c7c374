#pragma once
// A source as a person wrote it: what may be opened, and how it is named without its credentials.

#include <string>

#include "broker/platform/media/child.h"

namespace invigil::media {

/// A source the parent has looked at: a URL for the child to connect to, or a file opened here.
struct Source {
  bool network = false;
  std::string url;  ///< with credentials; never to be shown
  FileDescriptor file;
  std::string name_hint;  ///< the file's own name
  std::string shown;      ///< for messages: scheme, host and port of a URL, the path of a file
};

/// Opens a file, checks a URL. `not_found`, `denied`, `invalid`, `unsupported`: the text names the source and says what to do.
Result<Source> open_source(const std::string& source);

/// Scheme, host and port only: paths and queries of cameras hold passwords too.
std::string without_credentials(const std::string& url);

}  // namespace invigil::media
