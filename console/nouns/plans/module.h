#pragma once
// The noun "plans": plans say what is to happen; sessions begin and end.

#include "console/nouns/noun.h"

namespace invigil {

Noun plans_noun();

}  // namespace invigil
