/* See hpke.h. Everything that can be made once is made once; hashes are libcrypto's SHA256_*, its quickest interface. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "hpke.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64, NONCE = 12, MODE_PSK = 1, MAX_PARTS = 8 };
static const uint8_t KEM_SUITE[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t HPKE_SUITE[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};
#define SUITE(name) (part){name, sizeof name}
#define TEXT(text) (part){text, strlen(text)}

void fail(const char *file, int line, const char *condition) {
  fprintf(stderr, "%s:%d: expected %s\n", file, line, condition);
  exit(70);
}

void sha256(const part *parts, size_t count, uint8_t out[HASH]) {
  SHA256_CTX hash;
  SHA256_Init(&hash);
  for (size_t i = 0; i < count; i++) SHA256_Update(&hash, parts[i].bytes, parts[i].length);
  SHA256_Final(out, &hash);
  OPENSSL_cleanse(&hash, sizeof hash);
}

void hmac(const uint8_t *key, size_t key_length, const part *parts, size_t count, uint8_t out[HASH]) {
  uint8_t pad[BLOCK] = {0}, inner[HASH];
  part list[MAX_PARTS + 1] = {{pad, BLOCK}};
  CHECK(key_length <= BLOCK && count <= MAX_PARTS);
  memcpy(pad, key, key_length);
  for (size_t i = 0; i < BLOCK; i++) pad[i] ^= 0x36;
  memcpy(list + 1, parts, count * sizeof *parts);
  sha256(list, count + 1, inner);
  for (size_t i = 0; i < BLOCK; i++) pad[i] ^= 0x36 ^ 0x5c;
  sha256((part[]){{pad, BLOCK}, {inner, HASH}}, 2, out);
  OPENSSL_cleanse(pad, sizeof pad);
}

/* RFC 9180 section 4. */
static void labeled_extract(part suite, part salt, const char *label, part ikm, uint8_t out[HASH]) {
  hmac(salt.bytes, salt.length, (part[]){TEXT("HPKE-v1"), suite, TEXT(label), ikm}, 4, out);
}

/* One block at most: nothing here is longer than a hash. */
static void labeled_expand(part suite, const uint8_t prk[HASH], const char *label, part info, size_t length,
                           uint8_t *out) {
  const uint8_t front[] = {0, (uint8_t)length}, one = 1;
  uint8_t block[HASH];
  part parts[] = {{front, 2}, TEXT("HPKE-v1"), suite, TEXT(label), info, {&one, 1}};
  CHECK(length <= HASH);
  hmac(prk, HASH, parts, 6, block);
  memcpy(out, block, length);
  OPENSSL_cleanse(block, sizeof block);
}

/* DH and ExtractAndExpand (section 4.1). */
static void dh_secret(EVP_PKEY *own, EVP_PKEY *peer, const uint8_t enc[KEY], const uint8_t pk_r[KEY],
                      uint8_t shared_secret[HASH]) {
  uint8_t dh[KEY], eae_prk[HASH], kem_context[2 * KEY];
  size_t length = KEY;
  EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new(own, NULL);
  CHECK(derive && EVP_PKEY_derive_init(derive) == 1 && EVP_PKEY_derive_set_peer(derive, peer) == 1);
  CHECK(EVP_PKEY_derive(derive, dh, &length) == 1 && length == KEY);
  EVP_PKEY_CTX_free(derive);
  memcpy(kem_context, enc, KEY);
  memcpy(kem_context + KEY, pk_r, KEY);
  labeled_extract(SUITE(KEM_SUITE), (part){"", 0}, "eae_prk", (part){dh, KEY}, eae_prk);
  labeled_expand(SUITE(KEM_SUITE), eae_prk, "shared_secret", (part){kem_context, sizeof kem_context}, HASH,
                 shared_secret);
  OPENSSL_cleanse(dh, sizeof dh);
  OPENSSL_cleanse(eae_prk, sizeof eae_prk);
}

static void encap(const uint8_t pk_r[KEY], uint8_t enc[KEY], uint8_t shared_secret[HASH]) {
  static EVP_PKEY_CTX *maker;
  if (!maker) CHECK((maker = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL)) && EVP_PKEY_keygen_init(maker) == 1);
  EVP_PKEY *ephemeral = NULL, *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, pk_r, KEY);
  size_t length = KEY;
  CHECK(peer && EVP_PKEY_keygen(maker, &ephemeral) == 1);
  CHECK(EVP_PKEY_get_raw_public_key(ephemeral, enc, &length) == 1);
  dh_secret(ephemeral, peer, enc, pk_r, shared_secret);
  EVP_PKEY_free(ephemeral);
  EVP_PKEY_free(peer);
}

static void decap(const uint8_t enc[KEY], const uint8_t sk_r[KEY], uint8_t shared_secret[HASH]) {
  uint8_t pk_r[KEY];
  size_t length = KEY;
  EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, sk_r, KEY);
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, enc, KEY);
  CHECK(own && peer && EVP_PKEY_get_raw_public_key(own, pk_r, &length) == 1);
  dh_secret(own, peer, enc, pk_r, shared_secret);
  EVP_PKEY_free(own);
  EVP_PKEY_free(peer);
}

/* KeySchedule (section 5.1). */
static void key_schedule(const uint8_t shared_secret[HASH], const psk_context *c, uint8_t key[KEY],
                         uint8_t nonce[NONCE], uint8_t exporter_secret[HASH]) {
  uint8_t context[1 + 2 * HASH] = {MODE_PSK}, secret[HASH];
  part suite = SUITE(HPKE_SUITE), whole = {context, sizeof context};
  labeled_extract(suite, (part){"", 0}, "psk_id_hash", (part){c->psk_id, c->psk_id_length}, context + 1);
  labeled_extract(suite, (part){"", 0}, "info_hash", (part){c->info, c->info_length}, context + 1 + HASH);
  labeled_extract(suite, (part){shared_secret, HASH}, "secret", (part){c->psk, KEY}, secret);
  labeled_expand(suite, secret, "key", whole, KEY, key);
  labeled_expand(suite, secret, "base_nonce", whole, NONCE, nonce);
  labeled_expand(suite, secret, "exp", whole, HASH, exporter_secret);
  OPENSSL_cleanse(secret, sizeof secret);
}

/* @return 0 when a tag is wrong */
static int aead(int sealing, const uint8_t key[KEY], const uint8_t nonce[NONCE], const uint8_t *in, size_t length,
                uint8_t *out, uint8_t tag[TAG]) {
  static EVP_CIPHER *cipher;
  static EVP_CIPHER_CTX *ctx;
  int done;
  if (!cipher) CHECK((cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL)) && (ctx = EVP_CIPHER_CTX_new()));
  CHECK(EVP_CipherInit_ex2(ctx, cipher, key, nonce, sealing, NULL) == 1);
  if (!sealing) CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1);
  CHECK(EVP_CipherUpdate(ctx, out, &done, in, (int)length) == 1 && (size_t)done == length);
  if (EVP_CipherFinal_ex(ctx, out + done, &done) != 1) return 0;
  if (sealing) CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1);
  return 1;
}

void seal_psk(const uint8_t pk_r[KEY], const psk_context *context, const uint8_t *pt, size_t pt_length, uint8_t enc[KEY],
              uint8_t *ct, uint8_t exporter_secret[HASH]) {
  uint8_t shared_secret[HASH], key[KEY], nonce[NONCE];
  encap(pk_r, enc, shared_secret);
  key_schedule(shared_secret, context, key, nonce, exporter_secret);
  CHECK(aead(1, key, nonce, pt, pt_length, ct, ct + pt_length));
  OPENSSL_cleanse(shared_secret, sizeof shared_secret);
  OPENSSL_cleanse(key, sizeof key);
}

int open_psk(const uint8_t sk_r[KEY], const uint8_t enc[KEY], const psk_context *context, const uint8_t *ct,
             size_t ct_length, uint8_t *pt, uint8_t exporter_secret[HASH]) {
  uint8_t shared_secret[HASH], key[KEY], nonce[NONCE], tag[TAG];
  decap(enc, sk_r, shared_secret);
  key_schedule(shared_secret, context, key, nonce, exporter_secret);
  memcpy(tag, ct + ct_length - TAG, TAG);
  int opened = aead(0, key, nonce, ct, ct_length - TAG, pt, tag);
  OPENSSL_cleanse(shared_secret, sizeof shared_secret);
  OPENSSL_cleanse(key, sizeof key);
  return opened;
}

void export_secret(const uint8_t exporter_secret[HASH], const char *exporter_context, uint8_t out[HASH]) {
  labeled_expand(SUITE(HPKE_SUITE), exporter_secret, "sec", TEXT(exporter_context), HASH, out);
}
