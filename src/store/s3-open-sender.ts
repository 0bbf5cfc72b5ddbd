// Which Sender speaks: undici's on Node; in the executable fetch, since Bun has a stand-in for
// undici that lacks what ours is made of.
import type { Sender, SenderOptions } from "./s3-sender.ts";

export async function openSender(options: SenderOptions): Promise<Sender> {
  if ("bun" in process.versions) return (await import("./s3-fetch.ts")).createFetchSender(options);
  return (await import("./s3-undici.ts")).createUndiciSender(options);
}
