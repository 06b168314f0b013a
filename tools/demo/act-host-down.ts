import type { Demo } from "./stage.ts";
import { heading, ok, quoted } from "./show.ts";
import { timed } from "./stopwatch.ts";

/** Act 3: the host is stopped: what changes nothing still passes, what needs a seed is refused before any API call. */
export async function hostDownAct(demo: Demo): Promise<void> {
  const { result, stack } = demo;
  heading("3. The host is stopped: never in the way, and no VM without a seed");
  await demo.host.stop();
  await timed(result, "no-op up, host down", () =>
    stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]),
  );
  ok("a no-op `pulumi up` passes");
  await stack.setDroplets([demo.droplet("web-1"), demo.droplet("web-2")]);
  const refused = await timed(result, "new droplet, host down", () =>
    stack.pulumi(["up", "--yes", "--skip-preview"]).then(
      () => undefined,
      (error: unknown) => String((error as { all?: string }).all ?? error),
    ),
  );
  if (refused === undefined)
    throw new Error("expected a new droplet to be refused while the host is down, but it was created");
  const sentence = refused
    .split("\n")
    .find((line) => /no seed for web-2/.test(line))
    ?.replace(/^.*?(no seed for)/, "$1")
    .trim();
  if (sentence === undefined)
    throw new Error(`expected one sentence that says why web-2 was refused, got:\n${refused}`);
  const names = await demo.cloud.names();
  if (names.join() !== "web-1") throw new Error(`expected web-1 alone at the cloud, got ${names.join(", ")}`);
  quoted(sentence);
  ok("a new droplet is refused before any API call");
  result.hostDown = { noOpPassed: true, createRefused: sentence };
}
