// The fields of the published specs: names that are known before the first report has them.

import { formatFieldPath } from "../grammar/path.ts";
import type { Clock } from "../report/clock.ts";
import { MAX_EDITION_BYTES, peekEdition } from "../specs/edition.ts";
import { CURRENT_EDITION_KEY } from "../store/layout.ts";
import { type Store, StoreError, Unreadable } from "../store/store.ts";
import type { FurtherNames } from "./groups.ts";

/** How long an edition that was read is taken for the current one; ms. */
const EDITION_AGE_MS = 10_000;

/** Fields that are looked at; an edition of more cannot be told of. */
const MAX_SPEC_NAMES = 20_000;

const NONE: FurtherNames = { names: new Set(), open: new Set() };

/**
 * Makes what reads them. The store is asked where a name is in no report, and at most every
 * EDITION_AGE_MS; one edition is taken apart once.
 */
export function createPublishedNames({
  store,
  clock,
}: {
  readonly store: Pick<Store, "get">;
  readonly clock: Clock;
}): () => Promise<FurtherNames | undefined> {
  let known: { readonly at: number; readonly names: Promise<FurtherNames | undefined> } | undefined;
  let edition: { readonly etag: string; readonly names: FurtherNames | undefined } | undefined;

  async function read(): Promise<FurtherNames | undefined> {
    try {
      const found = await store.get(CURRENT_EDITION_KEY, { maxBytes: MAX_EDITION_BYTES });
      if (!found) return NONE;
      if (edition?.etag !== found.etag) edition = { etag: found.etag, names: await listNames(found.body) };
      return edition.names;
    } catch (error) {
      // Who may not read them has none, as S3 does not say whether there are any.
      if (error instanceof Unreadable) return NONE;
      if (error instanceof StoreError) return undefined;
      throw error;
    }
  }

  return async () => {
    const now = clock();
    if (!known || Math.abs(now - known.at) > EDITION_AGE_MS) known = { at: now, names: read() };
    return await known.names;
  };
}

/** The fields of all parts of an edition; undefined where they cannot be told. */
async function listNames(bytes: Uint8Array): Promise<FurtherNames | undefined> {
  // Where nothing is published, nobody waits for the parser of YAML.
  const { parseSpec } = await import("../specs/spec.ts");
  const { listSpecFields } = await import("../specs/spec-fields.ts");
  const names = new Set<string>();
  const open = new Set<string>();
  for (const { spec } of peekEdition(Buffer.from(bytes))?.parts ?? []) {
    const parsed = parseSpec(spec);
    // Of a later version of the form.
    if ("mistakes" in parsed) return undefined;
    for (const { path, isOpen } of listSpecFields(parsed.spec)) {
      const name = formatFieldPath(path);
      names.add(name);
      if (isOpen) open.add(name);
      if (names.size > MAX_SPEC_NAMES) return undefined;
    }
  }
  return { names, open };
}
