// Parameters that several questions take.
import { DURATION_PATTERN } from "../specs/duration.ts";
import type { QuestionParameter } from "./question.ts";

export const WITHIN: QuestionParameter = {
  name: "within",
  in: "query",
  description:
    "How old a fresh report may be: a number with ms, s, m, h or d; at most 24h, when reports expire.",
  schema: { type: "string", pattern: DURATION_PATTERN.source, default: "2h" },
  example: "30m",
  placeholder: "TIME",
};

export const STATE: QuestionParameter = {
  name: "state",
  in: "query",
  description: "Which reports by age.",
  schema: { enum: ["fresh", "silent", "all"], default: "fresh" },
};

export const FILTER: QuestionParameter = {
  name: "filter",
  in: "query",
  anyName: true,
  description:
    "Any other name is a field or label to filter by: `FIELD=VALUE`. `*` stands for any " +
    "run of characters (`\\*` for a star). One field several times: any value will do; " +
    "different fields: all must match. Paths go through objects and arrays: " +
    "`processes.module_A_filename=A_red_*`. An operator stands in the value: `lt:1.10`, `le:`, `gt:`, " +
    "`ge:` compare as versions, `not:spot` is all others, `eq:` is for a value that begins so. A field " +
    "named like a parameter is `field.state=running`; `label.env` is the label alone. A name that " +
    "nobody knows is an error.",
  schema: { type: "object", additionalProperties: { type: "string" } },
  example: "instance_life_cycle=spot",
};

export const SAME: QuestionParameter = {
  name: "same",
  in: "query",
  description:
    "An array, several split by commas: filters on what is in it must be met by one and the same " +
    "element, as in `same=processes&processes.module_A_filename=A_red_*&processes.state=running`.",
  schema: { type: "string" },
  example: "processes",
  placeholder: "NAMES",
};

export const LENIENT: QuestionParameter = {
  name: "lenient",
  in: "query",
  description: "`true`: a name that nobody knows is told in a warning, where it else is an error.",
  schema: { enum: ["true", "false"], default: "false" },
};

export const FIELDS: QuestionParameter = {
  name: "fields",
  in: "query",
  description:
    "Only these fields, split by commas; a path goes through objects and arrays. " +
    "They keep the host's order and shape. A label among them (`label.env`) stands after them. " +
    "The ETag then follows what these fields hold, so that heartbeats alone do not change it.",
  schema: { type: "string" },
  example: "instance_id,processes.module_A_filename",
  placeholder: "NAMES",
};

export const META: QuestionParameter = {
  name: "meta",
  in: "query",
  description:
    "`true` adds `rollcall.reader` to each report: received_at, state, clock_skew_seconds, account, key.",
  schema: { enum: ["true", "false"], default: "false" },
};

export const PARTIAL: QuestionParameter = {
  name: "partial",
  in: "query",
  description:
    "`ok`: where the store cannot be read completely within the deadline, answer " +
    "with what is there and say in Rollcall-Partial what is missing. Without it such " +
    "an answer is a 503.",
  schema: { enum: ["ok"] },
};

const FORMAT: QuestionParameter = {
  name: "format",
  in: "query",
  description: "The form of the answer, for those who cannot send `Accept`; it counts before that header.",
  schema: { enum: ["json", "ndjson", "csv"] },
};

export const HOST_ID: QuestionParameter = {
  name: "id",
  in: "path",
  description: "The host id: the EC2 instance id, else the machine id.",
  schema: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$", maxLength: 128 },
  example: "i-0123456789abcdef0",
};

export const AT: QuestionParameter = {
  name: "at",
  in: "query",
  description:
    "As it was at this time: ISO 8601 with an offset, whose `+` is %2B in a URL. The answer is of the last " +
    "recorded instant before it, which Rollcall-As-Of tells; what was not recorded cannot be told.",
  schema: { type: "string" },
  example: "2026-11-26T18:00:00Z",
  placeholder: "TIME",
  isTime: true,
};

/** What every question takes. */
export const COMMON_PARAMETERS: readonly QuestionParameter[] = [AT, PARTIAL, FORMAT];
