// What `rollcall config check` says of publishers: what each publishes where, how often, and where
// its secret is. No secret is shown.
import type { PublisherConfig, PublishersConfig } from "../../publish/config.ts";
import { describePlace } from "../../publish/registry.ts";
import { sanitizeLine } from "../../report/safe-text.ts";
import { formatDuration } from "../../specs/duration.ts";
import type { Io } from "../program/io.ts";

const BY_HAND = "by hand";

/** One publisher, as it is shown. */
interface ShownPublisher {
  readonly name: string;
  readonly kind: string;
  readonly every: string;
  readonly where: string;
  readonly title: string;
  /** None: those that hold versions. */
  readonly fields: readonly string[];
  readonly by: string;
  readonly parts: string;
  /** Where the secret is, and what was seen of it; null where it has none. */
  readonly secret: string | null;
}

/** Describes publishers whose configuration has no mistake. */
export function describePublishers(publishers: PublishersConfig, io: Pick<Io, "env">): ShownPublisher[] {
  return Object.entries(publishers).map(([name, config]) => {
    const { kind, every, title, fields, by, parts } = config;
    return {
      name,
      kind,
      every: every === undefined ? BY_HAND : formatDuration(every),
      where: describePlace(name, config),
      title,
      fields,
      by,
      parts,
      secret: describeSecret(config, io),
    };
  });
}

/** Files were read with the rest of the check; variables are those of whoever runs the server. */
function describeSecret(config: PublisherConfig, { env }: Pick<Io, "env">): string | null {
  if (config.kind === "markdown" || config.kind === "stdout") return null;
  const { token_file: file, token_env: variable, token_parameter: parameter } = config;
  if (file !== undefined) return `token_file ${file}, which can be read`;
  if (parameter !== undefined) return `token_parameter ${parameter}, which was not looked at`;
  if (variable === undefined) return null;
  return `token_env ${variable}, which is ${env[variable] ? "set" : "not set"} in this shell`;
}

/** As lines, which are not cut: where something is published must be seen whole. */
export function layOutPublishers(publishers: readonly ShownPublisher[]): string {
  if (publishers.length === 0) return "";
  const lines = publishers.flatMap(({ name, kind, every, where, title, fields, by, parts, secret }) => {
    const what = fields.length > 0 ? fields.join(", ") : "the fields that hold versions";
    return [
      `  ${name}: ${kind}, ${every === BY_HAND ? every : `every ${every}`}`,
      `    where: ${where}`,
      `    shows: ${title}: ${what}${by && ` by ${by}`}${parts && `, for each ${parts}`}`,
      ...(secret === null ? [] : [`    secret: ${secret}`]),
    ];
  });
  return `\npublishers:\n${lines.map((line) => `${sanitizeLine(line)}\n`).join("")}`;
}
