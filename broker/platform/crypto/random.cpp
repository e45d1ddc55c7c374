#include "broker/platform/crypto/crypto.h"
#include "broker/platform/crypto/sodium_once.h"

namespace invigil {

std::string random_bytes(std::size_t count) {
  start_sodium();
  std::string out(count, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string random_token() {
  // 32 signs: neither 0 and O nor 1 and I are among them.
  static constexpr char kAlphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const std::string random = random_bytes(32);  // 5 bits of each byte: 160
  std::string out;
  for (std::size_t i = 0; i < random.size(); ++i) {
    if (i != 0 && i % 4 == 0) out.push_back('-');
    out.push_back(kAlphabet[static_cast<unsigned char>(random[i]) & 31]);
  }
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  start_sodium();
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace invigil
