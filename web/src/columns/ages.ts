// When each host was last heard of: comes apart from the table, and small. Columns in the order of
// /v1/ages; what came since is put over them.
import type { components } from "../api/openapi.d.ts";

/** As /v1/ages answers it. */
export type AgesAnswer = components["schemas"]["Ages"];

/** What was heard of one host. */
export interface Age {
  /** Seconds since the epoch, by the store's clock. */
  received: number;
  /** Seconds by which the host's clock is ahead. */
  skew: number;
}

export interface Ages {
  readonly cursor: string;
  readonly windowSeconds: number;
  /** By formatHost. */
  readonly hosts: Map<string, Age>;
}

/** One host of all accounts. @param account "" for the top of the store */
export function formatHost(id: string, account: string): string {
  return `${account}/${id}`;
}

/** Reads an answer about all hosts. */
export function readAges(answer: AgesAnswer): Ages {
  const hosts = new Map<string, Age>();
  putOver(hosts, answer);
  return { cursor: answer.cursor, windowSeconds: answer.window_seconds, hosts };
}

/**
 * Puts what came since over what is there.
 *
 * @returns undefined where the whole then is not what the server has, so that all are to be asked
 *   for
 */
export function updateAges({ hosts }: Ages, answer: AgesAnswer): Ages | undefined {
  putOver(hosts, answer);
  if (hosts.size !== answer.count) return undefined;
  let sum = 0;
  for (const { received } of hosts.values()) sum += received;
  return sum === answer.received_sum
    ? { cursor: answer.cursor, windowSeconds: answer.window_seconds, hosts }
    : undefined;
}

function putOver(hosts: Map<string, Age>, { hosts: columns, accounts }: AgesAnswer): void {
  for (const [place, id] of columns.id.entries()) {
    const key = formatHost(id, accounts[columns.account[place] as number] ?? "");
    const [received, skew] = [columns.received[place] ?? 0, columns.skew[place] ?? 0];
    const known = hosts.get(key);
    if (known) [known.received, known.skew] = [received, skew];
    else hosts.set(key, { received, skew });
  }
}
