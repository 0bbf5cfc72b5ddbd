// Who asks: work for somebody who has gone ends at its next turn, as nobody would read what comes
// of it.
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { SHARED_TURNS, type Turns } from "../roll/turns.ts";

/** Whoever asked has gone; thrown by turns, and never an answer to anybody. */
export class AskerGone extends Error {
  override readonly name = "AskerGone";
}

/**
 * The turns of the work for one request.
 *
 * @throws AskerGone when it is to go on and the connection is closed; behind API Gateway nobody
 *   tells of that
 */
export function takeTurnsFor(context: Context, turns: Turns = SHARED_TURNS): Turns {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  if (!outgoing) return turns;
  return {
    take(bytes) {
      if (outgoing.destroyed) throw new AskerGone("whoever asked has gone");
      return turns.take(bytes);
    },
  };
}

const NEVER = new AbortController().signal;

/** Aborts when whoever sent the request has gone. */
export function signalOf(context: Context): AbortSignal {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  if (!outgoing) return NEVER;
  const controller = new AbortController();
  outgoing.once("close", () => controller.abort(new AskerGone("whoever asked has gone")));
  return controller.signal;
}
