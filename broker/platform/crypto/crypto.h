#pragma once
// Hashes, signatures, keys, passwords: the one home of libsodium and OpenSSL. No type of theirs leaves this folder.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "models/result.h"

namespace invigil {

/// SHA-256 of some bytes: 32 raw bytes.
using Hash = std::array<std::uint8_t, 32>;
inline constexpr Hash kZeroHash{};

Hash sha256(std::string_view bytes);
/// The hash as a 32-byte string (protobuf fields) and back; `invalid` when the size differs.
std::string bytes_of(const Hash& hash);
Result<Hash> hash_from(std::string_view bytes);
std::string to_hex(std::string_view bytes);
Result<std::string> from_hex(std::string_view hex);

/// Incremental SHA-256 for objects and for many small inputs: one context, reused. Single-thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  /// The hash of everything since the last finish(); starts anew.
  Hash finish();
  /// Hash of one input, without allocating.
  Hash of(std::string_view bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// CRC-32C (Castagnoli) of `bytes`, continuing from `before`; hardware where the CPU has it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0);
/// The same without the instruction: what a CPU lacking it runs.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t before = 0);

/// Cryptographically random bytes.
std::string random_bytes(std::size_t count);
/// A token of 160 random bits in base32 without look-alikes, groups of 4 by dash: for people to copy.
std::string random_token();

/// An Ed25519 key pair. The secret never leaves the object but into its file.
class SigningKey {
 public:
  static SigningKey generate();
  /// Deterministic key for tests and the simulator only.
  static SigningKey from_seed(const Hash& seed);
  /// Reads the file, or makes it (mode 0600, fsynced) when it does not exist. Refuses a file others may read.
  static Result<SigningKey> load_or_create(const std::filesystem::path& file);
  /// Reads the file; `not_found` when it does not exist: for a program that has signed before.
  static Result<SigningKey> load(const std::filesystem::path& file);
  ~SigningKey();
  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  std::string public_key() const;                    ///< 32 bytes
  std::string sign(std::string_view message) const;  ///< 64 bytes

 private:
  SigningKey();
  static Result<SigningKey> of_secret(Result<std::string> seed);
  std::array<std::uint8_t, 64> secret_{};
};

bool verify_signature(std::string_view public_key, std::string_view message, std::string_view signature);

/// A CURVE (Curve25519) key pair for ZeroMQ, as 32 raw bytes each.
struct CurveKeys {
  std::string public_key;
  std::string secret_key;
};
CurveKeys generate_curve_keys();
/// As SigningKey::load and load_or_create.
Result<CurveKeys> load_curve_keys(const std::filesystem::path& file);
Result<CurveKeys> load_or_create_curve_keys(const std::filesystem::path& file);

/// Argon2id (libsodium INTERACTIVE: 64 MiB): slow on purpose, about 0.1–0.2 s. Callers limit how many run at once.
Result<std::string> hash_password(std::string_view password);
bool verify_password(std::string_view stored, std::string_view password);
/// True when both have the same bytes; its time depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace invigil
