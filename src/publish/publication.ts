// One run of a publisher: the overview is made of answers, and the publisher given its turn under
// the lease.

import type { QuestionSources } from "../questions/question.ts";
import { LeaseTaken } from "../store/lease.ts";
import type { Store } from "../store/store.ts";
import { createAsk } from "./ask.ts";
import type { PublisherConfig } from "./config.ts";
import { gatherOverview } from "./overview.ts";
import type { ChangePublisher, PublishContext, Publisher, PublishOutcome } from "./publisher.ts";
import { readState, takeState } from "./state.ts";

export interface Publication {
  readonly name: string;
  readonly config: PublisherConfig;
  readonly publisher: Publisher | ChangePublisher;
  readonly store: Store;
  readonly sources: QuestionSources;
  readonly context: Omit<PublishContext, "state">;
}

/** Gathers what the publisher publishes, as far as that can be done before its turn. */
async function prepare(
  publisher: Publisher | ChangePublisher,
  { title, fields, by, parts }: PublisherConfig,
  sources: QuestionSources,
  signal: AbortSignal,
): Promise<(context: PublishContext) => Promise<PublishOutcome>> {
  if ("publishChanges" in publisher) {
    const ask = await createAsk(sources, signal);
    return (context) => publisher.publishChanges(ask, context);
  }
  const overview = await gatherOverview({ title, fields, by, parts }, sources, signal);
  return (context) => publisher.publish(overview, context);
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
  const publish = await prepare(publisher, config, sources, context.signal);
  if (context.isDryRun) return await publish({ ...context, state: await readState(store, name) });
  const lease = await takeState(store, name, context.clock);
  try {
    return await publish({ ...context, state: lease });
  } finally {
    // Whoever has taken over holds it now.
    await lease.release().catch((error: unknown) => {
      if (!(error instanceof LeaseTaken)) throw error;
    });
  }
}
