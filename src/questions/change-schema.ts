// The schema of changes, grouped and each.
import { CHANGE_KINDS } from "../history/change.ts";
import type { NamedSchema, Schema } from "./question.ts";

const time = (description: string): Schema => ({ type: "string", format: "date-time", description });
const text = (description: string): Schema => ({ type: ["string", "null"], description });

const ACCOUNT = text("An AWS account id, `local`, or null for a report at the top of the store.");

export const CHANGE: NamedSchema = {
  name: "Change",
  schema: {
    type: "object",
    description: "The same change on some hosts; with `each=true` one change of one host.",
    required: ["kind", "field", "before", "after"],
    properties: {
      kind: { enum: [...CHANGE_KINDS, "left"] },
      field: {
        type: "string",
        description:
          "`processes.module_A_filename`; with `each=true` with the places of array elements, from 0. " +
          "Empty where the change is no field's.",
      },
      before: text("The value's text, JSON of an object or array; null: there was none."),
      after: text("The same of the value now; of a report that was set aside, the reason."),
      count: { type: "integer", description: "Changes; one host may have several." },
      first: time("When the first was recorded."),
      last: time("When the last was recorded."),
      hosts: {
        type: "array",
        items: {
          type: "object",
          required: ["host", "account", "instance_name", "at", "field"],
          properties: {
            host: { type: "string" },
            account: ACCOUNT,
            instance_name: { type: ["string", "null"] },
            at: time("Of its last such change."),
            field: { type: "string" },
          },
        },
      },
      hosts_omitted: { type: "integer", description: "Further hosts, which `hosts` does not name." },
      at: time(
        "With `each=true`: when it was recorded; of `silent` when the window ended, of `returned` when the " +
          "report came.",
      ),
      received_at: time(
        "With `each=true`: when the store received the report; of a host that went, its last.",
      ),
      account: ACCOUNT,
      host: { type: "string", description: "With `each=true`: the host's id." },
      instance_name: { type: ["string", "null"] },
      labels: {
        type: "object",
        additionalProperties: { type: "string" },
        description: "With `each=true`: the host's labels then.",
      },
      cut: { const: true, description: "A text was too long to be kept whole." },
    },
  },
};

export const GAPS: Schema = {
  type: "array",
  description: "Of when nothing was recorded, so that it cannot be told what changed.",
  items: {
    type: "object",
    required: ["from", "until", "reason"],
    properties: { from: time("From when."), until: time("Until when."), reason: { type: "string" } },
  },
};

export const CHANGES: NamedSchema = {
  name: "Changes",
  schema: {
    type: "object",
    required: ["since", "until", "as_of", "cursor", "count", "changes", "gaps"],
    properties: {
      since: time("Exclusive."),
      until: time("Inclusive."),
      as_of: time("Of the last thing that was recorded: what is later nobody knows yet."),
      cursor: { type: "string", description: "What `since` takes the next time." },
      count: { type: "integer", description: "Changes in all rows." },
      changes: { type: "array", items: { $ref: "#/components/schemas/Change" } },
      gaps: GAPS,
    },
  },
};
