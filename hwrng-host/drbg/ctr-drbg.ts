/**
 * CTR_DRBG of NIST SP 800-90A Rev. 1, section 10.2.1, AES-256 with derivation function, 256-bit strength,
 * on node:crypto. https://doi.org/10.6028/NIST.SP.800-90Ar1
 */
import { createCipheriv, createSecretKey } from "node:crypto";
import { BLOCK_BYTES, blockCipherDf, KEY_BYTES, SEED_BYTES } from "./block-cipher-df.ts";

/** Table 3: entropy input holds at least the security strength, 256 bits. */
export const MIN_ENTROPY_BYTES = 32;
/** Table 3: at most 2¹⁹ bits per request. */
export const MAX_REQUEST_BYTES = 65_536;
/** Table 3: at most 2⁴⁸ requests between reseeds. */
export const RESEED_INTERVAL: number = 2 ** 48;

const EMPTY = new Uint8Array(0);

/**
 * One instantiation: working state V, Key and reseed_counter. It is wiped by {@link CtrDrbg.uninstantiate}.
 *
 * @example
 * const drbg = new CtrDrbg(entropyInput, nonce, personalization);
 * drbg.reseed(moreEntropy, additionalInput);
 * const out = drbg.generate(32);
 */
export class CtrDrbg {
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #v = new Uint8Array(BLOCK_BYTES);
  #reseedCounter = 0;

  /**
   * CTR_DRBG_Instantiate_algorithm (10.2.1.3.2).
   * @param entropyInput at least 32 bytes that hold at least 256 bits of min-entropy
   * @param nonce at least 16 bytes (half the strength, 8.6.7)
   * @param personalization any length
   * @throws RangeError entropy input or nonce too short
   */
  constructor(entropyInput: Uint8Array, nonce: Uint8Array, personalization: Uint8Array = EMPTY) {
    requireEntropy(entropyInput);
    if (nonce.length < 16) throw new RangeError(`nonce: expected at least 16 bytes, got ${nonce.length}`);
    this.#seed([entropyInput, nonce, personalization]);
  }

  /**
   * CTR_DRBG_Reseed_algorithm (10.2.1.4.2).
   * @param entropyInput at least 32 bytes that hold at least 256 bits of min-entropy
   * @param additionalInput any length
   * @throws RangeError entropy input too short; Error after uninstantiate
   */
  reseed(entropyInput: Uint8Array, additionalInput: Uint8Array = EMPTY): void {
    this.#requireLive();
    requireEntropy(entropyInput);
    this.#seed([entropyInput, additionalInput]);
  }

  /**
   * CTR_DRBG_Generate_algorithm (10.2.1.5.2).
   * @param bytes 0 to 65,536
   * @returns fresh bytes; the caller wipes them
   * @throws RangeError more than 65,536 bytes; Error when a reseed is due or after uninstantiate
   */
  generate(bytes: number, additionalInput: Uint8Array = EMPTY): Uint8Array {
    this.#requireLive();
    if (!Number.isInteger(bytes) || bytes < 0 || bytes > MAX_REQUEST_BYTES) {
      throw new RangeError(`generate: expected 0 to ${MAX_REQUEST_BYTES} bytes, got ${bytes}`);
    }
    if (this.#reseedCounter > RESEED_INTERVAL) throw new Error("CTR_DRBG: a reseed is required before more output");
    const additional = additionalInput.length > 0 ? blockCipherDf([additionalInput]) : new Uint8Array(SEED_BYTES);
    if (additionalInput.length > 0) this.#update(additional);
    const blocks = Math.ceil(bytes / BLOCK_BYTES);
    const stream = this.#keystream(blocks * BLOCK_BYTES);
    advance(this.#v, blocks);
    const out = Uint8Array.from(stream.subarray(0, bytes));
    stream.fill(0);
    this.#update(additional);
    additional.fill(0);
    this.#reseedCounter++;
    return out;
  }

  /** Uninstantiate (9.4): wipes the working state; every later call throws. */
  uninstantiate(): void {
    this.#key.fill(0);
    this.#v.fill(0);
    this.#reseedCounter = 0;
  }

  #seed(parts: readonly Uint8Array[]): void {
    const seed = blockCipherDf(parts);
    this.#update(seed);
    seed.fill(0);
    this.#reseedCounter = 1;
  }

  /** CTR_DRBG_Update (10.2.1.2). */
  #update(provided: Uint8Array): void {
    const temp = this.#keystream(SEED_BYTES);
    for (let i = 0; i < SEED_BYTES; i++) temp[i] = (temp[i] ?? 0) ^ (provided[i] ?? 0);
    this.#key.set(temp.subarray(0, KEY_BYTES));
    this.#v.set(temp.subarray(KEY_BYTES, SEED_BYTES));
    temp.fill(0);
  }

  /** AES(Key, V+1) ‖ AES(Key, V+2) ‖ …: CTR mode over zeros that starts at V+1 (ctr_len = blocklen). */
  #keystream(bytes: number): Uint8Array {
    const start = Uint8Array.from(this.#v);
    advance(start, 1);
    // As a key object: raw bytes cost 20 µs more, for stack traces of errors that node:crypto throws to itself.
    const stream = createCipheriv("aes-256-ctr", createSecretKey(this.#key), start).update(new Uint8Array(bytes));
    start.fill(0);
    return stream;
  }

  #requireLive(): void {
    if (this.#reseedCounter === 0) throw new Error("CTR_DRBG: used after uninstantiate");
  }
}

/** V = (V + blocks) mod 2¹²⁸, in place. */
function advance(v: Uint8Array, blocks: number): void {
  let carry = blocks;
  for (let i = v.length - 1; i >= 0 && carry > 0; i--) {
    const sum = (v[i] ?? 0) + (carry & 0xff);
    v[i] = sum & 0xff;
    carry = (carry >>> 8) + (sum >>> 8);
  }
}

function requireEntropy(entropyInput: Uint8Array): void {
  if (entropyInput.length < MIN_ENTROPY_BYTES) {
    throw new RangeError(`entropy input: expected at least ${MIN_ENTROPY_BYTES} bytes, got ${entropyInput.length}`);
  }
}
