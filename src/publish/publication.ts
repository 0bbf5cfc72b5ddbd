// One run of a publisher: the roll is read, the overview made, and the publisher given its turn
// under the lease.

import type { RollView } from "../roll/view.ts";
import { LeaseTaken } from "../store/lease.ts";
import type { Store } from "../store/store.ts";
import type { PublisherConfig } from "./config.ts";
import { gatherOverview, type OverviewSources } from "./overview.ts";
import type { PublishContext, Publisher, PublishOutcome } from "./publisher.ts";
import { readState, takeState } from "./state.ts";

export interface Publication {
  readonly name: string;
  readonly config: PublisherConfig;
  readonly publisher: Publisher;
  readonly store: Store;
  readonly view: RollView;
  readonly sources: OverviewSources;
  readonly context: Omit<PublishContext, "state">;
}

/** Publishes. @throws LeaseTaken while another run goes on, PublishError, StoreError */
export async function runPublication({
  name,
  config,
  publisher,
  store,
  view,
  sources,
  context,
}: Publication): Promise<PublishOutcome> {
  const { title, fields, by, parts } = config;
  const overview = await gatherOverview(view, { title, fields, by, parts }, sources);
  if (context.isDryRun)
    return await publisher.publish(overview, { ...context, state: await readState(store, name) });
  const lease = await takeState(store, name, context.clock);
  try {
    return await publisher.publish(overview, { ...context, state: lease });
  } finally {
    // Whoever has taken over holds it now.
    await lease.release().catch((error: unknown) => {
      if (!(error instanceof LeaseTaken)) throw error;
    });
  }
}
