// Whom API Gateway's authorizer has identified, as the text in which API Gateway hands it to the
// reader. Pure.
import type { Caller } from "../access/caller.ts";
import { parseJson } from "../report/parse-json.ts";

/** What the reader is told; what its owner may do is reading, whatever else claims give. */
export type GatewayIdentity = Pick<Caller, "id" | "name"> & {
  /** ISO 8601. */
  readonly expires_at: string;
};

/**
 * Writes it as ASCII: a context's values are texts, numbers and truths (API Gateway guide, "Output
 * from an API Gateway Lambda authorizer"), and what becomes of other letters is not said there.
 */
export function formatIdentity({ id, name, expires_at }: GatewayIdentity): string {
  return escapeUnits(JSON.stringify({ id, name, expires_at }), /[^\x20-\x7e]/g);
}

/** @returns undefined where the text is none of formatIdentity's */
export function parseIdentity(text: unknown): GatewayIdentity | undefined {
  if (typeof text !== "string") return undefined;
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  const { id, name, expires_at } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || id === "" || typeof name !== "string") return undefined;
  if (typeof expires_at !== "string" || Number.isNaN(Date.parse(expires_at))) return undefined;
  return { id, name, expires_at };
}

/** The id as it may stand between the quotation marks of a line of API Gateway's log. */
export function formatPrincipal(id: string): string {
  return escapeUnits(id, /[^\x20-\x7e]|["\\]/g);
}

/** JSON's own way of writing what may not stand there. */
function escapeUnits(text: string, units: RegExp): string {
  return text.replace(units, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
