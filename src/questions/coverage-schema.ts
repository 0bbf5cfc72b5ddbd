// What the answer about coverage looks like, as schemas.
import type { NamedSchema } from "./question.ts";

const HOST_AT = (name: string, description: string) => ({
  type: "array",
  items: {
    type: "object",
    required: ["id", "account", name],
    properties: {
      id: { type: "string" },
      account: { type: ["string", "null"] },
      [name]: { type: "string", format: "date-time", description },
    },
  },
});

export const COVERAGE: NamedSchema = {
  name: "Coverage",
  schema: {
    type: "object",
    required: ["as_of", "fresh", "silent", "departed", "set_aside", "counts"],
    properties: {
      as_of: { type: "string", format: "date-time" },
      fresh: { type: "integer", description: "Hosts with a fresh report." },
      expected: { type: "integer", description: "Hosts that were expected." },
      reported: { type: "integer", description: "Of them, those with a fresh report." },
      missing: {
        type: "array",
        description:
          "Of them, those that neither reported nor left. `since`: when they " +
          "last reported; null for never within a day.",
        items: {
          type: "object",
          required: ["id", "since"],
          properties: {
            id: { type: "string" },
            since: { type: ["string", "null"], format: "date-time" },
          },
        },
      },
      unexpected: {
        type: "array",
        items: { type: "string" },
        description: "Fresh hosts that nobody expected.",
      },
      silent: HOST_AT("since", "When the store received the last report."),
      departed: HOST_AT("at", "When the store received the departure."),
      set_aside: {
        type: "array",
        items: {
          type: "object",
          required: ["key", "reason", "detail"],
          properties: {
            key: { type: "string" },
            reason: { type: "string" },
            detail: { type: "string" },
          },
        },
      },
      counts: {
        type: "object",
        description: "How long the lists are when nothing is cut.",
        required: ["silent", "departed", "set_aside"],
        properties: {
          silent: { type: "integer" },
          departed: { type: "integer" },
          set_aside: {
            type: "integer",
            description:
              "Those that the filters leave, and machines that this server refused as clones; " +
              "Rollcall-Problems counts what is set aside in the whole store.",
          },
          missing: { type: "integer" },
          unexpected: { type: "integer" },
          cannot_be_told: {
            type: "integer",
            description:
              "Only where `rollcall coverage --expect` compares a server's answer: expected hosts that are " +
              "missing or have left, which cannot be told since the list of those that left is cut.",
          },
        },
      },
    },
  },
};

/** One host that is not as it should be, or one object that was set aside. */
export const COVERAGE_ROW: NamedSchema = {
  name: "CoverageRow",
  schema: {
    type: "object",
    required: ["state", "id", "account", "at", "key", "reason", "detail"],
    properties: {
      state: { type: "string", enum: ["missing", "silent", "departed", "set_aside", "unexpected"] },
      id: { type: ["string", "null"], description: "The host; null for what was set aside." },
      account: { type: ["string", "null"] },
      at: {
        type: ["string", "null"],
        format: "date-time",
        description: "When the store received the last report, or the departure; null where it is not known.",
      },
      key: { type: ["string", "null"], description: "Of what was set aside: where it lies." },
      reason: { type: ["string", "null"], description: "Of what was set aside." },
      detail: { type: ["string", "null"], description: "Of what was set aside." },
    },
  },
};
