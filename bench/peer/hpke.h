/* HPKE of RFC 9180, mode_psk: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305; names are the RFC's. */
#pragma once
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY = 32, TAG = 16, HASH = 32 };

/* One part of a message that is hashed. */
typedef struct {
  const void *bytes;
  size_t length;
} part;

typedef struct {
  const uint8_t *info, *psk, *psk_id;
  size_t info_length, psk_id_length;
} psk_context;

/* Ends the program with the place: a benchmark that goes on after an error measures nothing. */
#define CHECK(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, #condition))
void fail(const char *file, int line, const char *condition);

void sha256(const part *parts, size_t count, uint8_t out[HASH]);
/* HMAC-SHA-256 of the joined parts; the key has at most 64 bytes. */
void hmac(const uint8_t *key, size_t key_length, const part *parts, size_t count, uint8_t out[HASH]);

/* SealPSK: enc, and ct = ciphertext and tag. */
void seal_psk(const uint8_t pk_r[KEY], const psk_context *context, const uint8_t *pt, size_t pt_length, uint8_t enc[KEY],
              uint8_t *ct, uint8_t exporter_secret[HASH]);
/* OpenPSK. @return 0 when it does not open */
int open_psk(const uint8_t sk_r[KEY], const uint8_t enc[KEY], const psk_context *context, const uint8_t *ct,
             size_t ct_length, uint8_t *pt, uint8_t exporter_secret[HASH]);
void export_secret(const uint8_t exporter_secret[HASH], const char *exporter_context, uint8_t out[HASH]);
