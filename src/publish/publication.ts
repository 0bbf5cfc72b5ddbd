// One run of a publisher: the overview is made of answers, and the publisher given its turn under
// the lease.

import type { QuestionSources } from "../questions/question.ts";
import { LeaseTaken } from "../store/lease.ts";
import type { Store } from "../store/store.ts";
import type { PublisherConfig } from "./config.ts";
import { gatherOverview } from "./overview.ts";
import type { PublishContext, Publisher, PublishOutcome } from "./publisher.ts";
import { readState, takeState } from "./state.ts";

export interface Publication {
  readonly name: string;
  readonly config: PublisherConfig;
  readonly publisher: Publisher;
  readonly store: Store;
  readonly sources: QuestionSources;
  readonly context: Omit<PublishContext, "state">;
}

/** Publishes. @throws LeaseTaken while another run goes on, PublishError, StoreError */
export async function runPublication({
  name,
  config,
  publisher,
  store,
  sources,
  context,
}: Publication): Promise<PublishOutcome> {
  const { title, fields, by, parts } = config;
  const overview = await gatherOverview({ title, fields, by, parts }, sources, context.signal);
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
