// Who asks: work for somebody who has gone ends at its next turn, as nobody would read what comes
// of it.
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { type Caller, nameParty } from "../access/caller.ts";
import { SHARED_YIELDER, type SharedYielder, type Yielder } from "../roll/yielder.ts";

/** Whoever asked has gone; thrown by its yielder, and never an answer to anybody. */
export class ClientGone extends Error {
  override readonly name = "ClientGone";
}

/**
 * The yielder of the work for one request: of the party of its key.
 *
 * @throws ClientGone when it is to go on and the connection is closed; behind API Gateway nobody
 *   tells of that
 */
export function yieldWhileConnected(
  context: Context,
  caller: Caller | undefined,
  shared: SharedYielder = SHARED_YIELDER,
): Yielder {
  const yielder = shared.of(`key ${caller ? nameParty(caller) : ""}`);
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  if (!outgoing) return yielder;
  return {
    spend(bytes) {
      if (outgoing.destroyed) throw new ClientGone("whoever asked has gone");
      return yielder.spend(bytes);
    },
  };
}

const NEVER = new AbortController().signal;

/** Aborts when whoever sent the request has gone. */
export function signalOf(context: Context): AbortSignal {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  if (!outgoing) return NEVER;
  const controller = new AbortController();
  outgoing.once("close", () => controller.abort(new ClientGone("whoever asked has gone")));
  return controller.signal;
}
