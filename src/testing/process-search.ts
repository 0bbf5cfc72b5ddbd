// For tests: the process that a search finds, or what it says instead.
import { setTimeout as wait } from "node:timers/promises";
import type { HostAccess } from "../collect/collector.ts";
import { openSearch } from "../collect/process-search.ts";
import { listProcesses } from "../collect/process-table.ts";
import type { MatchForm } from "../specs/match-schema.ts";
import { makeHostDouble } from "./host-double.ts";

const NEVER = new AbortController().signal;

const sleep: HostAccess["sleep"] = (ms) => wait(ms);

interface Wanted {
  readonly match?: readonly MatchForm[];
  readonly program?: string;
  readonly host?: HostAccess;
}

/** The number of the process that is found; else what is said instead. */
export async function findPid(
  path: string,
  { match = [{ words: "{path}" }], program, host = makeHostDouble("/", { sleep }) }: Wanted = {},
): Promise<string> {
  const table = await listProcesses(host, NEVER);
  const found = await openSearch(host, table, { forms: match, program, paths: [path] }, NEVER).find(path);
  if ("reason" in found) return found.reason;
  return found.process?.pid ?? "none";
}
