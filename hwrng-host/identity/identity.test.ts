import { parseStatement, toHex, verifyStatement } from "@bootseed/protocol";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes, X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { loadIdentity, unsigned } from "./host-identity.ts";
import { FILES, initState, type InitResult } from "./init.ts";
import { selfSigned } from "./self-signed.ts";

const PAIR = await selfSigned("bootseed test", randomBytes(8));
const OTHER = await selfSigned("other", randomBytes(8));
const ANNOUNCE = { advertise: ["192.0.2.1:7443"], intervalMs: 21_600_000 };

class State implements Disposable {
  readonly dir: string = join(mkdtempSync(join(tmpdir(), "bootseed-identity-")), "state");
  init(announce: typeof ANNOUNCE = ANNOUNCE, now?: number): InitResult {
    return initState(this.dir, announce, (bytes) => randomBytes(bytes), PAIR, now);
  }
  path(name: string): string {
    return join(this.dir, name);
  }
  /** Every file, by its path below the folder. */
  files(): string[] {
    const all = readdirSync(this.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return all.map((entry) => relative(this.dir, join(entry.parentPath, entry.name)));
  }
  contents(): Record<string, string> {
    return Object.fromEntries(this.files().map((name) => [name, readFileSync(this.path(name), "hex")]));
  }
  [Symbol.dispose](): void {
    rmSync(join(this.dir, ".."), { recursive: true, force: true });
  }
}

describe("init", () => {
  it("makes everything once, 0600 in a 0700 folder, and loads", () => {
    using state = new State();
    expect(state.init().created.length).toBe(6);
    expect(statSync(state.dir).mode & 0o777).toBe(0o700);
    expect(statSync(state.path("statements")).mode & 0o777).toBe(0o700);
    for (const name of state.files()) {
      expect([name, statSync(state.path(name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    const identity = loadIdentity(state.dir);
    verifyStatement(identity.statement, identity.statement);
    expect(identity.statement).toMatchObject({ serial: 1, addresses: ANNOUNCE.advertise, pins: [identity.tlsPin] });
    const der = new X509Certificate(identity.tlsCertificatePem).raw;
    expect(toHex(identity.tlsPin)).toBe(createHash("sha256").update(der).digest("hex"));
    const { kClaim } = identity.keys;
    identity.close();
    expect(kClaim).toEqual(new Uint8Array(32));
  });

  it("changes nothing when run again", () => {
    using state = new State();
    state.init();
    const before = state.contents();
    expect(state.init()).toEqual({ created: [], statementSerial: 1, updated: false });
    expect(state.contents()).toEqual(before);
  });

  it("signs a new statement when the address changes, and keeps every key", () => {
    using state = new State();
    state.init();
    const before = state.contents();
    const moved = { ...ANNOUNCE, advertise: ["192.0.2.2:7443"] };
    const first = loadIdentity(state.dir).statement;
    expect([unsigned(first, ANNOUNCE), unsigned(first, moved)]).toEqual([
      null,
      expect.stringMatching(/^the config says 192\.0\.2\.2:7443 .* the signed statement says 192\.0\.2\.1:7443/),
    ]);
    expect(state.init(moved)).toEqual({ created: [], statementSerial: 2, updated: true });
    const after = state.contents();
    const signed = { statement: "", "statements/2": "" };
    expect({ ...after, ...signed }).toEqual({ ...before, ...signed });
    const identity = loadIdentity(state.dir);
    expect(identity.history.map(({ serial }) => serial)).toEqual([1, 2]);
    expect(identity.statement.serial).toBe(2);
  });

  it("never gives a serial of its lost future to another statement", () => {
    using state = new State();
    const at = (address: string): typeof ANNOUNCE => ({ ...ANNOUNCE, advertise: [address] });
    state.init(ANNOUNCE, 1000);
    const backup = readFileSync(state.path(FILES.statement));
    expect(state.init(at("192.0.2.2:7443"), 2000).statementSerial).toBe(2000);
    // A clock that went back does not stop serials from rising.
    expect(state.init(at("192.0.2.3:7443"), 1500).statementSerial).toBe(2000 + 1 + 1500);
    writeFileSync(state.path(FILES.statement), backup);
    expect(state.init(at("192.0.2.4:7443"), 90_000).statementSerial).toBe(90_000);
  });

  const MADE = [FILES.rootKey, FILES.packetKey, FILES.secret, FILES.tlsKey, FILES.tlsCertificate] as const;
  it.each(MADE)("completes a folder it was stopped in before %s, and keeps what was there", (stoppedBefore) => {
    using state = new State();
    state.init();
    const kept = MADE.slice(0, MADE.indexOf(stoppedBefore));
    const before = state.contents();
    for (const name of state.files()) if (!kept.some((one) => one === name)) rmSync(state.path(name));
    state.init();
    const after = state.contents();
    for (const name of kept.filter((one) => one !== FILES.tlsKey)) expect(after[name]).toBe(before[name]);
    loadIdentity(state.dir).close();
  });

  it("does without its root key until there is something to sign: an offline root", () => {
    using state = new State();
    state.init();
    rmSync(state.path(FILES.rootKey));
    expect(state.init()).toEqual({ created: [], statementSerial: 1, updated: false });
    loadIdentity(state.dir).close();
    expect(() => state.init({ ...ANNOUNCE, intervalMs: 60_000 })).toThrow(/its root key is not in/);
  });

  it.each(MADE.slice(1))("never makes a new %s for a host that VMs know", (name) => {
    using state = new State();
    state.init();
    rmSync(state.path(name));
    const before = state.contents();
    expect(() => state.init()).toThrow(new RegExp(`${name}.* is missing`));
    expect(state.contents()).toEqual(before);
  });

  it("says what to do when the folder cannot be made", () => {
    using state = new State();
    writeFileSync(state.dir, "a file");
    expect(() => state.init()).toThrow(
      expect.objectContaining({ exit: 73, message: expect.stringMatching(/cannot create/) }),
    );
  });
});

describe("loading", () => {
  it.each([
    ["the folder", ".", 0o755],
    ["the database", FILES.database, 0o644],
  ])("refuses a state in which others may read %s", (_, name, mode) => {
    using state = new State();
    state.init();
    writeFileSync(state.path(FILES.database), "", { mode: 0o600 });
    loadIdentity(state.dir).close();
    chmodSync(state.path(name), mode);
    expect(() => loadIdentity(state.dir)).toThrow(/has mode 0[67][45][45]; expected 0[67]00/);
  });
  it("refuses keys that others may read", () => {
    using state = new State();
    state.init();
    chmodSync(state.path(FILES.secret), 0o640);
    expect(() => loadIdentity(state.dir)).toThrow(/mode 0640; expected 0600/);
  });

  it.each([
    [FILES.rootKey, Buffer.alloc(32, 1), /not signed by root\.key/],
    [FILES.packetKey, Buffer.alloc(32, 1), /names another key than packet\.key/],
    [FILES.secret, Buffer.alloc(31, 1), /expected 32 bytes, got 31/],
    [FILES.tlsCertificate, Buffer.from("x"), /is not a certificate/],
    [FILES.tlsCertificate, Buffer.from(OTHER.certificatePem), /does not pin tls\.crt/],
    [FILES.tlsKey, Buffer.from("x"), /tls\.key or tls\.crt is damaged/],
    [FILES.tlsKey, Buffer.from(OTHER.keyPem), /is not the key of tls\.crt/],
    [FILES.packetNextKey, Buffer.alloc(31, 1), /expected 32 bytes, got 31/],
    [FILES.statement, Buffer.from("x"), /does not parse/],
  ])("refuses a damaged or foreign %s", (name, content, message) => {
    using state = new State();
    state.init();
    writeFileSync(state.path(name), content, { mode: 0o600 });
    const refused = expect.objectContaining({ exit: 78, message: expect.stringMatching(message) });
    expect(() => loadIdentity(state.dir)).toThrow(refused);
  });

  it.each([FILES.statement, FILES.packetKey, FILES.secret, FILES.tlsCertificate, FILES.tlsKey])(
    "init refuses a damaged %s, and what to do is the backup",
    (name) => {
      using state = new State();
      state.init();
      writeFileSync(state.path(name), "x", { mode: 0o600 });
      const refused = expect.objectContaining({ exit: 78, fix: expect.stringMatching(/from its backup/) });
      // As the command does it.
      expect(() => {
        state.init();
        loadIdentity(state.dir);
      }).toThrow(refused);
    },
  );

  it("says to run init when there is nothing", () => {
    using state = new State();
    expect(() => loadIdentity(state.dir)).toThrow(
      expect.objectContaining({ exit: 78, fix: expect.stringMatching(/bootseed-host init/) }),
    );
    expect(existsSync(state.dir)).toBe(false);
  });
});

describe("the self-signed certificate", () => {
  it("is what OpenSSL and python call a certificate", () => {
    using state = new State();
    state.init();
    const openssl = ["x509", "-in", state.path(FILES.tlsCertificate), "-noout", "-text"];
    const text = execFileSync("openssl", openssl).toString();
    expect(text).toMatch(/Version: 3[^]*ecdsa-with-SHA256[^]*CN\s*=\s*bootseed test[^]*CA:FALSE/);
    const certificate = new X509Certificate(readFileSync(state.path(FILES.tlsCertificate)));
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.validToDate.getFullYear()).toBe(9999);
    const script = `import ssl; ssl.create_default_context().load_cert_chain('${state.path(FILES.tlsCertificate)}','${state.path(FILES.tlsKey)}')`;
    execFileSync("python3", ["-I", "-c", script]);
  });
});

describe("a statement on disk", () => {
  it("is the message itself", () => {
    using state = new State();
    state.init();
    expect(parseStatement(Uint8Array.from(readFileSync(state.path(FILES.statement)))).serial).toBe(1);
  });
});
