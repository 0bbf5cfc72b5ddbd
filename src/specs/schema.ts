// The schema of a spec: the one source of its types, its checks, its JSON Schema and its options'
// descriptions.
import * as z from "zod";
import { DURATION_PATTERN, parseDuration } from "./duration.ts";
import { FORM_KEYS, Match } from "./match-schema.ts";
import { AbsolutePath, Globs, MAX_PATH_LENGTH } from "./path-schema.ts";
import { compilePattern, MAX_REGEXP_LENGTH } from "./pattern.ts";

/** Largest spec, in bytes. */
export const MAX_SPEC_BYTES = 64 * 1024;
/** Most steps in a spec. */
export const MAX_STEPS = 100;
/** Most fields in a step. */
const MAX_STEP_FIELDS = 200;
/** Longest a command may run, in milliseconds. */
const MAX_COMMAND_TIMEOUT_MS = 60_000;
const MAX_FIELD_NAME_LENGTH = 128;

/** Formats that have keys; `text` has only lines. */
export const TREE_FORMATS = [
  "json",
  "yaml",
  "toml",
  "ini",
  "configparser",
  "systemd",
  "my.cnf",
  "php.ini",
  "dotenv",
  "properties",
] as const;
/** Every format of a file or of a command's output. */
export const FORMATS = ["text", ...TREE_FORMATS] as const;
export type Format = (typeof FORMATS)[number];
export type TreeFormat = (typeof TREE_FORMATS)[number];

const FieldName = z
  .string()
  .min(1, "a field needs a name")
  .max(MAX_FIELD_NAME_LENGTH, `a field's name has at most ${MAX_FIELD_NAME_LENGTH} characters`)
  .regex(/^[^\p{Cc}\p{Cs}\uFFFD]*$/u, "a field's name cannot hold control characters")
  .refine((name) => name !== "__proto__", "a field cannot be named __proto__");

const Key = z
  .string()
  .min(1, "a key cannot be empty")
  .max(1000, "a key has at most 1000 characters")
  .describe(
    "Key in the parsed file, dots between levels: release.name. A number counts into " +
      "an array: servers.0.name. A key that itself has dots is tried as it stands " +
      "first.",
  );

const PatternText = z
  .string()
  .min(1, "a pattern cannot be empty")
  .max(MAX_REGEXP_LENGTH, `a pattern has at most ${MAX_REGEXP_LENGTH} characters`)
  .superRefine((source, context) => {
    const pattern = compilePattern(source);
    if ("mistake" in pattern) context.addIssue({ code: "custom", message: pattern.mistake });
  })
  .describe(
    "RE2 regular expression, searched in the text; ^ and $ match at lines. The value " +
      "is the first (group), or the whole match if there is no group.",
  );

const Optional = z
  .boolean()
  .default(false)
  .describe("true: where it is absent the field is left out, and that is no failure. Default false.");

const Literal = z
  .union([z.string().max(8192), z.number(), z.boolean()], {
    error: "write a string, a number, true or false",
  })
  .describe("A fixed value, the same on every host that has this spec.");

const PathPart = z
  .enum(["name", "full", "stem"])
  .describe(
    "Of /opt/app/conf/a.conf: name is a.conf, full is the whole path, stem is a (the " +
      "name without its last extension).",
  );

const keySource = z.strictObject({ key: Key, optional: Optional });
const patternSource = z.strictObject({ pattern: PatternText, optional: Optional });
const valueSource = z.strictObject({ value: Literal });
const pathSource = z.strictObject({ path: PathPart });

const FieldSource = z
  .union([patternSource, keySource, valueSource], {
    error: "a field says where its value is: give exactly one of pattern, key, value",
  })
  .describe("Where the field's value is.");

const FilesFieldSource = z
  .union([patternSource, keySource, pathSource, valueSource], {
    error: "a field says where its value is: give exactly one of pattern, key, path, value",
  })
  .describe("Where the field's value is.");

type KeySource = z.infer<typeof keySource>;
type PatternSource = z.infer<typeof patternSource>;
type ValueSource = z.infer<typeof valueSource>;
export type PathSource = z.infer<typeof pathSource>;
/** Where a field's value is; PathSource occurs in the files collector only. */
export type FieldSource = KeySource | PatternSource | ValueSource | PathSource;

function fieldsOf<Source extends z.ZodType>(source: Source) {
  return z
    .record(FieldName, source)
    .refine((fields) => Object.keys(fields).length > 0, "give at least one field")
    .refine(
      (fields) => Object.keys(fields).length <= MAX_STEP_FIELDS,
      `a step has at most ${MAX_STEP_FIELDS} fields`,
    );
}

const FormatOption = z
  .enum(FORMATS)
  .default("text")
  .describe("How the text is read when a field has a key. text, the default, has no keys, only patterns.");

const HostOptions = z.strictObject({
  metadata: z
    .enum(["auto", "required", "off"])
    .default("auto")
    .describe(
      "EC2 instance metadata. auto asks it on EC2 only; required asks anywhere and " +
        "fails where no instance id can be had; off never asks. Default auto.",
    ),
  metadata_v1: z
    .boolean()
    .default(false)
    .describe("true: IMDSv1 is used where the metadata service knows no IMDSv2. Default false."),
});

const CommandOptions = z.strictObject({
  run: z
    .array(
      z
        .string()
        .max(MAX_PATH_LENGTH)
        .regex(/^[^\0]*$/, "an argument cannot hold a NUL"),
      {
        error: "write the program and its arguments as a list: [/opt/app/bin/app, --version]",
      },
    )
    .min(1, "name the program to run: [/opt/app/bin/app, --version]")
    .max(100, "at most 100 arguments")
    .refine((argv) => argv.length === 0 || argv[0]?.startsWith("/"), {
      message:
        'name the program by its absolute path, one that starts with "/"; there is ' +
        "no shell and no search path",
      path: [0],
    })
    .describe(
      "The program by its absolute path, and its arguments. No shell reads it: no " +
        "$VARIABLES, pipes or wildcards.",
    ),
  timeout: z
    .string({
      error: (issue) =>
        typeof issue.input === "number"
          ? `write a duration with its unit: ${issue.input}s or ${issue.input}ms`
          : undefined,
    })
    .regex(DURATION_PATTERN, 'write a duration like "500ms", "5s" or "1m"')
    .refine((text) => {
      const ms = parseDuration(text, Number.POSITIVE_INFINITY);
      return ms === undefined || (ms > 0 && ms <= MAX_COMMAND_TIMEOUT_MS);
    }, 'a timeout is more than 0 and at most "60s"')
    .transform((text) => parseDuration(text) ?? 0)
    .prefault("10s")
    .describe("How long the program may run before it is ended: 500ms, 5s, 1m. Default 10s, at most 60s."),
  format: FormatOption,
  fields: fieldsOf(FieldSource).describe("Fields of the report, and where in the output each is."),
});

const FileOptions = z.strictObject({
  path: AbsolutePath.describe("The file, by its absolute path."),
  format: FormatOption,
  fields: fieldsOf(FieldSource).describe("Fields of the report, and where in the file each is."),
});

const FilesOptions = z.strictObject({
  glob: Globs.describe("Which files: an absolute path with *, ?, [abc], {a,b} or **; or a list of them."),
  into: FieldName.describe("The report's field that holds the array, one object a file, sorted by path."),
  format: FormatOption,
  fields: fieldsOf(FilesFieldSource).describe("Fields of each object, and where each is."),
});

const ProcessesOptions = z.strictObject(
  {
    ...FilesOptions.shape,
    match: Match.prefault("{path}").describe(
      "How a file's process is known: words that its command line has one after the " +
        "other, or a form (unit, pidfile, environ, cwd, open), or a list of which any " +
        "one does. {path}, {name} and {stem} stand for the file's. Default {path}.",
    ),
    program: AbsolutePath.optional().describe(
      "The program by its absolute path; processes of other programs are passed over.",
    ),
    reloads: z
      .enum(["workers", "self"])
      .optional()
      .describe(
        "How a reload in place shows: workers, if the process then starts new ones; " +
          "self, if nothing shows. Without it a change after the start is " +
          "restart_pending.",
      ),
    also: Globs.default([]).describe(
      "Globs of files that the configuration includes: they count like the file itself.",
    ),
  },
  { error: explainProcessesKeys },
);

/** A form of `match` that was written beside it. */
function explainProcessesKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys" || !issue.keys.some((key: string) => FORM_KEYS.includes(key)))
    return undefined;
  return issue.keys
    .map((key: string) =>
      FORM_KEYS.includes(key)
        ? `write it within match: match: { ${key}: … }`
        : `unknown key ${JSON.stringify(key)}`,
    )
    .join("\n");
}

const ExtraOptions = z.strictObject({
  folder: AbsolutePath.default("/etc/rollcall/extra.d").describe(
    "The folder. Default /etc/rollcall/extra.d.",
  ),
  into: FieldName.default("extra").describe(
    "The report's field that holds an object, one member a file. Default extra.",
  ),
});

const OsOptions = z.strictObject({
  into: FieldName.default("os").describe("The report's field that holds an object. Default os."),
});

const GpuOptions = z.strictObject({
  into: FieldName.default("gpus").describe(
    "The report's field that holds an array, one object a GPU. Default gpus.",
  ),
});

/**
 * The schema of each collector's options, by the collector's name. The names here are all there
 * are.
 */
export const COLLECTOR_OPTIONS = {
  host: HostOptions,
  command: CommandOptions,
  file: FileOptions,
  files: FilesOptions,
  processes: ProcessesOptions,
  extra: ExtraOptions,
  os: OsOptions,
  gpu: GpuOptions,
} as const;

export type CollectorName = keyof typeof COLLECTOR_OPTIONS;
/** Each collector's options, checked and with defaults filled in. */
export type OptionsOf = { readonly [Name in CollectorName]: z.infer<(typeof COLLECTOR_OPTIONS)[Name]> };
/** One step of a spec. */
export type Step = {
  readonly [Name in CollectorName]: { readonly collector: Name; readonly options: OptionsOf[Name] };
}[CollectorName];

const hostStep = z
  .strictObject({
    host: HostOptions.nullable().describe("Facts of the host itself. Every spec has this step once."),
  })
  .transform((step) => ({ collector: "host" as const, options: step.host ?? HostOptions.parse({}) }));
const commandStep = z
  .strictObject({ command: CommandOptions.describe("Runs a program and reads what it prints.") })
  .transform((step) => ({ collector: "command" as const, options: step.command }));
const fileStep = z
  .strictObject({ file: FileOptions.describe("Reads one file.") })
  .transform((step) => ({ collector: "file" as const, options: step.file }));
const filesStep = z
  .strictObject({ files: FilesOptions.describe("Reads many files into an array, one object a file.") })
  .transform((step) => ({ collector: "files" as const, options: step.files }));

const processesStep = z
  .strictObject({
    processes: ProcessesOptions.describe(
      "Reads many files, and says of each whether its process runs with it.",
    ),
  })
  .transform((step) => ({ collector: "processes" as const, options: step.processes }));
const extraStep = z
  .strictObject({ extra: ExtraOptions.nullable().describe("Takes facts that others put into a folder.") })
  .transform((step) => ({ collector: "extra" as const, options: step.extra ?? ExtraOptions.parse({}) }));
const osStep = z
  .strictObject({ os: OsOptions.nullable().describe("Operating system, release and kernel.") })
  .transform((step) => ({ collector: "os" as const, options: step.os ?? OsOptions.parse({}) }));
const gpuStep = z
  .strictObject({ gpu: GpuOptions.nullable().describe("NVIDIA GPUs and their driver.") })
  .transform((step) => ({ collector: "gpu" as const, options: step.gpu ?? GpuOptions.parse({}) }));

const AnyStep = z.union(
  [hostStep, commandStep, fileStep, filesStep, processesStep, extraStep, osStep, gpuStep],
  {
    error: "a step names exactly one collector: host, command, file, files, processes, extra, os or gpu",
  },
);

/** The shape of a spec. checks.ts adds what no shape can say. */
export const SpecShape = z.strictObject({
  version: z.literal(1, { error: "write version: 1" }).describe("Version of the spec's form. Always 1."),
  collect: z
    .array(AnyStep, { error: "write the steps as a list" })
    .min(1, "give at least the step host: `- host:`")
    .max(MAX_STEPS, `a spec has at most ${MAX_STEPS} steps`)
    .describe("What to collect, step by step. The report has its fields in this order."),
  allow_credentials: z
    .array(FieldName)
    .max(MAX_STEP_FIELDS, `at most ${MAX_STEP_FIELDS} fields`)
    .default([])
    .describe(
      "Fields of the report whose values are sent as they are. In all others what " +
        "looks like a credential is masked.",
    ),
});

export type SpecDocument = z.infer<typeof SpecShape>;
