/** What every part of the bench is: a name for `--only`, and a run that gives rows. */
import type { Peers } from "./peer.ts";
import type { Row } from "./row.ts";

export type World = {
  readonly peers: Peers;
  /** fewer rounds, for a look; the numbers are rougher */
  readonly quick: boolean;
  /** progress, on stderr */
  readonly say: (text: string) => void;
};

export type Bench = {
  readonly name: string;
  /** one line for --help */
  readonly what: string;
  /** Only with `--only`: it takes long, or needs what `npm run setup` builds. */
  readonly byName?: true;
  /** @throws when something could not be measured */
  readonly run: (world: World) => Promise<readonly Row[]>;
};
