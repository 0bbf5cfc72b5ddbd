// What a report looks like in an answer, as a schema.
import type { NamedSchema } from "./question.ts";

const READER = {
  type: "object",
  description: "Only with `meta=true`: what the reader knows of the report.",
  required: ["received_at", "state", "clock_skew_seconds", "account", "key"],
  properties: {
    received_at: { type: "string", format: "date-time", description: "When the store received it." },
    state: { type: "string", enum: ["fresh", "silent"] },
    clock_skew_seconds: {
      type: "integer",
      description: "How far the host's clock is ahead of the store's; negative if behind.",
    },
    account: {
      type: ["string", "null"],
      description: "An AWS account id, `local`, or null for a report at the top of the store.",
    },
    key: { type: "string", description: "Where it lies in the store." },
  },
};

/** What one step of the collection gave. */
const COLLECTED = {
  type: "object",
  required: ["collector", "outcome", "duration_ms"],
  properties: {
    collector: { type: "string" },
    fields: { type: "array", items: { type: "string" }, description: "What the step was to give." },
    outcome: { type: "string", enum: ["ok", "partial", "failed"] },
    duration_ms: { type: "integer" },
    unread: {
      type: "array",
      description: "What could not be read, and why.",
      items: {
        type: "object",
        required: ["what", "reason"],
        properties: { what: { type: "string" }, reason: { type: "string" } },
      },
    },
    unread_left_off: { type: "integer", description: "How many more there were." },
  },
};

/**
 * What Rollcall adds to a report under one key, as its own agent writes it (collect/assembly.ts).
 */
const ROLLCALL = {
  type: "object",
  description:
    "What Rollcall itself adds: who made the report, by which spec, and what could not be read. " +
    "A report that a script sends may have none of it.",
  properties: {
    schema: { type: "integer", description: "The number of this form." },
    agent: { type: "string", description: "The version of the agent." },
    spec: { type: "string", description: "The digest of the spec: `sha256:` and 64 hex digits." },
    spec_edition: { type: "integer", description: "Of a published spec." },
    spec_refused: {
      type: "object",
      description: "The edition that the host did not take, and why.",
      required: ["detail"],
      properties: { edition: { type: "integer" }, detail: { type: "string" } },
    },
    heartbeat_s: {
      type: "integer",
      description:
        "How often the agent reports though nothing changed; seconds. The pause may be half as long again.",
    },
    machine: { type: "string", description: "The same as long as the machine is." },
    boot: { type: "string", description: "The same until the machine boots again." },
    started: { type: "number", description: "When the kernel started; seconds since the epoch." },
    account: { type: "string", description: "The AWS account id." },
    region: { type: "string", description: "The AWS region." },
    collectors: { type: "array", items: COLLECTED },
    reader: READER,
  },
  additionalProperties: true,
};

/** A host's report; with `fields`, only some of it. */
export const REPORT: NamedSchema = {
  name: "Report",
  schema: {
    type: "object",
    description:
      "A host's report. Two fields are required; every other is the user's and " +
      "passes through untouched and in order.",
    required: ["instance_id", "update_date"],
    properties: {
      update_date: {
        type: "string",
        description: "The host's clock: ISO 8601 with an offset.",
        examples: ["2023-12-12T07:00:01+09:00"],
      },
      os_start_date: { type: "string", examples: ["2023-12-11 19:11:22"] },
      instance_id: { type: "string", examples: ["i-0123456789abcdef0"] },
      instance_name: { type: "string", examples: ["prod_service1_instance001"] },
      instance_type: { type: "string", examples: ["g4dn.2xlarge"] },
      instance_life_cycle: { type: "string", examples: ["spot", "ondemand"] },
      rollcall: ROLLCALL,
    },
    additionalProperties: true,
  },
};
