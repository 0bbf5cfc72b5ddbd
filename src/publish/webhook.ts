// Publishes to a URL: one JSON message when something has changed, signed, or in the form of
// Slack's incoming webhooks.
import { createHash, createHmac } from "node:crypto";
import { type Difference, findDifference, hasChanges } from "./difference.ts";
import { createHttpClient, RetryTooLate } from "./http.ts";
import { keepMessage, readLastState } from "./last-message.ts";
import type { FieldVersions, Overview } from "./overview.ts";
import { NOTHING_DONE, PublishError, type Publisher } from "./publisher.ts";
import { formatSlack } from "./slack.ts";

export interface WebhookOptions {
  /** Slack's is a secret itself. */
  readonly url: string;
  /** What signs messages; undefined for none. */
  readonly secret: string | undefined;
  readonly format: "json" | "slack";
}

/** Makes the publisher. */
export function webhookPublisher({ url, secret, format }: WebhookOptions): Publisher {
  const { origin } = new URL(url);
  return {
    kind: format === "slack" ? "slack" : "webhook",
    async publish(overview, context) {
      const write = format === "slack" ? formatSlack : formatMessage;
      // How things are, without what differs, which would make every message another one.
      const digest = createHash("sha256")
        .update(JSON.stringify({ ...write(overview), as_of: undefined }))
        .digest("base64url");
      const last = readLastState(context.state.value);
      const difference = findDifference(last, overview);
      if (last.digest === digest && !hasChanges(difference)) return { ...NOTHING_DONE, unchanged: 1 };
      context.onStep(`sends a message to ${origin}`);
      if (context.isDryRun) return { ...NOTHING_DONE, created: 1 };
      const http = createHttpClient(origin, context);
      const body = JSON.stringify(write(overview, difference));
      const headers = {
        "user-agent": "rollcall",
        ...(secret !== undefined && { "rollcall-signature": signBody(body, secret, context.clock()) }),
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
      await context.state.save({ digest, message: keepMessage(overview) });
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
export function signBody(body: string, secret: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")}`;
}

/**
 * Values of one field that a message has, hosts that a list names, and values that are told to
 * differ.
 */
const MAX_WEBHOOK_VALUES = 100;
const MAX_LISTED_HOSTS = 100;
const MAX_MESSAGE_CHANGES = 200;

/**
 * The overview as JSON. @param difference what it tells of the last message; nothing where that is
 * left out
 */
export function formatMessage(
  { settings, asOf, hosts, coverage, fields, behindCount, isBehindLeast, parts, partsOmitted }: Overview,
  difference?: Difference,
) {
  const toText = (at: number) => new Date(at).toISOString();
  const { expected, reported, missing = [], counts } = coverage;
  const named = missing.slice(0, MAX_WEBHOOK_VALUES).map(({ id }) => id);
  return {
    title: settings.title,
    as_of: toText(asOf),
    hosts,
    behind: behindCount,
    ...(isBehindLeast && { behind_is_least: true }),
    silent: counts.silent,
    departed: counts.departed,
    set_aside: counts.set_aside,
    ...(expected !== undefined && {
      expected,
      reported,
      missing: named,
      ...countMore("more_missing", (counts.missing ?? 0) - named.length),
    }),
    ...listVersions(fields),
    parts: parts.map((part) => ({
      name: part.name,
      hosts: part.hosts,
      behind: part.behindCount,
      ...(part.isBehindLeast && { behind_is_least: true }),
      ...listVersions(part.fields),
    })),
    ...countMore("more_parts", partsOmitted),
    ...(difference && { changes: describeDifference(difference) }),
  };
}

function listVersions(fields: readonly FieldVersions[]) {
  const versions = fields.flatMap(({ values }) => values.slice(0, MAX_WEBHOOK_VALUES));
  const all = fields.reduce((sum, { values, omitted }) => sum + values.length + omitted, 0);
  return { versions, ...countMore("more_versions", all - versions.length) };
}

/** How many a list leaves out; nothing where it leaves out none. */
function countMore<Name extends string>(name: Name, count: number): { readonly [name in Name]?: number } {
  return count > 0 ? ({ [name]: count } as { [name in Name]: number }) : {};
}

/** What cannot be told is absent, and `cannot_be_told` says why. */
function describeDifference({ since, hosts, values, untold }: Difference) {
  const list = (ids: readonly string[]) => ({ count: ids.length, hosts: ids.slice(0, MAX_LISTED_HOSTS) });
  return {
    since: since === undefined ? null : new Date(since).toISOString(),
    ...(hosts && {
      arrived: list(hosts.arrived),
      returned: list(hosts.returned),
      silent: list(hosts.silent),
      left: list(hosts.left),
      gone: list(hosts.gone),
    }),
    ...(values && {
      values: values.slice(0, MAX_MESSAGE_CHANGES).map(({ field, value, from, to, gained, lost }) => ({
        field,
        value,
        from,
        to,
        ...(gained && { gained: list(gained) }),
        ...(lost && { lost: list(lost) }),
      })),
      more_values: Math.max(0, values.length - MAX_MESSAGE_CHANGES),
    }),
    cannot_be_told: untold,
  };
}
