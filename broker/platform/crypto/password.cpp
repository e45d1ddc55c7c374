#include "broker/platform/crypto/crypto.h"
#include "broker/platform/crypto/sodium_once.h"

namespace invigil {

Result<std::string> hash_password(std::string_view password) {
  start_sodium();
  std::string out(crypto_pwhash_STRBYTES, '\0');
  if (crypto_pwhash_str(out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
    return fail(ErrorCode::exhausted, "not enough memory to hash a password (64 MiB are needed)");
  out.resize(out.find('\0'));
  return out;
}

bool verify_password(std::string_view stored, std::string_view password) {
  start_sodium();
  if (stored.size() >= crypto_pwhash_STRBYTES) return false;
  std::string text(crypto_pwhash_STRBYTES, '\0');  // the verifier wants its zero byte
  stored.copy(text.data(), stored.size());
  return crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

}  // namespace invigil
