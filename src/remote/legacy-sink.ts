// The legacy sink: writes a host's report in the old form to the top of a bucket, for whoever still
// reads it there.
import type { ReportSink } from "../agent/delivery.ts";
import type { Environment } from "../network/proxy.ts";
import type { Clock } from "../report/clock.ts";
import { formatTopLevelKey, toOldForm } from "../report/old-form.ts";
import { openStore } from "../store/open.ts";
import { explainStoreFailure } from "./report-sink.ts";

export interface LegacySinkOptions {
  /** The store's URL. */
  readonly url: string;
  readonly clock: Clock;
  /** What a relative URL is relative to. */
  readonly cwd: string;
  /** Where an S3 store finds keys, region and endpoint. */
  readonly env: Environment;
}

/**
 * Opens it. Whoever reads the old form knows no departures, so none is written: there a host is
 * silent when its report is old.
 *
 * @throws RemoteError if the store cannot be opened
 */
export async function openLegacySink({ url, clock, cwd, env }: LegacySinkOptions): Promise<ReportSink> {
  const store = await explainStoreFailure(url, () => openStore(url, { clock, cwd, env }));
  return {
    location: store.location,
    send: ({ id, bytes }, signal) =>
      explainStoreFailure(store.location, async () => {
        await store.put(formatTopLevelKey(id), toOldForm(bytes), { signal });
      }),
    leave: () => Promise.resolve(),
    close: () => store.close?.() ?? Promise.resolve(),
  };
}
