// An attack: one thing that bad days and bad people do to Rollcall, said once; run in small by the
// tests and at size by the soak.
import type { Arena } from "./arena.ts";

export interface Attack {
  /** As `--only` takes it. */
  readonly name: string;
  /** What is tried, in a few words, for the table of figures. */
  readonly summary: string;
  /** Whether it needs a real S3 server. */
  readonly needsS3?: boolean;
  /** Tries in the tests. */
  readonly few: number;
  /** Tries until the arena has had enough, and tells it of all that is wrong. */
  run(arena: Arena): Promise<void>;
}
