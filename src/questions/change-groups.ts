// The same change on many hosts as one line: how many, when first and last, and which hosts. Pure.
import type { Change, ChangeKind } from "../history/change.ts";
import { generalizeField } from "./change-query.ts";

/** Hosts that a group names. */
export const MAX_GROUP_HOSTS = 50;

/** A change as an answer tells it: `left`, where it cannot be told how a host went. */
export type ToldChange = Omit<Change, "kind"> & { readonly kind: ChangeKind | "left" };

/** A host that has a change. */
export interface ChangedHost {
  readonly host: string;
  readonly account: string | null;
  readonly instance_name: string | null;
  /** Of its last such change. */
  readonly at: string;
  /** With the places of array elements. */
  readonly field: string;
}

/** The same change on some hosts. */
export interface ChangeGroup {
  readonly kind: ToldChange["kind"];
  /** Without the places of array elements. */
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Changes: one host may have several. */
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly hosts: readonly ChangedHost[];
  /** Further hosts that `hosts` does not name. */
  readonly hosts_omitted: number;
}

interface OpenGroup {
  readonly sample: ToldChange;
  count: number;
  first: number;
  last: number;
  readonly hosts: Map<string, ToldChange>;
  /** Keys of hosts beyond those that are named. */
  readonly more: Set<string>;
}

/** Gathers changes in groups. @param max groups */
export function createChangeGroups(max: number) {
  const groups = new Map<string, OpenGroup>();
  return {
    /** Takes a change. @returns false where it would be of a group more than there may be */
    take(change: ToldChange): boolean {
      const { kind, field, before, after, key, at } = change;
      const name = JSON.stringify([kind, generalizeField(field), before, after]);
      let group = groups.get(name);
      if (!group) {
        if (groups.size >= max) return false;
        group = { sample: change, count: 0, first: at, last: at, hosts: new Map(), more: new Set() };
        groups.set(name, group);
      }
      group.count++;
      group.first = Math.min(group.first, at);
      group.last = Math.max(group.last, at);
      if (group.hosts.has(key) || group.hosts.size < MAX_GROUP_HOSTS) group.hosts.set(key, change);
      else group.more.add(key);
      return true;
    },
    /** By time of the last one, the newest last. */
    list: (): ChangeGroup[] => [...groups.values()].map(toGroup).sort(compareGroups),
  };
}

function toGroup({ sample, count, first, last, hosts, more }: OpenGroup): ChangeGroup {
  const { kind, field, before, after } = sample;
  return {
    kind,
    field: generalizeField(field),
    before,
    after,
    count,
    first: new Date(first).toISOString(),
    last: new Date(last).toISOString(),
    hosts: [...hosts.values()].map((one) => ({
      host: one.host,
      account: one.account || null,
      instance_name: one.instanceName,
      at: new Date(one.at).toISOString(),
      field: one.field,
    })),
    hosts_omitted: more.size,
  };
}

function compareGroups(a: ChangeGroup, b: ChangeGroup): number {
  if (a.last !== b.last) return a.last < b.last ? -1 : 1;
  const [one, other] = [a, b].map(({ kind, field, before, after }) =>
    JSON.stringify([kind, field, before, after]),
  );
  return (one as string) < (other as string) ? -1 : 1;
}

/** One change as a row. */
export interface ShownChange {
  readonly at: string;
  readonly received_at: string;
  readonly account: string | null;
  readonly host: string;
  readonly instance_name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly kind: ToldChange["kind"];
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Set where a text was too long to be kept whole. */
  readonly cut?: true;
}

export function showChange(change: ToldChange): ShownChange {
  const { at, receivedAt, account, host, instanceName, labels, kind, field, before, after, cut } = change;
  return {
    at: new Date(at).toISOString(),
    received_at: new Date(receivedAt).toISOString(),
    account: account || null,
    host,
    instance_name: instanceName,
    labels,
    kind,
    field,
    before,
    after,
    ...(cut && { cut }),
  };
}
