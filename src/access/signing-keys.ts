// Keys of others that sign identities: fetched within bounds, kept for a while, and good for some
// time more while whoever has them is away.
import { readBounded } from "../network/bounded-read.ts";
import { toFailure } from "../network/failure.ts";
import { isLoopback } from "../network/loopback.ts";
import { bracketless } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { AccessError } from "./access-error.ts";

/** Of a document about keys. An issuer of many keys, with their certificates, has some 20 KB. */
export const MAX_KEY_DOCUMENT_BYTES = 256 * 1024;

/** For a whole answer of whoever has keys. */
const KEY_DOCUMENT_TIMEOUT_MS = 3000;

/** How old keys are that are used without looking whether they are still the same; ms. */
export const SIGNING_KEYS_FRESH_MS = 10 * 60_000;

/**
 * How old keys are that are used where whoever has them does not answer; ms. A key that was
 * withdrawn opens so long at most.
 */
export const SIGNING_KEYS_GOOD_MS = 30 * 60_000;

/**
 * How long after a fetch there is no other: strangers can send tokens with names of keys that
 * nobody has; ms.
 */
export const REFETCH_AFTER_MS = 30_000;

/** How long after one that failed, where nothing is at hand; ms. */
export const RETRY_FETCH_MS = 5000;

/** When who asked is to come again; s. */
const RETRY_AFTER_S = 5;

/** It cannot be told now. @param message whose keys, and why */
export function keysUnavailable(message: string): AccessError {
  return new AccessError("issuer_unavailable", message, { retryAfterS: RETRY_AFTER_S });
}

/**
 * Whether keys may come from there: over TLS, but for this machine itself.
 *
 * @returns why not, for people; undefined where they may
 */
export function findKeyAddressFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.hash !== "")
    return "is not of the form https://HOST/PATH";
  if (url.username !== "" || url.password !== "") return "holds a user or password";
  if (url.protocol === "http:" && !isLoopback(bracketless(url.hostname)))
    return "begins with http://, where anybody on the way could give other keys; write https://";
  return undefined;
}

/** An answer with another status than 200. */
export interface OtherStatus {
  readonly status: number;
}

/**
 * Fetches a document about keys.
 *
 * @param whose for people: `the keys of https://…`
 * @throws AccessError issuer_unavailable where there is no whole answer in time
 */
export async function fetchKeyDocument(
  url: string,
  { fetch, whose }: { readonly fetch: typeof globalThis.fetch; readonly whose: string },
): Promise<string | OtherStatus> {
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json, application/jwk-set+json, */*;q=0.1" },
      // Keys from where a redirect leads are as good as that place.
      redirect: "manual",
      signal: AbortSignal.timeout(KEY_DOCUMENT_TIMEOUT_MS),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { status: response.status };
    }
    const body = await readBounded(response.body, MAX_KEY_DOCUMENT_BYTES);
    if (body === undefined)
      throw keysUnavailable(
        `${whose} cannot be had: the answer has more than ${MAX_KEY_DOCUMENT_BYTES} bytes`,
      );
    return body.toString("utf8");
  } catch (error) {
    if (error instanceof AccessError) throw error;
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const why = isLate ? `no answer within ${KEY_DOCUMENT_TIMEOUT_MS} ms` : toFailure(error).message;
    throw keysUnavailable(`${whose} cannot be had: ${why}`);
  }
}

/** A value of whoever has it, of which a copy is kept. */
export interface KeptCopy<T> {
  /** @throws AccessError issuer_unavailable where no copy is good any more */
  get(): Promise<T>;
  /**
   * A newer value than the one in which something is missed; undefined where there is none, as was
   * seen a moment ago.
   *
   * @throws AccessError issuer_unavailable where that cannot be told
   */
  renew(seen: T): Promise<T | undefined>;
}

/** Keeps a copy. @param load fetches it; throws where it cannot */
export function keepCopy<T>(load: () => Promise<T>, clock: Clock): KeptCopy<T> {
  let copy: { readonly value: T; readonly at: number } | undefined;
  let loading: Promise<T> | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;

  /** A clock that was set back tells nothing of how long it is. */
  const isWithin = (since: number, ms: number): boolean => {
    const age = clock() - since;
    return age >= 0 && age < ms;
  };

  function fetchIt(): Promise<T> {
    triedAt = clock();
    const begun = (async () => {
      try {
        const value = await load();
        copy = { value, at: triedAt };
        failure = undefined;
        return value;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        loading = undefined;
      }
    })();
    loading = begun;
    return begun;
  }

  return {
    async get() {
      if (copy && isWithin(copy.at, SIGNING_KEYS_FRESH_MS)) return copy.value;
      const isGood = copy !== undefined && isWithin(copy.at, SIGNING_KEYS_GOOD_MS);
      const retryMs = isGood ? REFETCH_AFTER_MS : RETRY_FETCH_MS;
      try {
        if (!loading && failure !== undefined && isWithin(triedAt, retryMs)) throw failure;
        return await (loading ?? fetchIt());
      } catch (error) {
        if (copy && isGood) return copy.value;
        throw error;
      }
    },
    async renew(seen) {
      if (loading) return await loading;
      if (copy && copy.value !== seen) return copy.value;
      if (!isWithin(triedAt, REFETCH_AFTER_MS)) return await fetchIt();
      if (failure !== undefined) throw failure;
      return undefined;
    },
  };
}
