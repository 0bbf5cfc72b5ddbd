// What is new among the facts that answers were made of beside the roll.
import { applyPatch, diffLists } from "./list-patch.ts";
import type { RecordedFacts } from "./recorded.ts";
import type { FactsPatch } from "./step.ts";

/** Makes the facts that a patch leads to. @throws PatchMismatch */
export function applyFacts(facts: RecordedFacts, patch: FactsPatch): RecordedFacts {
  const { labels, expected, clones, bounds } = patch;
  return {
    labels: labels ?? facts.labels,
    expected:
      expected === undefined
        ? facts.expected
        : "hosts" in expected
          ? { hosts: applyPatch(facts.expected.hosts ?? [], expected.hosts) }
          : expected,
    clones: applyPatch(facts.clones, clones),
    bounds: applyPatch(facts.bounds, bounds),
  };
}

/** What is new; nothing where all is the same. */
export function diffFacts(before: RecordedFacts, after: RecordedFacts): FactsPatch {
  const clones = diffLists(before.clones, after.clones, ({ key }) => key);
  const bounds = diffLists(before.bounds, after.bounds, ({ key }) => key);
  const expected = diffExpected(before.expected, after.expected);
  const areSameLabels = JSON.stringify(before.labels) === JSON.stringify(after.labels);
  return {
    ...(!areSameLabels && { labels: after.labels }),
    ...(expected && { expected }),
    ...(clones && { clones }),
    ...(bounds && { bounds }),
  };
}

function diffExpected(
  before: RecordedFacts["expected"],
  after: RecordedFacts["expected"],
): FactsPatch["expected"] {
  if (after.hosts) {
    const hosts = diffLists(before.hosts ?? [], after.hosts, (host) => host);
    // An empty list is no missing one.
    return hosts ? { hosts } : before.hosts ? undefined : { hosts: [] };
  }
  const isSame = !before.hosts && before.mistake === after.mistake;
  if (isSame) return undefined;
  return after.mistake === undefined ? {} : { mistake: after.mistake };
}
