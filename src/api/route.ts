// The Route contract: a path, who may use it, what it does, and its description, which is what
// /openapi.json and /docs show.
import type { Context } from "hono";
import type { Logger } from "pino";
import type { Caller } from "../access/caller.ts";
import type { Clones } from "../access/clones.ts";
import type { IdentityTrust } from "../access/identity.ts";
import type { Keyring } from "../access/keyring.ts";
import type { Scope } from "../access/scopes.ts";
import type { SignedIdentities } from "../access/signed-identity.ts";
import type { WriteBounds } from "../access/write-bounds.ts";
import type { Labels } from "../questions/labels.ts";
import type { Past } from "../questions/past.ts";
import type { Schema } from "../questions/question.ts";
import type { Clock } from "../report/clock.ts";
import type { Roll } from "../roll/roll.ts";
import type { Store } from "../store/store.ts";
import type { HotAnswers } from "./hot-answers.ts";
import type { Overflow } from "./overflow.ts";
import type { Page } from "./page-files.ts";

/** What handlers work with; wired by the entry point. */
export interface Services {
  readonly store: Store;
  readonly roll: Roll;
  readonly keyring: Keyring;
  /** Who is signed in; undefined where keys alone count. */
  readonly identities?: SignedIdentities | undefined;
  /** Where answers are remembered that may be asked for again at once. */
  readonly hotAnswers?: HotAnswers;
  readonly clones: Clones;
  /** What one key may write; undefined where nothing is written. */
  readonly bounds?: WriteBounds;
  /** The way around for answers that are too large for the way back; undefined where none is. */
  readonly overflow?: Overflow;
  /** Whether and whom EC2's word for an instance's id is taken for proof. */
  readonly identityTrust?: IdentityTrust | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  /** How old a fresh report may be where the question does not say; ms. */
  readonly windowMs: number;
  /** What is read out of fields for those who ask by env, service and the like. */
  readonly labels: Labels;
  /**
   * The ids of the hosts that should report; undefined where nobody has said. @throws
   * ExpectationError
   */
  readonly readExpected?: (() => Promise<ReadonlySet<string>>) | undefined;
  /** What was recorded; undefined where nobody reads that. */
  readonly past?: Past | undefined;
  /** How long a question may wait for the store; ms. */
  readonly deadlineMs: number;
  /** The origins whose web pages may read answers, or `*` for all; none where it is left out. */
  readonly corsOrigins?: readonly string[] | undefined;
  /** The page for people; undefined where none is served. */
  readonly page?: Page | undefined;
  /** Whether requests come through a proxy that is trusted to say how they came to it. */
  readonly behindProxy?: boolean;
}

export interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly description: string;
  readonly schema: Schema;
  readonly example?: string;
  readonly isRequired?: true;
  /**
   * Set for `filter`, which stands for any parameter that is not reserved (OpenAPI 3.1, style form
   * with explode).
   */
  readonly anyName?: true;
}

export interface Answer {
  readonly description: string;
  /** Media type to schema. */
  readonly content?: Readonly<Record<string, Schema>>;
  /** Names from RESPONSE_HEADERS in openapi.ts. */
  readonly headers?: readonly string[];
}

export interface Route {
  readonly method: "get" | "put" | "post" | "delete";
  /** With parameters as `{id}`. */
  readonly path: string;
  /** Further paths that answer the same. */
  readonly aliases?: readonly string[];
  /** What the caller needs; undefined: open to all, and says nothing about any host. */
  readonly scope?: Scope | "any";
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: { readonly description: string; readonly schema: Schema };
  /** Successful answers by status; errors are added from `errors`. */
  readonly answers: Readonly<Record<number, Answer>>;
  readonly errors: readonly number[];
  /** The types that its answers refer to, by name. */
  readonly types?: Readonly<Record<string, Schema>>;
  /** A command to paste, which asks SAMPLE_ADDRESS (sample-address.ts). */
  readonly sample: string;
  handle(context: Context, services: Services, caller: Caller | undefined): Promise<Response>;
}
