// Which fields a report has that is made by a spec.
import { HOST_FIELDS } from "./host-fields.ts";
import type { Step } from "./schema.ts";
import type { Spec } from "./spec.ts";

/** A field that reports may have. */
export interface SpecField {
  /** Its keys, outermost first; those of arrays' elements are their array's. */
  readonly path: readonly string[];
  /** Whether its value may be an object, of which the spec does not say what is in it. */
  readonly isOpen: boolean;
}

/** What collectors write into their object, or into each object of their array, by themselves. */
const OWN_FIELDS = {
  processes: [
    ["state"],
    ["started_at"],
    ["reason"],
    ["changed"],
    ["changed", "what"],
    ["changed", "path"],
    ["changed", "since"],
    ["changed", "by"],
  ],
  os: [["id"], ["version"], ["name"], ["kernel"]],
  gpu: [["model"], ["driver"], ["uuid"], ["bus"]],
} as const;

/** Lists them, each once for each step that writes it. */
export function listSpecFields({ steps }: Pick<Spec, "steps">): SpecField[] {
  return steps.flatMap(listStepFields);
}

function listStepFields({ collector, options }: Step): SpecField[] {
  switch (collector) {
    case "host":
      return HOST_FIELDS.map((name) => ({ path: [name], isOpen: false }));
    case "command":
    case "file":
      return listGiven(options.fields, []);
    case "files":
      return [at(options.into), ...listGiven(options.fields, [options.into])];
    case "processes":
      return [
        at(options.into),
        ...listGiven(options.fields, [options.into]),
        ...OWN_FIELDS.processes.map((path) => at(options.into, ...path)),
      ];
    case "os":
    case "gpu":
      return [at(options.into), ...OWN_FIELDS[collector].map((path) => at(options.into, ...path))];
    case "extra":
      return [{ path: [options.into], isOpen: true }];
  }
}

function at(...path: string[]): SpecField {
  return { path, isOpen: false };
}

function listGiven(fields: Readonly<Record<string, object>>, above: readonly string[]): SpecField[] {
  return Object.entries(fields).map(([name, source]) => ({
    path: [...above, name],
    isOpen: "key" in source,
  }));
}
