#pragma once
// The order of names as people number them.

#include <string>

namespace invigil {

/// "room 2" before "room 10": runs of digits compare as numbers, everything else byte by byte.
bool natural_less(const std::string& x, const std::string& y);

}  // namespace invigil
