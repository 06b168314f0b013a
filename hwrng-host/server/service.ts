/** The running service: state folder, sources, generator, store and both listeners, put together and taken apart. */
import type { Hono } from "hono";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OidcIssuer } from "../config/oidc.ts";
import type { Config } from "../config/schema.ts";
import { splitAddress } from "../config/address.ts";
import { startPush } from "../deliver/start.ts";
import { Rbg3 } from "../drbg/rbg3.ts";
import { guestApp } from "../guests/app.ts";
import { ReceiptKeys } from "../guests/receipt-keys.ts";
import { Notices } from "../guests/notices.ts";
import { Refusals } from "../guests/refusals.ts";
import type { HostContext, Log } from "../host-context.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { removeLeftovers } from "../identity/files.ts";
import { hostName, loadIdentity } from "../identity/host-identity.ts";
import { FILES } from "../identity/init.ts";
import { requirePlace } from "../identity/place.ts";
import { mintApp } from "../mint/app.ts";
import type { Recognise } from "../mint/caller.ts";
import { httpsGetter } from "../mint/oidc/get-json.ts";
import type { GetJson } from "../mint/oidc/issuer-keys.ts";
import { recogniseOidc } from "../mint/oidc/recognise.ts";
import { pushRoutes } from "../mint/push.ts";
import { recogniseBearer, recogniseLocal, type RecogniseJwt } from "../mint/recognise.ts";
import { AssessedSource } from "../sources/assessed-source.ts";
import { buildDriver, requireClass, sourceConfigs } from "../sources/build.ts";
import type { SourceClass } from "../sources/source.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { type GuestListener, type Listener, listenGuests, listenMint } from "./listen.ts";
import { listenMintHttps } from "./listen-mint-https.ts";
import { configGaps, folderGaps, orProblem, type Pending, type Reloaded, reloadRoutes, signedIn } from "./reload.ts";

/** The outside world, as arguments. */
export type World = {
  /** Wall clock, milliseconds. */
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly monotonicMs: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  /** The config file as it is now, for a reload. @throws HostError when it is wrong */
  readonly readConfig: () => Config;
};

export type Service = {
  readonly mint: string;
  /** Null: not configured. */
  readonly mintHttps: string | null;
  readonly guests: string;
  readonly hostId: string;
  /** What mint would call a seed made now; null while there is no healthy source. */
  readonly sourceClass: SourceClass | null;
  /**
   * Reads the state folder again: newest statement, keys, certificate, revoked serials.
   * @throws HostError when folder or config is not as it should be; everything stays as it was
   */
  reload(): Reloaded;
  close(): Promise<void>;
};

const SWEEP_MS = 5000;

/**
 * Starts everything, or nothing: what was opened is closed again when a later step fails.
 * A source that fails its health tests does not stop the service: it answers 503 with the reason. One that cannot be
 * read at all does, because config and machine disagree.
 * @throws HostError with the exit code of the step that failed
 */
export async function startService(config: Config, world: World): Promise<Service> {
  await using undo = new AsyncDisposableStack();
  removeLeftovers(config.stateDir);
  let identity = loadIdentity(config.stateDir);
  // Its successors as well: a request that began under one ends under it.
  const loaded = [identity];
  undo.defer(() => loaded.forEach((each) => each.close()));
  const store = openSqliteStore(join(config.stateDir, FILES.database));
  undo.defer(() => store.close());
  // After the database: its lock keeps out every other service on this folder.
  requirePlace(config.stateDir);
  const { log } = world;
  for (const gap of configGaps(identity, config, config)) log.warn({}, gap);
  const onEvent = (event: string, state: object): void => log.warn({ source: state }, event);
  sourceConfigs(config).forEach(requireClass);
  const drivers = sourceConfigs(config).map(buildDriver);
  const sources = drivers.map((driver) => new AssessedSource(driver, world.monotonicMs, onEvent));
  const generator = new Rbg3({
    sources,
    allowChained: config.allowChained,
    personalization: identity.hostId,
    systemRandom: world.random,
    now: world.monotonicMs,
  });
  undo.defer(async () => generator.close());
  const sourceClass = await startSources(sources, generator, log);

  const now = (): number => Math.floor(world.wallMs() / 1000);
  const refusals = new Refusals(log, now);
  const context: HostContext = {
    get identity() {
      return identity;
    },
    store,
    generator,
    sources,
    now,
    random: world.random,
    log,
    refusals,
    notices: new Notices(log, store),
  };
  const keys = new ReceiptKeys();
  const sweep = setInterval(() => keys.sweep(now()), SWEEP_MS);
  sweep.unref();
  undo.defer(() => clearInterval(sweep));
  const app = guestApp(context, keys);
  const guests = await open(undo, listenGuests(app.fetch, identity, splitAddress(config.listen.guests)));
  const push = startPush(context, keys, config);
  undo.defer(async () => push.close());
  let mintHttps: GuestListener | null = null;
  const reload = (): Reloaded => {
    const next = world.readConfig();
    const read = loadIdentity(config.stateDir);
    loaded.push(read);
    guests.useTls(read);
    mintHttps?.useTls(read);
    identity = read;
    return { statementSerial: read.statement.serial, warnings: configGaps(read, config, next) };
  };
  const pending = (): Pending => ({
    reload: orProblem(() => folderGaps(config.stateDir, identity)),
    config: orProblem(() => configGaps(signedIn(config.stateDir, identity), config, world.readConfig())),
  });
  const api = (recognise: Recognise): Hono =>
    mintApp(context, recognise).route("/", pushRoutes(context, push)).route("/", reloadRoutes(reload, pending));
  const mint = await open(undo, listenMint(api(recogniseLocal(context)).fetch, config.listen.mint));
  const { mintHttps: mintAt } = config.listen;
  const remote = api(recogniseBearer(context, jwtOf(config, now)));
  if (mintAt !== undefined) mintHttps = await open(undo, listenMintHttps(remote.fetch, identity, splitAddress(mintAt)));
  const running = undo.move();
  const close = async (): Promise<void> => running.disposeAsync();
  return {
    mint: mint.address,
    mintHttps: mintHttps?.address ?? null,
    guests: guests.address,
    hostId: hostName(identity),
    sourceClass,
    reload,
    close,
  };
}

/** Whose CI jobs are recognised. @throws HostError when the authority's file cannot be read */
function jwtOf({ oidc }: Config, now: () => number): RecogniseJwt | undefined {
  if (oidc === undefined) return undefined;
  const getterFor = ({ ca }: OidcIssuer): GetJson => {
    try {
      return httpsGetter(ca === undefined ? undefined : readFileSync(ca, "utf8"));
    } catch (cause) {
      const message = `cannot read oidc.ca: ${messageOf(cause)}`;
      throw new HostError("bad-config", message, "correct it, or leave it out", EXIT.config, { cause });
    }
  };
  return recogniseOidc(oidc, getterFor, now);
}

async function open<T extends Listener>(undo: AsyncDisposableStack, listener: Promise<T>): Promise<T> {
  const opened = await listener;
  undo.defer(async () => opened.close());
  return opened;
}

async function startSources(
  sources: readonly AssessedSource[],
  generator: Rbg3,
  log: Log,
): Promise<SourceClass | null> {
  for (const source of sources) {
    await source.ensureStarted().catch((error: unknown) => {
      if (!(error instanceof HostError) || error.exit === 74) throw error;
    });
  }
  const sourceClass = await generator.probe().catch((error: unknown) => {
    if (!(error instanceof HostError)) throw error;
    log.error({ reason: error.message, fix: error.fix }, "NOTHING WILL BE MINTED: no source may be used");
    return null;
  });
  if (sourceClass === "chained") {
    log.warn({ sourceClass }, "CHAINED SOURCES ONLY: seeds are somebody else's randomness, not noise of this machine");
  }
  return sourceClass;
}
