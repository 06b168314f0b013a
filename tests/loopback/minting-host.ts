/** The real host with its mint on https too, and its operator, who makes clients. */
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { freePort } from "../../tools/free-port.ts";
import { HostProcess } from "./host-process.ts";

const MAIN = join(import.meta.dirname, "../../hwrng-host/main.ts");

export class MintingHost implements AsyncDisposable {
  readonly service: HostProcess;
  /** Of the mint on https. */
  readonly port: number;
  /** Every token that was made. */
  readonly tokens: string[] = [];

  private constructor(service: HostProcess, port: number) {
    this.service = service;
    this.port = port;
  }

  /** Not yet started: `service.start()`. */
  static async make(): Promise<MintingHost> {
    const [service, port] = [await HostProcess.make(), await freePort()];
    const written = readFileSync(service.config, "utf8");
    writeFileSync(service.config, written.replace(/^listen:$/m, `listen:\n  mintHttps: 127.0.0.1:${port}`));
    return new MintingHost(service, port);
  }

  /** SHA-256 of the certificate that it shows, in hex. */
  pin(): string {
    const certificate = new X509Certificate(readFileSync(join(this.service.stateDir, "tls.crt")));
    return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  }

  /** Where programs ask it. */
  url(pin: string = this.pin(), port: number = this.port): string {
    return `https://127.0.0.1:${port}#sha256=${pin}`;
  }

  /** Runs `bootseed-host`. @returns what it printed @throws when it fails */
  async operator(...args: string[]): Promise<string> {
    return (await execa(process.execPath, [MAIN, ...args, "--config", this.service.config])).stdout;
  }

  /** Makes a client. @returns the file with its token */
  async client(name: string, ...options: string[]): Promise<string> {
    const file = join(this.service.dir, `${name}.token`);
    await this.operator("client", "add", name, "--out", file, ...options);
    this.tokens.push(readFileSync(file, "utf8").trim());
    return file;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.service[Symbol.asyncDispose]();
  }
}
