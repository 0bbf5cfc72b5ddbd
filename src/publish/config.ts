// The configuration of publishers, as people write it.
import { isAbsolute } from "node:path";
import * as z from "zod";
import { parseName } from "../grammar/condition.ts";
import { MAX_DURATION_MS, parseDuration } from "../specs/duration.ts";
import { isSafe } from "./http.ts";
import { MIN_PAGE_BYTES } from "./pages.ts";

/** Publishers at most. */
const MAX_PUBLISHERS = 20;

const MINUTE = 60_000;

function durationText(minMs: number, least: string) {
  const advice =
    `write a duration such as 30m or 1h, at least ${least} and at most ` + `${MAX_DURATION_MS / 86_400_000}d`;
  return z
    .string({ error: advice })
    .refine((text) => (parseDuration(text) ?? 0) >= minMs, advice)
    .transform((text) => parseDuration(text) ?? 0);
}

const fieldText = z
  .string()
  .refine(
    (text) => parseName(text) !== undefined && !text.includes(","),
    "write a field, or a path such as processes.module_A_filename",
  );
const labelText = z
  .string()
  .refine(
    (text) => text === "" || (parseName(text) !== undefined && !text.includes(",")),
    "write a label such as env, or a field",
  );

const safeUrl = z
  .string()
  .max(2000)
  .refine(
    (text) => URL.canParse(text) && isSafe(new URL(text)),
    "write a URL that begins with https:// (http:// only for this machine), without user and password",
  );

/** A secret is never in the file itself: its place is. */
const secretPlace = {
  token_file: z.string().min(1).optional(),
  token_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "write the name of an environment variable")
    .optional(),
  /** On AWS: a parameter of Systems Manager's Parameter Store. */
  token_parameter: z
    .string()
    .regex(
      /^\/[\w.-]{1,100}(?:\/[\w.-]{1,100}){1,10}$/,
      "write a parameter's name, such as /rollcall/docbase-token",
    )
    .optional(),
};

const common = {
  every: durationText(MINUTE, "1m")
    .optional()
    .describe("How often it is published by a server; never by itself where it is left out."),
  title: z.string().min(1).max(150).default("What runs where"),
  fields: z.array(fieldText).max(16).default([]),
  by: labelText.default("env"),
  parts: labelText.default("service"),
};

const touch = durationText(MINUTE, "1m").default(24 * 60 * MINUTE);

/** What some kinds cannot do without. */
const NEEDED_SECRETS: Readonly<Record<string, string | undefined>> = {
  docbase: "DocBase's token",
  slack: "the URL of Slack's incoming webhook",
};

const SECRET_PLACES = ["token_file", "token_env", "token_parameter"];

const MAX_DOCBASE_BODY_BYTES = 3_000_000;
const BODY_BYTES = `write a number of bytes, ${MIN_PAGE_BYTES} to ${MAX_DOCBASE_BODY_BYTES}`;

const docbaseSchema = z.strictObject({
  kind: z.literal("docbase"),
  ...common,
  ...secretPlace,
  team: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/, "write the team's name: acme of acme.docbase.io"),
  base_url: safeUrl.default("https://api.docbase.io"),
  tags: z.array(z.string().min(1).max(100)).max(20).default([]),
  scope: z.enum(["everyone", "group", "private"]).default("everyone"),
  groups: z.array(z.number().int().positive()).max(50).default([]),
  max_body_bytes: z
    .int({ error: BODY_BYTES })
    .min(MIN_PAGE_BYTES, { error: BODY_BYTES })
    .max(MAX_DOCBASE_BODY_BYTES, { error: BODY_BYTES })
    .default(200_000),
  touch,
});

const markdownSchema = z.strictObject({
  kind: z.literal("markdown"),
  ...common,
  path: z
    .string()
    .refine(isAbsolute, "write an absolute path of a folder, or of a file that ends in .md")
    .refine((path) => !/^\/(?:proc|sys|dev)(?:\/|$)/.test(path), "write a path where files can be written"),
  touch,
});

const webhookSchema = z.strictObject({ kind: z.literal("webhook"), ...common, ...secretPlace, url: safeUrl });

const changesSchema = z.strictObject({ kind: z.literal("changes"), ...common, ...secretPlace, url: safeUrl });

/** Whoever has the URL of an incoming webhook may write: it is the secret. */
const slackSchema = z.strictObject({ kind: z.literal("slack"), ...common, ...secretPlace });

const stdoutSchema = z.strictObject({
  kind: z.literal("stdout"),
  ...common,
  every: z.undefined({ error: "leave it out: stdout is published by hand alone" }).optional(),
});

const KINDS = ["docbase", "markdown", "webhook", "changes", "slack", "stdout"] as const;

const kindSchemas = [
  docbaseSchema,
  markdownSchema,
  webhookSchema,
  changesSchema,
  slackSchema,
  stdoutSchema,
] as const;

/** Every key that a publisher of some kind has. None of them has a secret for its value. */
export const PUBLISHER_KEYS: ReadonlySet<string> = new Set(
  kindSchemas.flatMap(({ shape }) => Object.keys(shape)),
);

const publisherSchema = z
  .discriminatedUnion("kind", kindSchemas, {
    error: ({ code }) =>
      code === "invalid_union" ? `write the kind of publisher: ${KINDS.join(", ")}` : undefined,
  })
  .superRefine((config, context) => {
    if (config.kind === "docbase" && config.scope === "group" && config.groups.length === 0)
      context.addIssue({
        code: "custom",
        path: ["groups"],
        message: "the scope group needs the numbers of groups: [1234]",
      });
    if (config.kind === "docbase" && config.scope !== "group" && config.groups.length > 0)
      context.addIssue({
        code: "custom",
        path: ["groups"],
        message: "counts with scope: group alone; write that, or leave it out",
      });
    const places = SECRET_PLACES.filter(
      (key) => key in config && (config as Record<string, unknown>)[key] !== undefined,
    );
    const [first, second] = places;
    if (second)
      context.addIssue({ code: "custom", path: [second], message: `${first} is set as well; leave one out` });
    const secret = NEEDED_SECRETS[config.kind];
    if (secret !== undefined && first === undefined)
      context.addIssue({
        code: "custom",
        path: ["kind"],
        message:
          `needs ${secret}: write token_file: FILE, token_env: VARIABLE or ` +
          "token_parameter: /PATH/NAME, never the secret itself",
      });
  });

export type PublisherConfig = z.infer<typeof publisherSchema>;

/** All publishers by name. A name is part of a key of the store, and of a tag. */
export const publishersSchema = z
  .record(
    z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "write a name of a-z, 0-9 and -"),
    publisherSchema,
  )
  .refine((all) => Object.keys(all).length <= MAX_PUBLISHERS, `at most ${MAX_PUBLISHERS} publishers`)
  .superRefine((all, context) => {
    const owners = new Map<string, string>();
    for (const [name, config] of Object.entries(all)) {
      if (config.kind !== "markdown") continue;
      const owner = owners.get(config.path);
      if (owner !== undefined && config.path.endsWith(".md"))
        context.addIssue({
          code: "custom",
          path: [name, "path"],
          message: `${owner} writes there as well; write another path`,
        });
      owners.set(config.path, name);
    }
  });

export type PublishersConfig = z.infer<typeof publishersSchema>;
