// rollcall aws init: asks four questions and writes a folder from which the AWS CLI deploys the
// whole system.
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isAbsence } from "../../store/file-error.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import type { Io } from "../program/io.ts";
import { readGivenText } from "../settings/given-file.ts";
import {
  type Deployment,
  type EarlierAnswers,
  FORMS,
  NOTHING,
  parseAnswers,
  parseReporters,
} from "./aws-answers.ts";
import {
  PROGRAM_ARCHIVE,
  quoteWord,
  TEMPLATES,
  writeDeployScript,
  writeHostsScript,
  writeKeyScript,
} from "./aws-deployment.ts";
import { adviseOnOldBucket, POLICY_FILE } from "./aws-old-bucket.ts";
import {
  type AwsSettings,
  findSettingsFault,
  flagOf,
  isSetting,
  MAX_TAGS,
  SETTING_NAMES,
  SETTINGS,
  TAG,
} from "./aws-settings.ts";

export interface AwsInitOptions extends AwsSettings {
  readonly name?: string;
  readonly organization?: string;
  readonly accounts?: string;
  readonly bucket?: string;
  /** Where the reader is deployed, for the policy of that bucket. */
  readonly account?: string;
  readonly alarmEmail?: string;
  /** `KEY=VALUE`; one that is empty takes all back. */
  readonly tag?: readonly string[];
  readonly yes?: boolean;
  readonly out: string;
}

/** Where the build puts the templates, with the program in them: beside the program. */
const TEMPLATES_FOLDER = new URL("aws/", import.meta.url);

const ANSWERS = "answers.json";

/**
 * Asks for what no flag says, and writes. @throws UsageError for an answer of the wrong form,
 * CommandError if a file cannot be written
 */
export async function runAwsInit(
  options: AwsInitOptions,
  io: Io,
  templates: URL = TEMPLATES_FOLDER,
  advise: typeof adviseOnOldBucket = adviseOnOldBucket,
): Promise<void> {
  const { out } = options;
  if (out === "") throw new UsageError('--out "": the name of a folder');
  const folder = resolve(io.cwd, out);
  const bodies = await readTemplates(templates);
  const earlier = await readAnswers(folder);
  const deployment = await askAll(options, earlier, io);
  const { account } = options;
  if (account !== undefined && !FORMS.account.form.test(account))
    throw new UsageError(`--account ${JSON.stringify(account)}: ${FORMS.account.words}`);
  const advice = deployment.bucket === "" ? undefined : await advise(deployment, { account, out }, io);
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, body] of bodies) await writeFile(join(folder, name), body);
    // One of before would be of another bucket, or of other hosts.
    if (advice?.policy === undefined) await rm(join(folder, POLICY_FILE), { force: true });
    else await writeFile(join(folder, POLICY_FILE), advice.policy);
    await writeFile(join(folder, ANSWERS), `${JSON.stringify(deployment, null, 2)}\n`);
    for (const [name, text] of [
      ["deploy.sh", writeDeployScript(deployment)],
      ["deploy-hosts.sh", writeHostsScript(deployment)],
      ["rotate-key.sh", writeKeyScript(deployment)],
    ] as const) {
      await writeFile(join(folder, name), text);
      await chmod(join(folder, name), 0o755);
    }
  } catch (error) {
    throw new CommandError(`cannot write ${folder}: ${(error as Error).message}`);
  }
  await io.stdout.write(
    `Written to ${out}: the templates, deploy.sh, deploy-hosts.sh, rotate-key.sh, the program as a ` +
      "zip, and your answers, which the next run begins from.\n\n" +
      (advice ? `${advice.lines.join("\n")}\n\n` : "") +
      (deployment.settings.requireInstance === "true"
        ? "Reports are taken only where AWS says which instance signed. Try it with one host first.\n\n"
        : "ARE ALL HOSTS EC2 INSTANCES? Then run this again with --require-instance true: without it, " +
          "whoever may assume a role in a host's account can report in a host's name (docs/aws.md, Who " +
          "may do what).\n\n") +
      "Next, with the AWS CLI set to the account and region where reports should lie:\n" +
      `  $ ${quoteWord(`${out}/deploy.sh`)}\n` +
      "It takes a few minutes, and prints the store's URL for hosts and the curl to paste. docs/aws.md " +
      "goes on from there.\n",
  );
}

async function readTemplates(folder: URL): Promise<Map<string, Buffer>> {
  const bodies = new Map<string, Buffer>();
  for (const name of [...TEMPLATES.map((template) => `${template}.template.json`), PROGRAM_ARCHIVE]) {
    try {
      bodies.set(name, await readFile(new URL(name, folder)));
    } catch (error) {
      if (!isAbsence(error)) throw error;
      throw new CommandError(
        "the templates are not in this build; the npm package has them: npx rollcall aws init",
      );
    }
  }
  return bodies;
}

/** The answers of the run before, for what is left of them. */
async function readAnswers(folder: string): Promise<EarlierAnswers> {
  const path = join(folder, ANSWERS);
  try {
    return parseAnswers(await readGivenText(path));
  } catch (error) {
    if (isAbsence(error)) return {};
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}; mend or remove it`);
  }
}

async function askAll(options: AwsInitOptions, earlier: EarlierAnswers, io: Io): Promise<Deployment> {
  const { organization, accounts, yes = false } = options;
  const piped = yes || io.ask ? undefined : await readPipedAnswers(io);
  const ask = yes ? undefined : (io.ask ?? piped?.next);
  if (organization !== undefined && accounts !== undefined)
    throw new UsageError("give --organization or --accounts, not both");
  const known = earlier.organization || (earlier.accounts ?? []).join(",");
  const deployment = {
    name: await settle({
      given: options.name,
      flag: "--name",
      question: "What should it be called? The bucket will be NAME-ACCOUNT-REGION",
      usual: earlier.name ?? "rollcall",
      read: (text) => (FORMS.name.form.test(text) ? text : undefined),
      words: FORMS.name.words,
      ask,
    }),
    ...(await settle({
      given: organization ?? accounts,
      flag: organization === undefined ? "--accounts" : "--organization",
      question:
        "Whose hosts report? An organization's id (o-…), account ids split by " +
        "commas, or nothing for this account's own",
      usual: known,
      read: parseReporters,
      words: `${FORMS.organization.words}, or account ids of 12 digits`,
      ask,
    })),
    bucket: await settle({
      given: options.bucket,
      flag: "--bucket",
      question: "",
      usual: earlier.bucket ?? "",
      read: (text) => (text === "" || FORMS.bucket.form.test(text) ? text : undefined),
      words: FORMS.bucket.words,
      // Who has reports in a bucket already says so by the flag; nobody else should have to think
      // about it.
      ask: undefined,
    }),
    alarmEmail: await settle({
      given: options.alarmEmail,
      flag: "--alarm-email",
      question: "Who should hear of alarms? An e-mail address, or nothing",
      usual: earlier.alarmEmail ?? "",
      read: (text) => (text === "" || FORMS.alarmEmail.form.test(text) ? text : undefined),
      words: FORMS.alarmEmail.words,
      ask,
    }),
    settings: {
      ...readSettings(options, earlier.settings ?? {}),
      ...(await askForInstances(options, earlier, ask)),
    },
    tags: readTags(options.tag) ?? earlier.tags ?? [],
  };
  piped?.end();
  return deployment;
}

/** Of the stacks' other parameters, what the flags say or was said before. @throws UsageError */
function readSettings(options: AwsSettings, earlier: AwsSettings): AwsSettings {
  const said = SETTING_NAMES.flatMap((name) => {
    const value = options[name] ?? earlier[name];
    if (value !== undefined && !isSetting(name, value))
      throw new UsageError(`${flagOf(name)} ${JSON.stringify(value)}: ${SETTINGS[name].words}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  const settings: AwsSettings = Object.fromEntries(said);
  const fault = findSettingsFault(settings, options);
  if (fault !== undefined) throw new UsageError(fault);
  return settings;
}

/** It is the one lock that costs nothing where it fits, so nobody should miss it. */
async function askForInstances(
  { requireInstance }: AwsInitOptions,
  { settings = {} }: EarlierAnswers,
  ask: Io["ask"],
): Promise<Pick<AwsSettings, "requireInstance">> {
  const answer = await settle({
    given: requireInstance,
    flag: flagOf("requireInstance"),
    question:
      "Are all hosts EC2 instances, y or n? With y (recommended) AWS's own word is asked for which " +
      "instance signed, and nobody can report in another's name",
    usual: settings.requireInstance ?? "",
    read: (text) => YES_OR_NO.get(text.toLowerCase()),
    words: "true or false, y or n",
    ask,
  });
  return answer === "" ? {} : { requireInstance: answer };
}

/** Nothing leaves it as it is: unset, at first. */
const YES_OR_NO = new Map([
  ["", ""],
  ...["y", "yes", "true"].map((word) => [word, "true"] as const),
  ...["n", "no", "false"].map((word) => [word, "false"] as const),
]);

/** @returns undefined where nothing was said @throws UsageError */
function readTags(tags: readonly string[] | undefined): readonly string[] | undefined {
  const given = tags?.filter((tag) => tag !== "");
  const wrong = given?.find((tag) => !TAG.form.test(tag));
  if (wrong !== undefined) throw new UsageError(`--tag ${JSON.stringify(wrong)}: ${TAG.words}`);
  if (given && given.length > MAX_TAGS) throw new UsageError(`--tag: at most ${MAX_TAGS}`);
  return given;
}

/**
 * Answers that come through a pipe: a line for each question that no flag answers; where there are
 * no more, the usual ones. Undefined where there are none.
 */
async function readPipedAnswers(
  io: Io,
): Promise<{ next(question: string): Promise<string>; end(): void } | undefined> {
  const text = (await io.readStdin()).toString();
  if (text.trim() === "") return undefined;
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const given: string[] = [];
  return {
    async next(question) {
      // Nobody is there to be asked again.
      if (question.startsWith(REFUSAL))
        throw new UsageError(`the answer ${JSON.stringify(given.at(-1))} from stdin: ${question.trim()}`);
      given.push(lines.shift() ?? "");
      return given.at(-1) ?? "";
    },
    end() {
      if (lines.length > 0)
        throw new UsageError(
          `stdin has ${lines.length} lines more than there are questions: ` +
            `${JSON.stringify(lines[0])} answers none`,
        );
    },
  };
}

const REFUSAL = "  Not that: ";

interface Question<T> {
  readonly given: string | undefined;
  readonly flag: string;
  readonly question: string;
  /** Taken where nothing is answered. */
  readonly usual: string;
  readonly read: (text: string) => T | undefined;
  readonly words: string;
  readonly ask: Io["ask"];
}

/**
 * An answer from the flag, from whoever sits there, or the usual one. Who answers wrongly is asked
 * again; a wrong flag is an error.
 */
async function settle<T>({ given, flag, question, usual, read, words, ask }: Question<T>): Promise<T> {
  const understand = (text: string) => read(text === NOTHING ? "" : text);
  if (given !== undefined || !ask) {
    const value = understand(given ?? usual);
    if (value === undefined) throw new UsageError(`${flag} ${JSON.stringify(given ?? usual)}: ${words}`);
    return value;
  }
  // An empty line keeps what was before, so that nothing needs a word of its own.
  const otherwise = read("") === undefined ? "" : `, or ${NOTHING} for nothing`;
  const prompt = `${question}${usual === "" ? "" : ` [${usual}${otherwise}]`}: `;
  for (let before = ""; ; before = `${REFUSAL}${words}.\n`) {
    const text = (await ask(before + prompt)).trim();
    const value = understand(text === "" ? usual : text);
    if (value !== undefined) return value;
  }
}
