/** JSON from an OIDC issuer: https, a certificate that is checked, no redirects, bounded in time and size. */
import { get } from "node:https";
import type { GetJson } from "./issuer-keys.ts";

const DEADLINE_MS = 5000;
const MAX_BYTES = 256 * 1024;

/** @param ca PEM of the authority that signed the issuer's certificate; absent: those that Node.js knows */
export function httpsGetter(ca?: string): GetJson {
  return async (url) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const options = {
      signal,
      agent: false,
      headers: { accept: "application/json" },
      ...(ca === undefined ? {} : { ca }),
    };
    const call = get(url, options, (answer) => {
      if (answer.statusCode !== 200) call.destroy(new Error(`it answered ${answer.statusCode}`));
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) call.destroy(new Error(`it answered with over ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    call.on("error", reject);
    const text = await promise;
    return JSON.parse(text) as unknown;
  };
}
