// A reporter for vitest. It writes what vitest's JSON report leaves out to the file that BOOTSEED_TEST_FACTS names.
import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** What vitest knows about a run beside its JSON report. */
export interface Facts {
  readonly modules: readonly {
    /** absolute path */
    readonly file: string;
    readonly project: string;
    /** import, hooks and tests */
    readonly seconds: number;
    /** errors of the file itself, of its suites and of their hooks */
    readonly errors: readonly string[];
  }[];
  /** errors outside of every test; `file`: the file that ran then, where vitest knows it */
  readonly unhandled: readonly { readonly file?: string; readonly message: string }[];
  /** lines `skipped: …` and `used: …` that test files printed, each once */
  readonly notes: readonly string[];
}

interface Thrown {
  readonly stack?: string;
  readonly message?: string;
  readonly cause?: Thrown;
  readonly VITEST_TEST_PATH?: string;
}

const text = ({ stack, message, cause }: Thrown): string =>
  (stack ?? message ?? "unknown error") + (cause?.message === undefined ? "" : `\nCaused by: ${cause.message}`);

/** A worker that is killed names its file only in the error's cause. */
const fileOf = (error: Thrown): string | undefined =>
  error.VITEST_TEST_PATH ?? /^Worker exited .* while running test file (.+)$/.exec(error.cause?.message ?? "")?.[1];

function errors(module: TestModule): string[] {
  const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors());
  return [...module.errors(), ...suites].map(text);
}

export default class FactsReporter implements Reporter {
  readonly #notes = new Set<string>();

  onUserConsoleLog: NonNullable<Reporter["onUserConsoleLog"]> = ({ content }) => {
    for (const line of content.split("\n")) if (/^(skipped|used): ./.test(line)) this.#notes.add(line);
  };

  onTestRunEnd: NonNullable<Reporter["onTestRunEnd"]> = (modules, unhandled) => {
    const facts: Facts = {
      modules: modules.map((module) => {
        const { collectDuration, setupDuration, duration } = module.diagnostic();
        return {
          file: module.moduleId,
          project: module.project.name,
          seconds: (collectDuration + setupDuration + duration) / 1000,
          errors: errors(module),
        };
      }),
      unhandled: unhandled.map((error) => {
        const file = fileOf(error);
        return { ...(file === undefined ? {} : { file }), message: text(error) };
      }),
      notes: [...this.#notes].toSorted(),
    };
    writeFileSync(String(process.env["BOOTSEED_TEST_FACTS"]), JSON.stringify(facts));
  };
}
