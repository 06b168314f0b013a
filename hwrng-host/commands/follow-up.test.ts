import { expect, it } from "vitest";
import { DEFAULT_CONFIG } from "../config/load.ts";
import { ServedHost } from "../testing/served-host.ts";
import { withConfig } from "./follow-up.ts";

it.each([
  ["start it: bootseed-host serve", "start it: bootseed-host serve --config /srv/h.yaml"],
  ["`bootseed-host client ls` shows them", "`bootseed-host client ls --config /srv/h.yaml` shows them"],
  ["bootseed-host statement --sign; or serve", "bootseed-host statement --config /srv/h.yaml --sign; or serve"],
  ["run `bootseed-host init --config FILE`", "run `bootseed-host init --config /srv/h.yaml`"],
  [
    "`bootseed-host init` or `bootseed-host restore --config x`",
    "`bootseed-host init --config /srv/h.yaml` or `bootseed-host restore --config x`",
  ],
  ["stop the other bootseed-host first", "stop the other bootseed-host first"],
])("%s", (text, named) => {
  expect(withConfig(text, "/srv/h.yaml")).toBe(named);
  expect(withConfig(text, DEFAULT_CONFIG)).toBe(text.replace("--config FILE", `--config ${DEFAULT_CONFIG}`));
});

it("a name that a shell would take apart is quoted", () =>
  expect(withConfig("bootseed-host serve", "/srv/a b's.yaml")).toBe(
    String.raw`bootseed-host serve --config '/srv/a b'\''s.yaml'`,
  ));

it("every command that init, statement, status or a refusal names for later has the config that they were given", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const said = [
    ["init"],
    ["statement", "--new-certificate", "--dry-run"],
    ["statement", "--next-root", "new"],
    ["statement", "--use-root", "--dry-run"],
    ["statement", "--next-root", "new", "--use-root", "--dry-run"],
    ["status"],
    ["client", "ls"],
    ["join-token", "ls"],
    ["push"],
    ["client", "revoke", "nobody"],
  ].map((words) => host.run(...words));
  await host.stop();
  const text = [...said, host.run("status")].map(({ out, err }) => out + err).join("");
  const named = text.match(/bootseed-host (?!answers)[a-z][^;`\n]*/g) ?? [];
  expect(named.length).toBeGreaterThanOrEqual(12);
  expect(named.filter((command) => !command.includes(`--config ${host.config}`))).toEqual([]);
});
