// Overflow: an answer too large for the way back is put into the store, and read there by a URL
// that opens for a while.
import { createHash } from "node:crypto";
import type { Clock } from "../report/clock.ts";
import { locateAnswer } from "../store/layout.ts";
import type { Store } from "../store/store.ts";

/** How long the URL opens. Who holds it may read this one answer. */
const EXPIRES_IN_SECONDS = 15 * 60;

/** An answer put this long ago is not put again. A bucket keeps it for a day at least. */
const REUSE_MS = 12 * 60 * 60 * 1000;

/** For those whose client does not go there by itself. No URL: what shows this may log it. */
const ELSEWHERE =
  "This answer is too large for the way back. It lies at the address in the header Location, which " +
  "opens for 15 minutes.\nAsk again with a client that follows: curl -L (--location).\n";

export interface Overflow {
  /** An answer that will have more bytes than this does not fit. */
  readonly limitBytes: number;
  /** Turns an answer of any size into one of a few lines, with status 303: the same, elsewhere. */
  redirect(response: Response): Promise<Response>;
}

export interface OverflowOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly limitBytes: number;
}

/** Makes the way around. @throws TypeError if the store makes no such URLs */
export function createOverflow({ store, clock, limitBytes }: OverflowOptions): Overflow {
  const { presign } = store;
  if (!presign) throw new TypeError(`answers cannot be read from ${store.location} by URL`);

  async function isThere(key: string): Promise<boolean> {
    for await (const entries of store.list(key, { upTo: key })) {
      return entries.some((entry) => clock() - entry.lastModified < REUSE_MS);
    }
    return false;
  }

  return {
    limitBytes,
    async redirect(response) {
      const { headers } = response;
      // The ETag names these very bytes, so those who ask the same get the same object.
      const name = createHash("sha256")
        .update(headers.get("etag") ?? crypto.randomUUID())
        .digest("hex");
      const key = locateAnswer(name);
      if (await isThere(key)) await response.body?.cancel();
      else await store.put(key, Buffer.from(await response.arrayBuffer()));
      const location = await presign.call(store, key, {
        expiresInSeconds: EXPIRES_IN_SECONDS,
        contentType: headers.get("content-type") ?? undefined,
        contentEncoding: headers.get("content-encoding") ?? undefined,
      });
      const kept = [...headers].filter(([header]) => header.startsWith("rollcall-") || header === "vary");
      const plain: [string, string] = ["content-type", "text/plain; charset=utf-8"];
      return new Response(ELSEWHERE, {
        status: 303,
        headers: [...kept, plain, ["location", location], ["cache-control", "no-store"]],
      });
    },
  };
}
