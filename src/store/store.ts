// The Store contract: four verbs over keys and bytes. Everything Rollcall keeps is an object in a
// store.

import type { Hop } from "../network/failure.ts";

/** An object as a listing shows it. */
export interface Entry {
  readonly key: string;
  /** Opaque; two objects under one key with the same etag have the same bytes. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /**
   * When the store received it, by the store's own clock: ms since the epoch, whole seconds at
   * worst.
   */
  readonly lastModified: number;
}

/** An object with its bytes. */
export interface StoredObject extends Entry {
  readonly body: Buffer;
}

/** What a put tells of the object that it wrote. */
export interface PutOutcome extends Entry {
  /**
   * Set where another put of the key, which began later, was done before this one: then that one
   * stands, as if it had been the last. Nobody has seen this one, or will.
   */
  readonly isOvertaken?: true;
}

export interface PutOptions {
  /**
   * Write only over the object with this etag; else PreconditionFailed. Not together with
   * ifNoneMatch.
   */
  readonly ifMatch?: string;
  /** Write only where no object is; else PreconditionFailed. */
  readonly ifNoneMatch?: "*";
  /**
   * Gives up a write that a network holds up; whether it was carried out is not known then. Drivers
   * that write at once need not look at it.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions {
  /** An object of more bytes is not read; TooLarge is thrown instead. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions {
  /** Only keys that come after this one. */
  readonly after?: string | undefined;
  /** Only keys up to this one, itself included. */
  readonly upTo?: string | undefined;
  /** Only keys with no "/" after the prefix. */
  readonly shallow?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ExpireOptions {
  /** Only keys with no "/" after the prefix. */
  readonly shallow?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface PresignOptions {
  /** How long the URL opens; seconds. Never longer than the credentials that signed it. */
  readonly expiresInSeconds: number;
  /** What the answer's headers should say; else what the store thinks of the object. */
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
}

export interface IdentifyOptions {
  /**
   * That in which this machine is, as it knows itself: of several places that can tell, the near
   * one.
   */
  readonly region?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who uses a store. */
export interface Caller {
  /** AWS account id, 12 digits. */
  readonly account: string;
  /**
   * `aws:userid`: for a role's session `ROLE_ID:SESSION_NAME`, and EC2 names an instance's session
   * by the instance id.
   */
  readonly userId: string;
}

/**
 * A place for objects. A driver is a function from options to such an object; the conformance suite
 * (conformance.ts) is this contract as tests.
 *
 * Keys are at most 900 characters of `A-Z a-z 0-9 . _ : = , @ + -` in segments of 1 to 200 split by
 * single `/`; no segment starts with a dot. Any other key throws InvalidKey before anything is
 * touched. A listing may show keys that others put there and that are not of this form: whoever
 * reads it must check them.
 *
 * Reads see every write that was acknowledged before they began. Of two writes of one key at the
 * same time either may stand; where a driver can tell, the one that began later. A body is seen
 * whole or not at all.
 */
export interface Store {
  /** The store's URL, for people: no secret in it. */
  readonly location: string;

  /** Set where several ranges of keys are listed faster side by side than one after the other. */
  readonly splitsListings?: boolean;

  /**
   * Writes an object. When the promise resolves, the bytes survive a crash of this process and,
   * where the driver can ask for it, of the machine. The entry's lastModified may differ by a few
   * seconds from what get and list will tell.
   *
   * @throws PreconditionFailed if a condition of the options does not hold; nothing was written
   */
  put(key: string, body: Uint8Array, options?: PutOptions): Promise<PutOutcome>;

  /**
   * Reads an object.
   *
   * @returns undefined if there is none
   * @throws TooLarge if it has more than maxBytes; Unreadable if the fault is this object's alone
   */
  get(key: string, options: GetOptions): Promise<StoredObject | undefined>;

  /**
   * Lists objects by key in ascending order, a page at a time; a page is never empty. The listing
   * is complete or throws. Objects written or deleted while it runs may or may not be in it; all
   * others are in it once.
   */
  list(prefix: string, options?: ListOptions): AsyncIterable<readonly Entry[]>;

  /** Removes an object, as durably as put writes. To remove what is not there is no error. */
  delete(key: string): Promise<void>;

  /**
   * Removes what was last modified before a time, and never what was written meanwhile. A store
   * that forgets by itself, as a bucket with a lifecycle does, has no such method.
   *
   * @param before ms since the epoch
   * @returns how many objects were removed
   */
  expire?(prefix: string, before: number, options?: ExpireOptions): Promise<number>;

  /**
   * What the store's own clock says, which need not be this machine's: ms since the epoch. A store
   * that has none but the one it was opened with has no such method.
   */
  now?(): Promise<number>;

  /**
   * Tells as whom the store knows its user, where its access rules go by that; undefined where they
   * do not. A store without such rules has no such method.
   *
   * @throws StoreError if it cannot be found out
   */
  identify?(options?: IdentifyOptions): Promise<Caller | undefined>;

  /**
   * The id of the credentials that sign requests now, which is no secret; undefined where the
   * store's access rules do not go by who signs. A store without such rules has no such method.
   *
   * @throws StoreError if there are none
   */
  readSigner?(): Promise<string | undefined>;

  /**
   * Makes a URL from which whoever holds it may read one object for a while, with nothing else in
   * hand. A store that others cannot reach by themselves has no such method.
   */
  presign?(key: string, options: PresignOptions): Promise<string>;

  /** Frees what the driver holds. The store is not used afterwards. */
  close?(): Promise<void>;
}

/**
 * The way to a store, beyond the network's own: the credentials that sign, STS's word for who
 * signs, the region in which the bucket lies, the rules that say who may.
 */
export type StoreHop = Hop | "credentials" | "sts" | "region" | "policy";

export interface StoreErrorOptions extends ErrorOptions {
  readonly hop?: StoreHop | undefined;
}

/**
 * A store that is only read: what it may be asked for. There is nothing in it that writes, so that
 * whoever is handed one cannot.
 */
export type ReadStore = Pick<Store, "location" | "splitsListings" | "get" | "list" | "close">;

/**
 * A failure that the store itself explains. The message begins with who says it, as `[store] [s3]`.
 */
export class StoreError extends Error {
  override name = "StoreError";
  /** Which part of the way is closed, where that is known. */
  readonly hop: StoreHop | undefined;
  /** The store's URL, where whoever asked reads several. */
  store: string | undefined;

  constructor(message: string, { hop, ...options }: StoreErrorOptions = {}) {
    super(message, options);
    this.hop = hop;
  }

  /** Says of which store it speaks, to whoever reads several. @returns this error */
  nameStore(location: string): this {
    if (this.store === undefined) {
      this.store = location;
      this.message += ` (in ${location})`;
    }
    return this;
  }

  /** The message alone, for who says by themselves of what they speak. */
  get reason(): string {
    return this.message.replace(/^(?:\[\w+\] )+/, "");
  }
}

/**
 * The store could not answer now, and may when it is asked again: busy, unreachable, a connection
 * lost, a body cut short.
 */
export class Unavailable extends StoreError {
  override name = "Unavailable";
  /** How long the store asks to be left alone; ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { retryAfterMs, ...options }: StoreErrorOptions & { readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The store as a whole is not where it was: its folder was moved, or its disk is not mounted. What
 * is in it is not known, and nothing may be made there.
 */
export class StoreMissing extends Unavailable {
  override name = "StoreMissing";
}

/**
 * What the store answered cannot be true: a listing out of order, or bytes that are not the
 * object's. Asked again, it may answer rightly.
 */
export class InvalidAnswer extends Unavailable {
  override name = "InvalidAnswer";
}

/** A conditional write found something else than it expected. */
export class PreconditionFailed extends StoreError {
  override name = "PreconditionFailed";
}

/** An object is larger than the reader asked for. */
export class TooLarge extends StoreError {
  override name = "TooLarge";
}

/**
 * This one object cannot be read, as it is now, and others can: it belongs to another user, or
 * somebody is writing into it.
 */
export class Unreadable extends StoreError {
  override name = "Unreadable";
}

/** A key that no store takes. */
export class InvalidKey extends StoreError {
  override name = "InvalidKey";
}

const SEGMENT = "[A-Za-z0-9_:=,@+-][A-Za-z0-9._:=,@+-]{0,199}";
const KEY = new RegExp(`^${SEGMENT}(?:/${SEGMENT})*$`);

/**
 * Throws InvalidKey unless the key is of the contract's form. Every driver calls it first in put,
 * get and delete.
 */
export function checkKey(key: string): void {
  if (key.length > 900 || !KEY.test(key)) {
    throw new InvalidKey(
      `[store] ${JSON.stringify(key.slice(0, 80))} is no key: see the contract in store.ts`,
    );
  }
}
