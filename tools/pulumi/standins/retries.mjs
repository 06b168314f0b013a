// Part of the stand-in provider: which requests are sent again, and when, as godo's retry client does it in
// terraform-provider-digitalocean 2.96.0 (digitalocean/config/config.go over hashicorp/go-retryablehttp): every method,
// also POST; after a connection that failed, 429, and 5xx but 501. The waits double: 1, 2, 4 and 8 s with the defaults,
// so that a POST goes out at 0, 1, 3, 7 and 15 s. `Retry-After` of a 429 or 503 takes their place.
import { setTimeout as sleep } from "node:timers/promises";

/** @param {string} name @param {number} otherwise */
const setting = (name, otherwise) => Number(process.env[name] || otherwise);
/** Further tries after the first; 0 is none. */
const RETRY_MAX = setting("DIGITALOCEAN_HTTP_RETRY_MAX", 4);
const WAIT_MIN_S = setting("DIGITALOCEAN_HTTP_RETRY_WAIT_MIN", 1);
const WAIT_MAX_S = setting("DIGITALOCEAN_HTTP_RETRY_WAIT_MAX", 30);

/** @param {Response} response */
const passing = ({ status }) => status === 429 || (status >= 500 && status !== 501);

/** @param {number} retry counted from 0 @param {Response | undefined} response @returns {number} milliseconds */
function waitOf(retry, response) {
  const asked = response !== undefined && [429, 503].includes(response.status) && response.headers.get("retry-after");
  if (asked && Number.isInteger(Number(asked))) return 1000 * Number(asked); // the other form, a date, is not sent here
  return 1000 * Math.min(WAIT_MIN_S * 2 ** retry, WAIT_MAX_S);
}

/**
 * @param {() => Promise<Response>} send
 * @returns {Promise<Response>} the first answer that is not to be asked for again, or the last one
 */
export async function withRetries(send) {
  for (let retry = 0; ; retry++) {
    let response;
    try {
      response = await send();
      if (!passing(response) || retry >= RETRY_MAX) return response;
    } catch (error) {
      if (retry >= RETRY_MAX) throw error;
    }
    await response?.body?.cancel();
    await sleep(waitOf(retry, response));
  }
}
