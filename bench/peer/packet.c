/*
 * The packet of docs/protocol.md in C: `packet-peer seal|open ROUNDS` reads its inputs from stdin, does the work ROUNDS
 * times after a warm-up, and prints processor time and the last result. protocol/ opens what this seals and the other
 * way round, so neither side can leave something out.
 */
#include "hpke.h"
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { CHUNK = 1024, HELLO = 126, SIGNATURE = 64, HEAD = 2 + KEY, MAX_PT = 1048, MAX_PACKET = 4096 };
static const char LABEL[] = "bootseed v1 packet", EXPORT[] = "bootseed v1 receipt";

/* As bench/peer.ts writes it, without padding. */
typedef struct {
  uint8_t host_id[8], seed_id[16], psk[32], hello[HELLO], nonce[16], x25519[KEY], ed25519[KEY];
  uint8_t timestamp[8], counter[8]; /* big-endian; open: counter is lastCounter */
} input;
typedef struct {
  uint64_t timestamp, counter;
  uint8_t chunk[CHUNK];
} plaintext;

static uint64_t u64(const uint8_t *bytes, size_t length) {
  uint64_t value = 0;
  for (size_t i = 0; i < length; i++) value = value << 8 | bytes[i];
  return value;
}

/* DER INTEGER of a value below 2^63. @return its length */
static size_t put_integer(uint8_t *out, uint64_t value) {
  uint8_t length = 1;
  while (value >> (8 * length - 1)) length++;
  out[0] = 2, out[1] = length;
  for (int i = 0; i < length; i++) out[2 + i] = (uint8_t)(value >> (8 * (length - 1 - i)));
  return 2u + length;
}

static size_t encode(const plaintext *p, uint8_t out[MAX_PT]) {
  size_t at = 4;
  at += put_integer(out + at, p->timestamp);
  at += put_integer(out + at, p->counter);
  memcpy(out + at, (uint8_t[]){4, 0x82, CHUNK >> 8, CHUNK & 0xff}, 4);
  memcpy(out + at + 4, p->chunk, CHUNK);
  at += 4 + CHUNK;
  memcpy(out, (uint8_t[]){0x30, 0x82, (uint8_t)((at - 4) >> 8), (uint8_t)(at - 4)}, 4);
  return at;
}

/* Reads, encodes again and compares: one value has one encoding. */
static void decode(const uint8_t *pt, size_t length, plaintext *p) {
  uint8_t again[MAX_PT];
  CHECK(length > 8 + CHUNK && length <= MAX_PT);
  CHECK(pt[4] == 2 && pt[5] >= 1 && pt[5] <= 8);
  p->timestamp = u64(pt + 6, pt[5]);
  const uint8_t *counter = pt + 6 + pt[5];
  CHECK(counter[0] == 2 && counter[1] >= 1 && counter[1] <= 8);
  p->counter = u64(counter + 2, counter[1]);
  CHECK(counter + 2 + counter[1] + 4 + CHUNK == pt + length);
  memcpy(p->chunk, counter + 2 + counter[1] + 4, CHUNK);
  CHECK(p->timestamp >> 39 == 0 && p->counter > 0 && p->counter >> 53 == 0);
  CHECK(encode(p, again) == length && CRYPTO_memcmp(again, pt, length) == 0);
  OPENSSL_cleanse(again, sizeof again);
}

/* What the packet key signs. @return its length */
static size_t signed_bytes(const input *in, const uint8_t *enc_and_ct, size_t length, uint8_t *out) {
  size_t at = sizeof LABEL;
  memcpy(out, LABEL, at);
  out[at++] = 1, out[at++] = 1;
  memcpy(out + at, in->host_id, 8);
  sha256((part[]){{in->nonce, 16}, {in->hello, HELLO}}, 2, out + at + 8);
  memcpy(out + at + 8 + HASH, enc_and_ct, length);
  return at + 8 + HASH + length;
}

static psk_context context_of(const input *in, uint8_t info[sizeof LABEL + 24]) {
  memcpy(info, LABEL, sizeof LABEL);
  memcpy(info + sizeof LABEL, in->host_id, 8);
  memcpy(info + sizeof LABEL + 8, in->seed_id, 16);
  return (psk_context){.info = info, .info_length = sizeof LABEL + 24, .psk = in->psk, .psk_id = in->seed_id,
                       .psk_id_length = 16};
}

static size_t seal(const input *in, const uint8_t chunk[CHUNK], EVP_PKEY *key, uint8_t *packet, uint8_t receipt[HASH]) {
  plaintext p = {.timestamp = u64(in->timestamp, 8), .counter = u64(in->counter, 8)};
  uint8_t pt[MAX_PT], info[sizeof LABEL + 24], message[MAX_PACKET], exporter[HASH];
  memcpy(p.chunk, chunk, CHUNK);
  size_t length = encode(&p, pt), whole = KEY + length + TAG, signature = SIGNATURE;
  psk_context context = context_of(in, info);
  packet[0] = packet[1] = 1;
  seal_psk(in->x25519, &context, pt, length, packet + 2, packet + HEAD, exporter);
  size_t message_length = signed_bytes(in, packet + 2, whole, message);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  CHECK(ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1);
  CHECK(EVP_DigestSign(ctx, packet + 2 + whole, &signature, message, message_length) == 1);
  EVP_MD_CTX_free(ctx);
  export_secret(exporter, EXPORT, receipt);
  OPENSSL_cleanse(pt, sizeof pt);
  OPENSSL_cleanse(p.chunk, CHUNK);
  OPENSSL_cleanse(exporter, HASH);
  return 2 + whole + SIGNATURE;
}

static void open_packet(const input *in, const uint8_t *packet, size_t length, EVP_PKEY *key, plaintext *p,
                        uint8_t receipt[HASH]) {
  uint8_t pt[MAX_PACKET], info[sizeof LABEL + 24], message[2 * MAX_PACKET], exporter[HASH];
  CHECK(length > HEAD + TAG + SIGNATURE && length <= MAX_PACKET && packet[0] == 1 && packet[1] == 1);
  size_t message_length = signed_bytes(in, packet + 2, length - 2 - SIGNATURE, message);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  CHECK(ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1);
  CHECK(EVP_DigestVerify(ctx, packet + length - SIGNATURE, SIGNATURE, message, message_length) == 1);
  EVP_MD_CTX_free(ctx);
  psk_context context = context_of(in, info);
  CHECK(open_psk(in->x25519, packet + 2, &context, packet + HEAD, length - HEAD - SIGNATURE, pt, exporter));
  decode(pt, length - HEAD - SIGNATURE - TAG, p);
  CHECK(p->counter > u64(in->counter, 8));
  export_secret(exporter, EXPORT, receipt);
  OPENSSL_cleanse(pt, length);
  OPENSSL_cleanse(exporter, HASH);
}

static double cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void put_hex(const char *name, const uint8_t *bytes, size_t length) {
  printf("%s ", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  input in;
  plaintext p = {0};
  uint8_t body[MAX_PACKET], packet[MAX_PACKET], receipt[HASH];
  CHECK(argc == 3);
  const int sealing = strcmp(argv[1], "seal") == 0, rounds = atoi(argv[2]), warm_up = rounds / 10;
  CHECK(fread(&in, sizeof in, 1, stdin) == 1);
  size_t body_length = fread(body, 1, sizeof body, stdin), length = 0;
  CHECK(!sealing || body_length == CHUNK);
  EVP_PKEY *key = sealing ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, in.ed25519, KEY)
                          : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, in.ed25519, KEY);
  CHECK(key);
  double began = 0;
  for (int i = -warm_up; i < rounds; i++) {
    if (i == 0) began = cpu_us();
    if (sealing) length = seal(&in, body, key, packet, receipt);
    else open_packet(&in, body, body_length, key, &p, receipt);
  }
  printf("cpu_us %.0f\n", cpu_us() - began);
  put_hex("receipt_key", receipt, HASH);
  if (sealing) put_hex("packet", packet, length);
  else printf("timestamp %llu\ncounter %llu\n", (unsigned long long)p.timestamp, (unsigned long long)p.counter);
  if (!sealing) put_hex("chunk", p.chunk, CHUNK);
  EVP_PKEY_free(key);
}
