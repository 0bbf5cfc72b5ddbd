// Publishes to a URL: one JSON message when something has changed, signed, or in the form of
// Slack's incoming webhooks.
import { createHash, createHmac } from "node:crypto";
import * as z from "zod";
import type { VersionCount } from "../questions/versions.ts";
import { createHttpClient, RetryTooLate } from "./http.ts";
import type { Overview } from "./overview.ts";
import { NOTHING_DONE, PublishError, type Publisher } from "./publisher.ts";
import { formatSlack } from "./slack.ts";

export interface WebhookOptions {
  /** Slack's is a secret itself. */
  readonly url: string;
  /** What signs messages; undefined for none. */
  readonly secret: string | undefined;
  readonly format: "json" | "slack";
}

const stateSchema = z.object({ digest: z.string() });

/** Makes the publisher. */
export function webhookPublisher({ url, secret, format }: WebhookOptions): Publisher {
  const { origin } = new URL(url);
  return {
    kind: format === "slack" ? "slack" : "webhook",
    async publish(overview, context) {
      const message = format === "slack" ? formatSlack(overview) : formatMessage(overview);
      const digest = createHash("sha256")
        .update(JSON.stringify({ ...message, as_of: undefined }))
        .digest("base64url");
      const kept = stateSchema.safeParse(context.state.value);
      if (kept.success && kept.data.digest === digest) return { ...NOTHING_DONE, unchanged: 1 };
      context.onStep(`sends a message to ${origin}`);
      if (context.isDryRun) return { ...NOTHING_DONE, created: 1 };
      const http = createHttpClient(origin, context);
      const body = JSON.stringify(message);
      const headers = {
        "user-agent": "rollcall",
        ...(secret !== undefined && { "rollcall-signature": sign(body, secret, context.clock()) }),
      };
      try {
        // The same message twice says nothing else than once: it says how things are.
        const answer = await http.send({ method: "POST", url, headers, body, isIdempotent: true });
        if (answer.status >= 300)
          throw new PublishError(
            `${origin} answered ${answer.status}: ${answer.text.replace(/\p{Cc}/gu, " ").slice(0, 200)}`,
          );
        // Slack says so of what it took; a proxy's sign-in page, also with status 200, does not.
        if (format === "slack" && answer.text.trim() !== "ok")
          throw new PublishError(
            `${origin} answered ${answer.status}, but not "ok" as Slack does; is a proxy in between?`,
          );
      } catch (error) {
        if (error instanceof RetryTooLate)
          return { ...NOTHING_DONE, requests: http.requests, left: error.message };
        throw error;
      }
      await context.state.save({ digest });
      return { ...NOTHING_DONE, created: 1, requests: http.requests };
    },
  };
}

/**
 * Signs as Stripe does (https://docs.stripe.com/webhooks#verify-manually): HMAC-SHA256 over the
 * time, a dot and the body, so that a message cannot be changed, nor an old one be sent again as
 * new.
 *
 * @param now ms since the epoch
 */
export function sign(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/** Values of one field that a message has. */
const MAX_VALUES = 100;

/** The overview as JSON. */
export function formatMessage({ settings, asOf, hosts, coverage, fields, behindCount, parts }: Overview) {
  const toText = (at: number) => new Date(at).toISOString();
  const cut = (values: readonly VersionCount[]) => values.slice(0, MAX_VALUES);
  return {
    title: settings.title,
    as_of: toText(asOf),
    hosts,
    behind: behindCount,
    silent: coverage.silent.length,
    departed: coverage.departed.length,
    set_aside: coverage.setAsideCount,
    ...(coverage.expectation && {
      expected: coverage.expectation.expected,
      reported: coverage.expectation.reported,
      missing: coverage.expectation.missing.slice(0, MAX_VALUES).map(({ id }) => id),
    }),
    versions: fields.flatMap(({ values }) => cut(values)),
    parts: parts.map((part) => ({
      name: part.name,
      hosts: part.hosts,
      behind: part.behindCount,
      versions: part.fields.flatMap(({ values }) => cut(values)),
    })),
  };
}
