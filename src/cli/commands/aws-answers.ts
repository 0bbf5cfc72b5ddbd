// The answers that rollcall aws init deploys from: their forms, and the file that keeps them for
// the next run. Pure.
import { z } from "zod";
import {
  type AwsSettings,
  isSetting,
  MAX_TAGS,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  TAG,
} from "./aws-settings.ts";

/** What has to be known before anything can be deployed. */
export interface Deployment {
  /** Begins the names of all that is made; the bucket is NAME-ACCOUNT-REGION. */
  readonly name: string;
  /**
   * Whose hosts may report: those of an organization, of some accounts, or "" and [] for those of
   * this account.
   */
  readonly organization: string;
  readonly accounts: readonly string[];
  /** A bucket that holds reports already, which is read beside the new one; "" for none. */
  readonly bucket: string;
  /** Who hears of alarms; "" for nobody. */
  readonly alarmEmail: string;
  /** What was said of the stacks' other parameters. */
  readonly settings: AwsSettings;
  /** Of all that is made, `KEY=VALUE`. */
  readonly tags: readonly string[];
}

/**
 * The forms of the answers: also what keeps them from meaning anything to a shell. Each takes no
 * more than the template's own pattern does, which would refuse the rest only in the middle of a
 * deployment.
 */
export const FORMS = {
  name: {
    form: /^[a-z][a-z0-9-]{0,22}[a-z0-9]$/,
    words: "2 to 24 of a-z, 0-9 and -, beginning with a letter and not ending with -",
  },
  organization: { form: /^o-[a-z0-9]{10,32}$/, words: "an organization's id such as o-a1b2c3d4e5" },
  account: { form: /^[0-9]{12}$/, words: "an account's id has 12 digits" },
  bucket: { form: /^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, words: "a bucket's name" },
  alarmEmail: {
    form: /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,5}$/,
    words: "an address such as ops@example.com",
  },
} as const;

/** What says nothing, where an empty line says "as before". */
export const NOTHING = "-";

/** Reads who may report. @returns undefined if the text is neither an organization nor accounts */
export function parseReporters(text: string): Pick<Deployment, "organization" | "accounts"> | undefined {
  const parts = text.split(/[\s,]+/).filter((part) => part !== "");
  const [first = ""] = parts;
  if (parts.length === 1 && FORMS.organization.form.test(first)) return { organization: first, accounts: [] };
  if (parts.every((part) => FORMS.account.form.test(part))) return { organization: "", accounts: parts };
  return undefined;
}

const answer = ({ form, words }: { form: RegExp; words: string }) => z.string(words).regex(form, words);
const answerOrNothing = ({ form, words }: { form: RegExp; words: string }) =>
  z.string(words).refine((text) => text === "" || form.test(text), words);

const settingsSchema = z
  .partialRecord(z.enum(SETTING_NAMES as [SettingName, ...SettingName[]]), z.string())
  .superRefine((settings, context) => {
    for (const [name, text] of Object.entries(settings) as [SettingName, string][])
      if (!isSetting(name, text))
        context.addIssue({ code: "custom", path: [name], message: SETTINGS[name].words });
  });

const answersSchema = z
  .object(
    {
      name: answer(FORMS.name),
      organization: answerOrNothing(FORMS.organization),
      accounts: z.array(answer(FORMS.account), "a list of account ids"),
      bucket: answerOrNothing(FORMS.bucket),
      alarmEmail: answerOrNothing(FORMS.alarmEmail),
      settings: settingsSchema,
      tags: z.array(answer(TAG), "a list of tags").max(MAX_TAGS, `at most ${MAX_TAGS}`),
    },
    "not the answers of rollcall aws init",
  )
  .partial()
  .refine(({ organization = "", accounts = [] }) => organization === "" || accounts.length === 0, {
    path: ["accounts"],
    message: "not together with an organization",
  });

export type EarlierAnswers = Readonly<z.infer<typeof answersSchema>>;

/**
 * Reads the file of the answers, some of which may be missing. @throws Error that says what is
 * wrong and where in the file
 */
export function parseAnswers(text: string): EarlierAnswers {
  const { data, error } = answersSchema.safeParse(JSON.parse(text));
  if (!error) return data;
  const [issue] = error.issues;
  throw new Error([...(issue?.path ?? []), issue?.message].join(": "));
}
