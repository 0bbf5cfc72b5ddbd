// The Publisher contract: turns an overview of the fleet into a page or a message elsewhere, and
// does nothing where that would say the same again.
import type { Clock } from "../report/clock.ts";
import type { Ask } from "./ask.ts";
import type { Overview } from "./overview.ts";
import type { PublisherState } from "./state.ts";

/** What a run did, in numbers of pages, files or messages. */
export interface PublishOutcome {
  readonly created: number;
  readonly updated: number;
  /**
   * Taken away where that can be undone: archived, or files removed that this publisher had made.
   */
  readonly archived: number;
  readonly unchanged: number;
  /** Requests to the other side. */
  readonly requests: number;
  /** Set where the run stopped before its end, to go on at the next: why. */
  readonly left?: string;
  /** Where to look. */
  readonly url?: string;
}

export const NOTHING_DONE: PublishOutcome = {
  created: 0,
  updated: 0,
  archived: 0,
  unchanged: 0,
  requests: 0,
};

export interface PublishContext {
  /** What earlier runs left, and what this one leaves. */
  readonly state: PublisherState;
  readonly clock: Clock;
  /** Waits; ends early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** When the run has to end; ms since the epoch. What is left is done by the next one. */
  readonly deadline: number;
  /** Looks at what would be done, and changes nothing. */
  readonly isDryRun: boolean;
  /** Told of each step, in a few words without secrets. */
  readonly onStep: (step: string) => void;
  /** Where publishers that write here write. */
  readonly write: (text: string) => Promise<void>;
}

export interface Publisher {
  readonly kind: string;
  /**
   * Publishes. @throws PublishError in words for its user, without secrets; the next run goes on
   * where this one stopped
   */
  publish(overview: Overview, context: PublishContext): Promise<PublishOutcome>;
}

/** A publisher of what changed, and not of how things are. */
export interface ChangePublisher {
  readonly kind: string;
  /**
   * Publishes what came after the last run. @throws PublishError as publish does; what was refused
   * is sent again by the next run
   */
  publishChanges(ask: Ask, context: PublishContext): Promise<PublishOutcome>;
}

/** A run that could not do its work; the message says what to do. */
export class PublishError extends Error {
  override name = "PublishError";
}
