#pragma once
// Starts libsodium once, before its first use.

#include <sodium.h>

#include "models/result.h"

namespace invigil {

/// Thread-safe; ends the program when libsodium finds no source of randomness.
inline void start_sodium() {
  static const bool started = [] {
    if (sodium_init() < 0) abort_with("libsodium cannot start: no source of randomness");
    return true;
  }();
  static_cast<void>(started);
}

}  // namespace invigil
