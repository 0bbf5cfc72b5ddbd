// The question `versions`: which version of each module runs on how many hosts.
import { FILTER, LENIENT, PARTIAL, SAME, STATE, WITHIN } from "./parameters.ts";
import type { Question, Rows } from "./question.ts";
import { answerVersions } from "./version-answer.ts";
import { NEWEST_AMONG, parseVersionQuery } from "./version-query.ts";
import type { VersionCount } from "./versions.ts";

const VERSION_SCHEMA = {
  type: "object",
  required: ["field", "value", "variant", "version", "count", "share", "share_of_variant", "behind"],
  properties: {
    field: { type: "string", description: "As it was asked for." },
    value: { type: ["string", "null"], description: "null: the hosts that have no value there." },
    variant: { type: "string", description: "The value without its version: `A_red` of `A_red_1.9`." },
    version: { type: "string", description: "`1.9` of `A_red_1.9`; empty where the value holds no version." },
    count: { type: "integer", description: "Hosts that have the value, each once." },
    share: {
      type: "number",
      description: "Of all hosts in question, those without a value included; 0 to 1.",
    },
    share_of_variant: {
      type: ["number", "null"],
      description:
        "Of the hosts that have this variant in any version, each once; of a version that stands alone, " +
        "of those in the services that have it. 0 to 1; null where there is no " +
        "value, and where values were left out, so that it cannot be told.",
    },
    behind: {
      type: "boolean",
      description:
        "Another value of the same variant is newer (`newest=` says among whom); for a version that stands " +
        "alone, in every service that has it.",
    },
    newest: {
      type: "string",
      description:
        "Where it is behind: the newest version of its variant, or of its service; " +
        "if several services have it and differ, the oldest of theirs.",
    },
    by: {
      type: "object",
      additionalProperties: { type: "integer" },
      description: "With `by`: hosts for each of its values.",
    },
    hosts: { type: "array", items: { type: "string" }, description: "With `hosts=true`: host ids." },
  },
};

export const versions: Question<Rows<VersionCount>> = {
  name: "versions",
  names: { path: "/v1/versions", command: "versions", docs: "versions.md", tool: "count_versions" },
  summary: "Which version runs on how many hosts",
  description:
    "For each value of a field, how many hosts have it, the newest version of each " +
    "variant first. Versions are compared as versions (`A_red_1.10` is newer than " +
    "`A_red_1.9`), and what is behind the newest of its variant is marked. " +
    "Filters are those of /v1/reports.",
  sample: "?field=processes.module_A_filename&by=env",
  parameters: [
    {
      name: "field",
      in: "query",
      description:
        "The field; several split by commas, at most 16. A path goes through " +
        "objects and arrays. Without it, the fields whose values hold versions.",
      schema: { type: "string" },
      example: "processes.module_A_filename",
      repeats: true,
    },
    {
      name: "by",
      in: "query",
      description:
        "Divide the counts by a label or a field; up to three, split by commas. " +
        "Labels come from the server's configuration; `env` and `service` of " +
        "instance_name are built in.",
      schema: { type: "string" },
      example: "env",
      placeholder: "NAMES",
      repeats: true,
    },
    {
      name: "hosts",
      in: "query",
      description: "`true` adds the ids of the hosts to each value.",
      schema: { enum: ["true", "false"], default: "false" },
    },
    {
      name: "newest",
      in: "query",
      description:
        "Among whom the newest version is looked for that others are behind: `chosen`, the hosts that " +
        "the filters choose; `fleet`, all hosts of that state, so that a part of them that has no host " +
        "with the newest version is behind all the same.",
      schema: { enum: NEWEST_AMONG, default: "chosen" },
      placeholder: "WHERE",
    },
    WITHIN,
    STATE,
    FILTER,
    SAME,
    LENIENT,
    PARTIAL,
  ],
  answer: {
    description: "The values.",
    row: { name: "VersionCount", schema: VERSION_SCHEMA },
    facts: ["Rollcall-Count", "Rollcall-Behind", "Rollcall-Silent", "Rollcall-Problems"],
  },
  refusals: [],

  async ask(sources, parameters) {
    const query = parseVersionQuery(parameters, sources.windowMs);
    const view = await sources.viewAt();
    const { values, hosts, behind, cuts, warnings, selection } = await answerVersions(view, query, sources);
    const { silent, problems, validUntil } = selection;
    return {
      facts: {
        asOf: view.asOf,
        count: hosts,
        ...(behind !== undefined && { behind }),
        silent,
        problems,
        cuts,
        warnings,
        ...(view.partial && { partial: view.partial }),
      },
      validUntil,
      body: { kind: "rows", rows: values, layout: { between: "\n", after: "\n" } },
    };
  },
};
