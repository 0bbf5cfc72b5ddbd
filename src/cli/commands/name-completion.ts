// Tab completion of names and values: what the server's reports have, asked of it as it is typed.
import { fields } from "../../questions/fields-question.ts";
import type { ParameterValues, Question } from "../../questions/question.ts";
import { reports } from "../../questions/reports-question.ts";
import { parseJson } from "../../report/parse-json.ts";
import type { Io } from "../program/io.ts";
import type { Flags } from "../settings/setting-list.ts";
import { readSettings } from "../settings/settings.ts";
import { type AnswerSource, openAnswerSource } from "./answer-source.ts";
import { gather } from "./expectation.ts";

/** How long somebody who pressed Tab waits; ms. */
const ANSWER_LIMIT_MS = 1000;

/** Settings that say who is asked, and with what key, as they may stand on the line. */
const SOURCE_FLAGS: Readonly<
  Record<string, "store" | "server" | "keyFile" | "tokenFile" | "sigv4" | "config">
> = {
  "--store": "store",
  "--server": "server",
  "--key-file": "keyFile",
  "--token-file": "tokenFile",
  "--sigv4": "sigv4",
  "--config": "config",
};

/** What every shell takes as it stands: no blank, quote, or sign that means something there. */
const PLAIN = /^[\w.:@%+,/^-]+$/;

/** A name as the question `fields` gives it, as far as completion reads it. */
interface KnownName {
  readonly name: string;
  readonly versions: boolean;
  readonly values: readonly { readonly value: string }[];
}

/**
 * Suggests filters for the last word: `env=` for `e`, `env=prod` for `env=p`; of versions the names
 * of fields that hold versions too. Only a server is asked, which has its answer ready: a store
 * would be read as a whole for each press of the key.
 *
 * @param words what stands on the line after the command, the last one perhaps empty
 * @returns none where nobody can be asked, or does not answer within a second
 */
export async function suggestNames(
  question: Question,
  words: readonly string[],
  io: Io,
): Promise<readonly string[]> {
  const word = words.at(-1) ?? "";
  const flag = words.at(-2) ?? "";
  const takes = question.parameters.some(({ name }) => `--${name}` === flag);
  if (flag === "--host" && takes) return await suggestHosts(word, words, io).catch(() => []);
  if ((flag === "--field" || flag === "--by") && takes) {
    const names = (await readKnownNames(words, io).catch(() => [])).map(({ name }) => name);
    return names.filter((name) => name.startsWith(word) && PLAIN.test(name));
  }
  if (word.startsWith("-") || flag.startsWith("-")) return [];
  const known = await readKnownNames(words, io).catch(() => []);
  const [, name] = /^([^=]+)=/.exec(word) ?? [];
  const filters =
    name === undefined
      ? known.map((one) => `${one.name}=`)
      : known.flatMap((one) => (one.name === name ? one.values.map(({ value }) => `${name}=${value}`) : []));
  const ofVersions = question.parameters.some((parameter) => parameter.name === "field");
  const alone = ofVersions ? known.flatMap((one) => (one.versions ? one.name : [])) : [];
  return [...alone, ...filters].filter((one) => one.startsWith(word) && PLAIN.test(one.replace("=", "")));
}

/** Hosts that completion lists. */
const MAX_SUGGESTED_HOSTS = 200;

/** Ids that begin so; no characters that filters take for more. */
async function suggestHosts(word: string, words: readonly string[], io: Io): Promise<readonly string[]> {
  if (!/^[\w.-]*$/.test(word)) return [];
  const source = await openSource(words, io);
  if (!source) return [];
  const asked: ParameterValues = [
    ["state", "all"],
    ["fields", "instance_id"],
    ["instance_id", `${word}*`],
  ];
  const { body } = await source.ask(reports, asked, "json");
  const rows = (parseJson(await gather(body)) ?? []) as readonly { readonly instance_id: string }[];
  return rows.slice(0, MAX_SUGGESTED_HOSTS).map(({ instance_id: id }) => id);
}

async function readKnownNames(words: readonly string[], io: Io): Promise<readonly KnownName[]> {
  const source = await openSource(words, io);
  if (!source) return [];
  const { body } = await source.ask(fields, [["state", "all"]], "json");
  return (parseJson(await gather(body)) ?? []) as readonly KnownName[];
}

/** The server that the line names; undefined where it names none. */
async function openSource(words: readonly string[], io: Io): Promise<AnswerSource | undefined> {
  const flags: { -readonly [Name in keyof Flags]: Flags[Name] } = {};
  for (const [index, word] of words.entries()) {
    const [flag = "", ...rest] = word.split("=");
    const setting = SOURCE_FLAGS[flag];
    if (setting) flags[setting] = rest.length > 0 ? rest.join("=") : words[index + 1];
  }
  const settings = await readSettings(flags, io);
  if (settings.target()?.kind !== "server") return undefined;
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]);
  return await openAnswerSource({ expected: undefined, partial: true }, settings, { ...io, signal });
}
