// All publishers: which configuration makes which one.
import { changePublisher } from "./changes.ts";
import type { PublisherConfig } from "./config.ts";
import { docbasePublisher } from "./docbase.ts";
import { folderPublisher } from "./folder.ts";
import { isSafe } from "./http.ts";
import { type ChangePublisher, PublishError, type Publisher } from "./publisher.ts";
import { stdoutPublisher } from "./stdout.ts";
import { webhookPublisher } from "./webhook.ts";

/**
 * Reads a secret from where the configuration says it is. @returns undefined where it says nothing
 */
export type ReadSecret = (place: {
  readonly token_file?: string | undefined;
  readonly token_parameter?: string | undefined;
  readonly token_env?: string | undefined;
}) => Promise<string | undefined>;

/** Makes a publisher. @throws PublishError where its secret is missing */
export async function openPublisher(
  name: string,
  config: PublisherConfig,
  readSecret: ReadSecret,
): Promise<Publisher | ChangePublisher> {
  switch (config.kind) {
    case "docbase": {
      const token = await demand(name, readSecret(config), "DocBase's token");
      const place = { baseUrl: config.base_url, team: config.team, token };
      const { tags, scope, groups, max_body_bytes: maxBodyBytes, touch: touchMs } = config;
      return docbasePublisher({ place, name, tags, scope, groups, maxBodyBytes, touchMs });
    }
    case "markdown":
      return folderPublisher({ name, path: config.path, touchMs: config.touch });
    case "webhook":
      return webhookPublisher({ url: config.url, secret: await readSecret(config), format: "json" });
    case "changes":
      return changePublisher({ url: config.url, secret: await readSecret(config), title: config.title });
    case "slack": {
      const url = await demand(name, readSecret(config), "the URL of Slack's incoming webhook");
      if (!URL.canParse(url) || !isSafe(new URL(url)))
        throw new PublishError(`the secret of publishers.${name} is no URL of an incoming webhook`);
      return webhookPublisher({ url, secret: undefined, format: "slack" });
    }
    case "stdout":
      return stdoutPublisher();
  }
}

/** Where a publisher publishes, in words without secrets: a webhook's path may be one. */
export function describePlace(name: string, config: PublisherConfig): string {
  switch (config.kind) {
    case "docbase": {
      const { host } = new URL(config.base_url);
      return `the team ${config.team} at ${host}, pages with the tag rollcall-${name}`;
    }
    case "markdown":
      return config.path.endsWith(".md")
        ? `the file ${config.path}`
        : `the folder ${config.path}, rollcall-${name}.md and files beside it`;
    case "webhook":
    case "changes":
      return new URL(config.url).origin;
    case "slack":
      return "Slack, by an incoming webhook";
    case "stdout":
      return "standard output";
  }
}

async function demand(name: string, reading: Promise<string | undefined>, what: string): Promise<string> {
  const secret = await reading;
  if (secret === undefined || secret === "")
    throw new PublishError(
      `publishers.${name}: ${what} is missing; write token_file: FILE, token_env: ` +
        "VARIABLE or token_parameter: /PATH/NAME, never the secret itself",
    );
  return secret;
}
