// A host that follows published specs: each new one is tried, and undone if it breaks collection
// here.

import type { HostAccess } from "../collect/collector.ts";
import type { StepSelection } from "../collect/rounds.ts";
import type { StepResult } from "../collect/runner.ts";
import { FILTER_FIELDS, type HostFacts } from "../specs/edition.ts";
import type { FilePolicy } from "../specs/file-policy.ts";
import type { CollectorName } from "../specs/schema.ts";
import { type Collection, collectBy, type HostCollection, openRounds } from "./collection.ts";
import { HEARTBEAT_MS } from "./schedule.ts";
import type { EditionRefusal, FollowedSpec, SpecFollower } from "./spec-follower.ts";

/** Rings where a look should be taken for another spec's sake; no path is like it. */
export const SPEC_CHANGED = "spec:";

export interface FollowedCollection extends HostCollection {
  /**
   * Looks for another edition. @returns whether the host should be looked at anew @throws whatever
   * fetching throws
   */
  check(): Promise<boolean>;
  /** The edition in use, and what was refused last; for people. */
  readonly edition: number | undefined;
  readonly refused: string | undefined;
}

/** What this host lets published specs do. */
export interface Allowance {
  /** Which files they may read. */
  readonly files: FilePolicy;
  /** Which fields they may send unmasked. */
  readonly allowedCredentials: readonly string[];
}

export interface FollowOptions {
  readonly allowance: Allowance;
  /** What reports say of this program. */
  readonly agentVersion: string;
  /** Told of what changes, for the log. */
  readonly onNotice: (notice: string) => void;
}

/** Follows published specs. Until there is one that covers this host, its own counts. */
export function followSpecs(
  local: HostCollection,
  follower: SpecFollower,
  { allowance, agentVersion, onNotice }: FollowOptions,
): FollowedCollection {
  let facts: HostFacts | undefined;
  let inUse: ReturnType<typeof openRounds> | undefined;
  let next: FollowedSpec | "local" | undefined;
  /** What this host reported last by the spec in use. */
  let reported: Collection | undefined;

  const open = (spec: FollowedSpec) =>
    openRounds(limitSpec(spec, allowance.allowedCredentials), restrictHost(local.host, allowance.files), {
      agentVersion,
      heartbeatMs: HEARTBEAT_MS,
      edition: () => ({ inUse: Math.max(spec.edition, follower.edition ?? 0), refused: follower.refusal }),
    });

  async function begin(signal: AbortSignal): Promise<Collection> {
    const first = await local.collect({ all: true }, signal);
    facts = readFacts(first);
    const loaded = await follower.load(facts);
    if (loaded) inUse = open(loaded);
    // The store may be away; there is another look soon.
    next = await follower.poll(facts).catch(() => undefined);
    tellRefusal(undefined);
    if (next !== undefined) return change(first, signal);
    if (inUse) return collectBy(inUse.rounds, { all: true }, signal);
    // Made before it was known that a spec is refused here, which it has to say.
    return follower.refusal ? local.collect({ changed: [] }, signal) : first;
  }

  /** @returns whether another edition is refused than before, or for another reason, or none */
  function tellRefusal(before: EditionRefusal | undefined): boolean {
    const { refusal } = follower;
    if (refusal && refusal !== before) onNotice(`a published spec was refused: ${describe(refusal)}`);
    return refusal !== before;
  }

  async function change(last: Collection | undefined, signal: AbortSignal): Promise<Collection> {
    const spec = next;
    next = undefined;
    if (typeof spec === "object") {
      await follower.beginTrial(spec);
      const candidate = open(spec);
      const outcome = await tryOut(candidate, last ?? reported, signal);
      // Stopped in the middle, it proves nothing.
      if (signal.aborted) {
        await follower.cancelTrial();
        return last ?? local.collect({ all: true }, signal);
      }
      await follower.endTrial(spec, "fault" in outcome ? outcome.fault : undefined);
      if ("report" in outcome) {
        inUse = candidate;
        onNotice(`collecting by edition ${spec.edition}, ${spec.digest}`);
        return outcome.report;
      }
      onNotice(`edition ${spec.edition} was tried and undone: ${outcome.fault}`);
    } else if (spec === "local") {
      inUse = undefined;
      onNotice("no published spec covers this host any more; its own counts");
    }
    return inUse ? collectBy(inUse.rounds, { all: true }, signal) : local.collect({ all: true }, signal);
  }

  async function collect(wanted: StepSelection, signal: AbortSignal): Promise<Collection> {
    if (!facts) return begin(signal);
    if (next !== undefined) return change(undefined, signal);
    return inUse ? collectBy(inUse.rounds, wanted, signal) : local.collect(wanted, signal);
  }

  return {
    host: local.host,
    get inputs() {
      return (inUse ?? local).inputs;
    },
    get specDigest() {
      return inUse?.digest ?? local.specDigest;
    },
    get edition() {
      return inUse && follower.edition;
    },
    get refused() {
      return follower.refusal && describe(follower.refusal);
    },
    async check() {
      if (!facts) return false;
      const { edition, refusal } = follower;
      next = (await follower.poll(facts)) ?? next;
      const isOtherRefusal = tellRefusal(refusal);
      return next !== undefined || isOtherRefusal || follower.edition !== edition;
    },
    async collect(wanted, signal) {
      reported = await collect(wanted, signal);
      return reported;
    },
  };
}

/** A published spec lets credentials out only where this host's own configuration does. */
function limitSpec(followed: FollowedSpec, allowed: readonly string[]): FollowedSpec {
  const { spec } = followed;
  return {
    ...followed,
    spec: { ...spec, allowCredentials: spec.allowCredentials.filter((field) => allowed.includes(field)) },
  };
}

/** Collectors whose files a spec names; the others look for what they know. */
const NAMED: readonly CollectorName[] = ["file", "files", "processes", "extra"];

/** The host as a published spec may look at it. */
function restrictHost(host: HostAccess, policy: FilePolicy): HostAccess {
  const { judgePath, judgeContent, known } = policy;
  const named = host.files.permitting({ judgePath, judgeContent, known, isExempt: () => false });
  // What is asked for below /proc is the collector's own look at processes, since judgeSpec lets no
  // spec name it.
  const processes = host.files.permitting({
    judgePath,
    judgeContent,
    known,
    isExempt: (path) => path.startsWith("/proc/"),
  });
  return {
    ...host,
    named: (collector) =>
      NAMED.includes(collector) ? (collector === "processes" ? processes : named) : host.files,
  };
}

/**
 * Collects by a spec for the first time. @returns the report, or why the spec is of no use on this
 * host
 */
async function tryOut(
  { rounds }: ReturnType<typeof openRounds>,
  last: Collection | undefined,
  signal: AbortSignal,
): Promise<{ readonly report: Collection } | { readonly fault: string }> {
  let report: Collection;
  try {
    report = await collectBy(rounds, { all: true }, signal);
  } catch (error) {
    return { fault: `no report could be made: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (last && report.id !== last.id) return { fault: `the host would report as ${report.id}` };
  const late = report.results.find(({ isLate }) => isLate);
  if (late) return { fault: `collecting took too long, in the step ${late.collector}` };
  if (last && findLost(report, last)) {
    // It may have been a moment in which an application restarted.
    report = await collectBy(rounds, { all: true }, signal);
    const lost = findLost(report, last);
    if (lost)
      return {
        fault: `${lost.field}, which this host reported before, cannot be read by it: ${lost.reason}`,
      };
  }
  const steps = report.results.filter(({ collector }) => collector !== "host");
  const reason = steps[0]?.unread[0];
  if (reason && steps.every(hasFailed))
    return { fault: `none of its steps gave anything: ${reason.what}: ${reason.reason}` };
  return { report };
}

/** A field that the host reported, and that the spec on trial names and does not get. */
function findLost(
  report: Collection,
  last: Collection,
): { readonly field: string; readonly reason: string } | undefined {
  const before = new Set(last.results.flatMap(({ fields }) => fields.map(([name]) => name)));
  for (const { collector, wanted, fields, unread } of report.results) {
    const [first] = unread;
    // The host's own facts come and go with the metadata service.
    if (collector === "host" || !first) continue;
    const given = new Set(fields.map(([name]) => name));
    const field = wanted.find((name) => before.has(name) && !given.has(name));
    if (field !== undefined) return { field, reason: `${first.what}: ${first.reason}` };
  }
  return undefined;
}

function hasFailed({ fields, unread }: StepResult): boolean {
  return fields.length === 0 && unread.length > 0;
}

function describe({ edition, detail }: EditionRefusal): string {
  return edition === undefined ? detail : `edition ${edition}: ${detail}`;
}

/** What a published spec may be chosen by. */
export function readFacts({ id, results }: Collection): HostFacts {
  const host = results.find(({ collector }) => collector === "host");
  const known = new Map(host?.fields ?? []);
  const entries = FILTER_FIELDS.map((name) => [name, known.get(name)] as const).filter(
    ([, value]) => typeof value === "string",
  );
  return { ...(Object.fromEntries(entries) as Partial<HostFacts>), instance_id: id };
}
