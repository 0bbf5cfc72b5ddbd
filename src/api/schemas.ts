// Pieces of the API's description that several routes share.
import type { Answer, Parameter, Schema } from "./route.ts";

export const REPORT_SCHEMA_REF: Schema = { $ref: "#/components/schemas/Report" };

/** What each response header of ours says. */
export const RESPONSE_HEADERS: Readonly<Record<string, { description: string; schema: Schema }>> = {
  "Rollcall-As-Of": {
    description: "The instant of the answer: everything that the store held then is in it.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-Listed": {
    description:
      "Of one host, where the listing behind the answer is older than the answer: when it began. The " +
      "host's objects were read again since where that listing showed them; under another key than " +
      "those a report is seen with the next listing, a minute later at most by default settings.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-Count": { description: "How many reports the answer has.", schema: { type: "integer" } },
  "Rollcall-Silent": {
    description:
      "How many hosts have a report that is older than the window and not yet expired, whatever the filters.",
    schema: { type: "integer" },
  },
  "Rollcall-Problems": {
    description: "How many reports were set aside; /v1/problems lists them.",
    schema: { type: "integer" },
  },
  "Rollcall-Warning": {
    description: "What the one who asked should know, such as a filter on a field that no report has.",
    schema: { type: "string" },
  },
  "Rollcall-Partial": {
    description:
      "Only with `partial=ok`, and only where the store could not be read " +
      "completely: why, and how far it came. Reports may be missing or be older than " +
      "the store's; Rollcall-As-Of is the last instant of which nothing is missing, " +
      "if there was one.",
    schema: { type: "string" },
  },
  "Rollcall-Missing": {
    description:
      "With Rollcall-Partial: how many new or changed reports were listed and could " +
      "not be read. While the listing is not finished there may be more.",
    schema: { type: "integer" },
  },
  "Rollcall-Received": {
    description: "When the store received the report.",
    schema: { type: "string", format: "date-time" },
  },
  "Rollcall-State": { description: "fresh or silent.", schema: { enum: ["fresh", "silent"] } },
  "Rollcall-Clock-Skew": {
    description:
      "Seconds by which the host's clock is ahead of the store's, by update_date; negative if behind.",
    schema: { type: "integer" },
  },
  ETag: {
    description: "Send it as If-None-Match to get 304 while nothing has changed.",
    schema: { type: "string" },
  },
};

export const HOST_ID_PARAMETER: Parameter = {
  name: "id",
  in: "path",
  description: "The host id: the EC2 instance id, else the machine id.",
  schema: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$", maxLength: 128 },
  example: "i-0123456789abcdef0",
};

export const FIELDS_PARAMETER: Parameter = {
  name: "fields",
  in: "query",
  description:
    "Only these fields, split by commas; a path goes through objects and arrays. " +
    "They keep the host's order and shape.",
  schema: { type: "string" },
  example: "instance_id,processes.module_A_filename",
};

export const META_PARAMETER: Parameter = {
  name: "meta",
  in: "query",
  description:
    "`true` adds `rollcall.reader` to each report: received_at, state, clock_skew_seconds, account.",
  schema: { enum: ["true", "false"], default: "false" },
};

export const PARTIAL_PARAMETER: Parameter = {
  name: "partial",
  in: "query",
  description:
    "`ok`: where the store cannot be read completely within the deadline, answer " +
    "with what is there and say in Rollcall-Partial what is missing. Without it such " +
    "an answer is a 503.",
  schema: { enum: ["ok"] },
};

export const WITHIN_PARAMETER: Parameter = {
  name: "within",
  in: "query",
  description: "How old a fresh report may be: a number with s, m, h or d; at most 24h, when reports expire.",
  schema: { type: "string", pattern: "^[0-9]+[smhd]$", default: "2h" },
  example: "30m",
};

/** 304, for routes with an ETag. */
export const NOT_MODIFIED: Answer = {
  description: "Nothing has changed since the answer with the ETag in If-None-Match.",
};
