// Every attack, in the order in which they are run and shown.
import type { Attack } from "./attack.ts";
import { keyGuesses } from "./keys.ts";
import { kills } from "./kills.ts";
import { bucketFaults, bucketRaces, folderRaces } from "./races.ts";
import { reportMutants } from "./reports.ts";
import { specForgeries } from "./specs.ts";
import { slowReaders, strangers } from "./strangers.ts";

export const ATTACKS: readonly Attack[] = [
  reportMutants,
  keyGuesses,
  specForgeries,
  kills,
  folderRaces,
  bucketRaces,
  bucketFaults,
  slowReaders,
  strangers,
];
