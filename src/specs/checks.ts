// What no schema can say of a spec: rules that look at two places at once.
import type { z } from "zod";
import { HOST_FIELDS } from "./host-fields.ts";
import { type SpecDocument, SpecShape, type Step } from "./schema.ts";

/** The key that Rollcall itself writes in a report. */
const RESERVED = "rollcall";

/** The fields that a step gives the report, in the report's order. */
export function listFields(step: Step): readonly string[] {
  switch (step.collector) {
    case "host":
      return HOST_FIELDS;
    case "files":
    case "processes":
    case "extra":
    case "os":
    case "gpu":
      return [step.options.into];
    case "command":
    case "file":
      return Object.keys(step.options.fields);
  }
}

/** The whole check of a spec: its shape, then the rules between its parts. */
export const SpecSchema = SpecShape.superRefine((spec, context) => {
  const host = spec.collect.findIndex((step) => step.collector === "host");
  checkHosts(spec, host, context);
  // The host's own names come first, so that it is the other step that is told to choose another.
  const owners = new Map<string, number>(host < 0 ? [] : HOST_FIELDS.map((field) => [field, host]));
  for (const [index, step] of spec.collect.entries()) {
    if (step.collector === "host") continue;
    for (const field of listFields(step)) checkName(field, step, index, owners, context);
    checkKeysHaveFormat(step, index, context);
    if (step.collector === "processes") checkProcessFields(step.options.fields, index, context);
  }
  for (const [index, field] of spec.allow_credentials.entries()) {
    if (!owners.has(field))
      report(context, ["allow_credentials", index], "no step gives a field of this name");
  }
});

type Context = Pick<z.RefinementCtx, "addIssue">;

function report(context: Context, path: readonly (string | number)[], message: string, atKey = false): void {
  context.addIssue({ code: "custom", path: [...path], message, params: { atKey } });
}

function checkHosts(spec: SpecDocument, first: number, context: Context): void {
  if (first < 0) {
    report(
      context,
      ["collect"],
      "the step host is missing: a report needs instance_id and update_date; add `- host:`",
    );
    return;
  }
  const second = spec.collect.findIndex((step, index) => index > first && step.collector === "host");
  if (second > 0) report(context, ["collect", second], "the step host stands twice; a spec has it once");
}

function checkName(
  field: string,
  step: Step,
  index: number,
  owners: Map<string, number>,
  context: Context,
): void {
  const atKey = step.collector === "file" || step.collector === "command";
  const path = ["collect", index, step.collector, ...(atKey ? ["fields", field] : ["into"])];
  const owner = owners.get(field);
  if (field === RESERVED) {
    report(context, path, "rollcall is the name of what Rollcall itself writes; choose another", atKey);
  } else if (owner !== undefined) {
    report(
      context,
      path,
      `collect[${owner}] already gives the field ${JSON.stringify(field)}; choose another name`,
      atKey,
    );
  } else owners.set(field, index);
}

/** What the collector processes itself says of each file. */
const PROCESS_FIELDS = ["state", "started_at", "reason", "changed"] as const;

function checkProcessFields(
  fields: Readonly<Record<string, unknown>>,
  index: number,
  context: Context,
): void {
  for (const field of PROCESS_FIELDS) {
    if (!(field in fields)) continue;
    report(
      context,
      ["collect", index, "processes", "fields", field],
      `${field} is what the collector itself says; choose another name`,
      true,
    );
  }
}

/** A key needs something to be looked up in, and plain text has none. */
function checkKeysHaveFormat(step: Step, index: number, context: Context): void {
  if (!("format" in step.options) || step.options.format !== "text") return;
  for (const [field, source] of Object.entries(step.options.fields)) {
    if (!("key" in source)) continue;
    report(
      context,
      ["collect", index, step.collector, "fields", field, "key"],
      "plain text has no keys: say which format it is (format: json, yaml, toml, " +
        "ini, dotenv or properties), or give a pattern",
    );
  }
}
