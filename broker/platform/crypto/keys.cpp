#include <algorithm>

#include "broker/platform/crypto/crypto.h"
#include "broker/platform/crypto/key_file.h"
#include "broker/platform/crypto/sodium_once.h"

namespace invigil {
namespace {

constexpr std::string_view kSigningTitle = "invigil ed25519 seed v1";
constexpr std::string_view kCurveTitle = "invigil curve25519 secret key v1";

const unsigned char* u8(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* u8(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

}  // namespace

SigningKey::SigningKey() { start_sodium(); }

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

SigningKey::SigningKey(SigningKey&& other) noexcept : secret_(other.secret_) { sodium_memzero(other.secret_.data(), other.secret_.size()); }

SigningKey& SigningKey::operator=(SigningKey&& other) noexcept {
  if (this != &other) {
    secret_ = other.secret_;
    sodium_memzero(other.secret_.data(), other.secret_.size());
  }
  return *this;
}

SigningKey SigningKey::from_seed(const Hash& seed) {
  static_assert(crypto_sign_SEEDBYTES == sizeof(Hash) && crypto_sign_SECRETKEYBYTES == 64);
  SigningKey key;
  unsigned char ignored[crypto_sign_PUBLICKEYBYTES];
  crypto_sign_seed_keypair(ignored, key.secret_.data(), seed.data());
  return key;
}

SigningKey SigningKey::generate() {
  start_sodium();
  Hash seed;
  randombytes_buf(seed.data(), seed.size());
  SigningKey key = from_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

Result<SigningKey> SigningKey::of_secret(Result<std::string> seed) {
  if (!seed) return tl::make_unexpected(seed.error());
  Hash hash;
  std::copy(seed->begin(), seed->end(), reinterpret_cast<char*>(hash.data()));
  SigningKey key = from_seed(hash);
  sodium_memzero(hash.data(), hash.size());
  sodium_memzero(seed->data(), seed->size());
  return key;
}

Result<SigningKey> SigningKey::load(const std::filesystem::path& file) { return of_secret(load_secret(file, kSigningTitle, sizeof(Hash))); }

Result<SigningKey> SigningKey::load_or_create(const std::filesystem::path& file) {
  return of_secret(load_or_create_secret(file, kSigningTitle, sizeof(Hash), [] { return random_bytes(sizeof(Hash)); }));
}

std::string SigningKey::public_key() const {
  // libsodium keeps the public key in the second half of the secret one.
  return {reinterpret_cast<const char*>(secret_.data()) + 32, 32};
}

std::string SigningKey::sign(std::string_view message) const {
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(u8(signature), nullptr, u8(message), message.size(), secret_.data());
  return signature;
}

bool verify_signature(std::string_view public_key, std::string_view message, std::string_view signature) {
  start_sodium();
  return public_key.size() == crypto_sign_PUBLICKEYBYTES && signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(u8(signature), u8(message), message.size(), u8(public_key)) == 0;
}

CurveKeys generate_curve_keys() {
  start_sodium();
  CurveKeys keys{std::string(crypto_box_PUBLICKEYBYTES, '\0'), std::string(crypto_box_SECRETKEYBYTES, '\0')};
  crypto_box_keypair(u8(keys.public_key), u8(keys.secret_key));
  return keys;
}

namespace {

Result<CurveKeys> curve_keys_of(Result<std::string> secret, const std::filesystem::path& file) {
  if (!secret) return tl::make_unexpected(secret.error());
  CurveKeys keys{std::string(crypto_box_PUBLICKEYBYTES, '\0'), std::move(*secret)};
  if (crypto_scalarmult_base(u8(keys.public_key), u8(keys.secret_key)) != 0)
    return fail(ErrorCode::corrupt, "key file " + file.string() + ": holds no usable Curve25519 key", file.string());
  return keys;
}

}  // namespace

Result<CurveKeys> load_curve_keys(const std::filesystem::path& file) {
  start_sodium();
  return curve_keys_of(load_secret(file, kCurveTitle, crypto_box_SECRETKEYBYTES), file);
}

Result<CurveKeys> load_or_create_curve_keys(const std::filesystem::path& file) {
  return curve_keys_of(load_or_create_secret(file, kCurveTitle, crypto_box_SECRETKEYBYTES, [] { return generate_curve_keys().secret_key; }),
                       file);
}

}  // namespace invigil
