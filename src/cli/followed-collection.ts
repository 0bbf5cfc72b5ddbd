// A host that follows published specs: each new one is tried, and undone if it breaks collection here.
import type { FollowedSpec, Refusal, SpecFollower } from "../agent/spec-follower.ts";
import type { StepResult } from "../collect/runner.ts";
import { FILTER_FIELDS, type HostFacts } from "../spec/edition.ts";
import { type Collection, collectBy, type HostCollection, openRounds } from "./collection.ts";

/** Rings where a look should be taken for another spec's sake; no path is like it. */
export const SPEC_CHANGED = "spec:";

export interface FollowedCollection extends HostCollection {
  /** Looks for another edition. @returns whether the host should be looked at anew @throws whatever fetching throws */
  check(): Promise<boolean>;
  /** The edition in use, and what was refused last; for people. */
  readonly edition: number | undefined;
  readonly refused: string | undefined;
}

/**
 * Follows published specs. Until there is one that covers this host, its own counts.
 *
 * @param onNotice told of what changes, for the log
 */
export function followSpecs(
  local: HostCollection,
  follower: SpecFollower,
  onNotice: (notice: string) => void,
): FollowedCollection {
  let facts: HostFacts | undefined;
  let inUse: ReturnType<typeof openRounds> | undefined;
  let next: FollowedSpec | "local" | undefined;

  const open = (spec: FollowedSpec) =>
    openRounds(spec, local.host, {
      edition: () => ({ inUse: Math.max(spec.edition, follower.edition ?? 0), refused: follower.refusal }),
    });

  async function begin(signal: AbortSignal): Promise<Collection> {
    const first = await local.collect({ all: true }, signal);
    facts = readFacts(first);
    const loaded = await follower.load(facts);
    if (loaded) inUse = open(loaded);
    // The store may be away; there is another look soon.
    next = await follower.poll(facts).catch(() => undefined);
    if (next !== undefined) return change(first, signal);
    return inUse ? collectBy(inUse.rounds, { all: true }, signal) : first;
  }

  async function change(last: Collection | undefined, signal: AbortSignal): Promise<Collection> {
    const spec = next;
    next = undefined;
    if (typeof spec === "object") {
      await follower.beginTrial(spec);
      const candidate = open(spec);
      const outcome = await tryOut(candidate, last, signal);
      // Stopped in the middle, it proves nothing.
      if (signal.aborted) return last ?? local.collect({ all: true }, signal);
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
      return describe(follower.refusal) || undefined;
    },
    async check() {
      if (!facts) return false;
      const { edition } = follower;
      const before = describe(follower.refusal);
      next = (await follower.poll(facts)) ?? next;
      const after = describe(follower.refusal);
      if (after !== before && after !== "") onNotice(`a published spec was refused: ${after}`);
      return next !== undefined || after !== before || follower.edition !== edition;
    },
    async collect(wanted, signal) {
      if (!facts) return begin(signal);
      if (next !== undefined) return change(undefined, signal);
      return inUse ? collectBy(inUse.rounds, wanted, signal) : local.collect(wanted, signal);
    },
  };
}

/** Collects by a spec for the first time. @returns the report, or why the spec is of no use on this host */
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
  const late = report.results.find(({ unread }) =>
    unread.some(({ reason }) => /time (?:of the whole run )?is over|did not end in time/.test(reason)),
  );
  if (late) return { fault: `collecting took too long, in the step ${late.collector}` };
  const steps = report.results.filter(({ collector }) => collector !== "host");
  const reason = steps[0]?.unread[0];
  if (reason && steps.every(hasFailed)) return { fault: `none of its steps gave anything: ${reason.what}: ${reason.reason}` };
  return { report };
}

function hasFailed({ fields, unread }: StepResult): boolean {
  return fields.length === 0 && unread.length > 0;
}

function describe(refusal: Refusal | undefined): string {
  if (!refusal) return "";
  return refusal.edition === undefined ? refusal.detail : `edition ${refusal.edition}: ${refusal.detail}`;
}

function readFacts({ id, results }: Collection): HostFacts {
  const host = results.find(({ collector }) => collector === "host");
  const known = new Map(host?.fields ?? []);
  const entries = FILTER_FIELDS.map((name) => [name, known.get(name)] as const).filter(([, value]) => typeof value === "string");
  return { ...(Object.fromEntries(entries) as Partial<HostFacts>), instance_id: id };
}
