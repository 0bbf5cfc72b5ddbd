// Editions: specs as they are published, numbered and signed, for all hosts or some. Pure.
import { createHash, type KeyObject } from "node:crypto";
import * as z from "zod";
import { compileWildcard } from "../grammar/wildcard.ts";
import { parseJson } from "../report/parse-json.ts";
import { openEnvelope, peekEnvelope, sealEnvelope } from "./envelope.ts";
import { MAX_SPEC_BYTES } from "./schema.ts";
import type { PublicKey } from "./spec-key.ts";

/** Most specs in an edition: a canary, hosts that a filter chooses, and all others. */
const MAX_EDITION_SPECS = 10;

/** Largest edition as it is stored: base64 and JSON take less than twice the specs' bytes. */
export const MAX_EDITION_BYTES = MAX_EDITION_SPECS * MAX_SPEC_BYTES * 2;

/** Highest number of an edition. Above it there would be no room for the ones that follow. */
export const MAX_EDITION_NUMBER = 1_000_000_000;

const PAYLOAD_TYPE = "application/vnd.rollcall.spec-edition.v1+json";

/** Facts of a host that no spec changes; filters are over these. */
export const FILTER_FIELDS = [
  "instance_id",
  "instance_name",
  "instance_type",
  "instance_life_cycle",
] as const;
type FilterField = (typeof FILTER_FIELDS)[number];

const PART = z.strictObject({
  /** YAML. */
  spec: z.string().max(MAX_SPEC_BYTES),
  /** Percent of the hosts that the filters choose. */
  share: z.number().gt(0).max(100).optional(),
  filters: z
    .array(z.strictObject({ field: z.enum(FILTER_FIELDS), pattern: z.string().max(1024) }))
    .max(20)
    .optional(),
});

const EDITION = z.strictObject({
  format: z.literal(1),
  number: z.int().min(1).max(MAX_EDITION_NUMBER),
  issued_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  /** The first that covers a host counts. */
  parts: z.array(PART).min(1).max(MAX_EDITION_SPECS),
});

export type EditionPart = z.infer<typeof PART>;
export type Edition = z.infer<typeof EDITION>;

/** What a host is, for filters and shares. */
export type HostFacts = { readonly [Name in FilterField]?: string | undefined } & {
  readonly instance_id: string;
};

/** Signs an edition. */
export function signEdition(edition: Edition, key: KeyObject): Buffer {
  return sealEnvelope(PAYLOAD_TYPE, Buffer.from(JSON.stringify(edition)), key);
}

/**
 * Reads a signed edition.
 *
 * @returns the edition and the id of the key that signed it, or in one sentence why it is refused
 */
export function readEdition(
  bytes: Buffer,
  keys: readonly PublicKey[],
): { readonly edition: Edition; readonly keyId: string } | { readonly refusal: string } {
  if (bytes.length > MAX_EDITION_BYTES) return { refusal: `it has more than ${MAX_EDITION_BYTES} bytes` };
  const opened = openEnvelope(bytes, PAYLOAD_TYPE, keys);
  if ("refusal" in opened) return opened;
  const edition = EDITION.safeParse(JSON.parse(opened.payload.toString("utf8"))).data;
  return edition
    ? { edition, keyId: opened.keyId }
    : {
        refusal:
          "it is of a version that this agent does not know, or its number is above " +
          `${MAX_EDITION_NUMBER}`,
      };
}

/**
 * Reads an edition whoever signed it, for those who want to know what specs say and do not act by
 * them.
 *
 * @returns undefined for what is none
 */
export function peekEdition(bytes: Buffer): Edition | undefined {
  const payload = bytes.length > MAX_EDITION_BYTES ? undefined : peekEnvelope(bytes, PAYLOAD_TYPE);
  return payload && EDITION.safeParse(parseJson(payload)).data;
}

/** The part of an edition that covers a host; undefined if none does. */
export function choosePart({ parts }: Pick<Edition, "parts">, host: HostFacts): EditionPart | undefined {
  return parts.find(({ spec, share, filters = [] }) => {
    if (!filters.every(({ field, pattern }) => compileWildcard(pattern)(host[field] ?? ""))) return false;
    return share === undefined || drawLot(spec, host.instance_id) < share;
  });
}

/**
 * A host's lot, from 0 to 100: the same as long as the spec is, so that the hosts of a tenth are
 * among those of a half, and other ones for another spec.
 */
function drawLot(spec: string, id: string): number {
  const hash = createHash("sha256")
    .update(`rollcall canary\n${digestSpec(spec)}\n${id}`)
    .digest();
  return (hash.readUInt32BE(0) / 2 ** 32) * 100;
}

/** `sha256:` and 64 hex digits, as a report names its spec. */
export function digestSpec(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
