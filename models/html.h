#pragma once
// Text from outside, as HTML.

#include <string>
#include <string_view>

namespace invigil {

/// Shown as it is by a browser, in text and in quoted attributes: & < > " ' become entities, control characters spaces.
std::string html_escaped(std::string_view text);

}  // namespace invigil
