// The schema of `match`: the forms by which the collector processes knows a file's process.
import * as z from "zod";
import { MAX_PATH_LENGTH } from "./path-schema.ts";

/** Most forms in one list. */
const MAX_FORMS = 10;
const MAX_WORDS_LENGTH = 1000;

/** What stands for a part of the file's path, in every form. */
const PLACEHOLDERS = ["{path}", "{name}", "{stem}"] as const;

/**
 * A text with placeholders. Any other word in braces would be looked for as it stands, and never be
 * found.
 */
function withPlaceholders(text: z.ZodString) {
  return text.superRefine((value, context) => {
    for (const [word = ""] of value.matchAll(/\{\{?[A-Za-z_][\w.-]*\}?\}/g)) {
      if (PLACEHOLDERS.some((placeholder) => placeholder === word)) continue;
      const message =
        `${word} stands for nothing; write {path} for the file's path, {name} for its ` +
        "name, {stem} for its name without the extension";
      context.addIssue({ code: "custom", message });
    }
  });
}

const Words = withPlaceholders(
  z
    .string()
    .min(1, "write what its command line has: {path}")
    .max(MAX_WORDS_LENGTH, `at most ${MAX_WORDS_LENGTH} characters`)
    .regex(/^\S+(?: \S+)*$/, "write words with one space between them"),
);

function pathOf(option: string, example: string) {
  return withPlaceholders(
    z
      .string()
      .max(MAX_PATH_LENGTH, `a path has at most ${MAX_PATH_LENGTH} characters`)
      .regex(
        /^(?:\/|\{path\})[^\0]*$/,
        `${option}: write an absolute path, one that starts with "/": ${example}`,
      ),
  );
}

const Unit = withPlaceholders(
  z
    .string()
    .max(255, "a unit's name has at most 255 characters")
    // systemd.unit(5): letters, digits and :-_.\@; the kinds that have processes of their own.
    .regex(
      /^(?:[A-Za-z0-9:_.\\@-]|\{\w+\})+$/,
      "write a unit's name, as systemctl shows it: app@{stem}.service",
    )
    .refine(
      (name) => !/\.(?:socket|timer|target|path|mount|automount|device|swap)$/.test(name),
      "such a unit has no process of its own; write the service that it starts: app.service",
    ),
);

const Environ = withPlaceholders(
  z
    .string()
    .max(MAX_PATH_LENGTH, `at most ${MAX_PATH_LENGTH} characters`)
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}=[^\0]+$/, "write a variable and its value: APP_CONFIG={path}"),
);

const FormObject = z
  .strictObject({
    words: Words.optional().describe("Words that the command line has one after the other: --config {path}."),
    unit: Unit.optional().describe("The systemd unit that the process belongs to: app@{stem}.service."),
    pidfile: pathOf("pidfile", "/run/app/{stem}.pid")
      .optional()
      .describe("The file that holds the process's number."),
    environ: Environ.optional().describe(
      "A variable of the environment that the process was started with: APP_CONFIG={path}.",
    ),
    cwd: pathOf("cwd", "/srv/{stem}")
      .optional()
      .describe("The folder that the process works in: /srv/{stem}."),
    open: pathOf("open", "{path}")
      .optional()
      .describe("A file that the process holds open or mapped: {path}."),
  })
  .refine((form) => Object.keys(form).length > 0, {
    message: "give at least one of words, unit, pidfile, environ, cwd, open",
    // A key that was mistyped is told as such.
    when: ({ issues }) => issues.length === 0,
  });

const Form = z.union([Words.transform((words) => ({ words })), FormObject], {
  error:
    "write words of the command line (--config {path}), or one or more of words, " +
    "unit, pidfile, environ, cwd, open",
});

/** One way to know a process: all that stands in it must hold. */
export type MatchForm = Readonly<z.infer<typeof FormObject>>;

/** The keys of a form, for those who write one beside `match`. */
export const FORM_KEYS: readonly string[] = Object.keys(FormObject.shape);

export const Match = z
  .union(
    [Form, z.array(Form).min(1, "give at least one form").max(MAX_FORMS, `at most ${MAX_FORMS} forms`)],
    {
      error:
        "write words of the command line (--config {path}), a form (unit: " +
        "app@{stem}.service), or a list of them",
    },
  )
  .transform((forms): readonly MatchForm[] => (Array.isArray(forms) ? forms : [forms]));
