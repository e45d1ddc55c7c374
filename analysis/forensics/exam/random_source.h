#pragma once
// Random numbers that are the same on every machine and library: splitmix64, and what is made from it.

#include <cmath>
#include <cstdint>

namespace invigil {

/// splitmix64 (Steele, Lea & Flood 2014). Not for secrets.
class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// In (0, 1).
  double uniform() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }
  /// 0 … count - 1.
  int below(int count) { return static_cast<int>(uniform() * count); }
  /// Standard normal (Box & Muller 1958).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(uniform()));  // drawn first: one expression would leave the order to the compiler
    return radius * std::cos(6.283185307179586 * uniform());
  }

 private:
  std::uint64_t state_;
};

}  // namespace invigil
