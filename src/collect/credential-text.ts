// Credentials within a text: what has the form of one, and what the text itself calls one. Pure.
import { FORMS } from "./credential-forms.ts";
import {
  isCredential,
  type Judgement,
  judgeName,
  judgeParameter,
  MAX_RANDOM_LENGTH,
} from "./credential-names.ts";
import { findInCommands } from "./credential-options.ts";

/** Where in a text a credential stands; the end is exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Longest name, longest value, and most white space between them, in characters. */
const MAX_CREDENTIAL_NAME_LENGTH = 128;
const MAX_CREDENTIAL_LENGTH = 16_384;

/**
 * Finds all credentials in a text, in order, none overlapping. Time is in proportion to the text,
 * whatever it is.
 */
export function findCredentials(text: string): readonly Range[] {
  const found: Range[] = [];
  for (const { pattern, isOne } of FORMS) {
    for (const match of text.matchAll(pattern)) {
      if (isOne && !isOne(match[0])) continue;
      const [start, end] = match.indices?.[1] ?? [match.index, match.index + match[0].length];
      found.push({ start, end });
    }
  }
  found.push(
    ...findAssigned(text),
    ...findPaired(text),
    ...findElements(text),
    ...findDirectives(text),
    ...findInCommands(text),
  );
  return merge(found);
}

function merge(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && range.start < last.end)
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else merged.push(range);
  }
  return merged;
}

/**
 * `NAME = VALUE`, `"name": "value"`, `--name=value`, `?name=value`, `name => value`: each name is
 * judged where its sign stands.
 */
const SIGN = /:=|=>|={1,3}|:(?![:/])/g;

function findAssigned(text: string): Range[] {
  const found: Range[] = [];
  let from = 0;
  for (const { 0: sign, index } of text.matchAll(SIGN)) {
    // Within a value that is masked already nothing more is looked for.
    if (index < from) continue;
    const name = readName(text, index);
    const judgement = name && judge(text, name);
    // In an ARN and the like `secret:` is a part of a name.
    const isWithin =
      name && sign === ":" && text[name.start - 1] === ":" && /\S/.test(text.charAt(index + 1));
    if (!name || !judgement || isWithin) continue;
    const range = readValue(text, index + sign.length, name, judgement);
    if (!range || !isCredential(unquote(text.slice(range.start, range.end)), judgement, name.text)) continue;
    if (sign === ":" && range.start === index + 1 && SCOPE.test(text.slice(range.start, range.end))) continue;
    found.push(range);
    from = range.end;
  }
  return found;
}

/** What may be done to what a name names: `secrets:read`, as OAuth's scopes have it. */
const SCOPE = /^(?:read|write|readonly|list|get|view|create|update|delete|manage|admin|\*)$/;

interface Name {
  readonly text: string;
  readonly start: number;
  /** Whether nothing but a keyword stands before it in its line. */
  readonly isFirst: boolean;
  /**
   * A quote that stands before it and is not closed by its own end: `"Authorization: Bearer x"`.
   */
  readonly quote: string;
}

/**
 * A part of each word that can make a name a credential's; what has none in its last characters
 * need not be read.
 */
const HINT =
  /pass|pw|psk|pswd|crypt|secret|token|cred|key|auth|bearer|jwt|salt|cookie|session|pat|sas|otp|hook|sig|code|state|hmac|ticket|assertion|mnemonic|phrase|community|senha|kennwort|contrase|motde|パスワード|密码|口令|비밀번호/i;
const HINT_LENGTH = 80;

const BEFORE_SIGN = /([\p{L}\p{N}_.$-]+(?: [\p{L}\p{N}_.$-]+){0,3})(\\?["'`]|["'`]?\])?[ \t]{0,8}$/u;
const FIRST =
  /(?:^|[\n\r])[ \t]*(?:(?:export|set|setenv|env|ENV|ARG|declare|local|readonly|-|#|;|\/\/|\*)[ \t]+)*$/;

/** Reads the name that ends before a sign. */
function readName(text: string, sign: number): Name | undefined {
  if (!HINT.test(text.slice(Math.max(0, sign - HINT_LENGTH), sign))) return undefined;
  const isEqual = text[sign] === "=";
  const window = text.slice(Math.max(0, sign - MAX_CREDENTIAL_NAME_LENGTH - 16), sign);
  // A line end is the name's end.
  const line = window.slice(Math.max(window.lastIndexOf("\n"), window.lastIndexOf("\r")) + 1);
  const [, words, closing = ""] = BEFORE_SIGN.exec(line) ?? [];
  if (words === undefined) return undefined;
  const at = sign - line.length + line.lastIndexOf(words + closing);
  const opening = /\\?["'`]$/.exec(text.slice(Math.max(0, at - 2), at))?.[0] ?? "";
  const lead = text.slice(Math.max(0, at - opening.length - 64), at - opening.length);
  const isQuoted = opening !== "" && closing.startsWith(opening);
  const isStart = lead.length === at - opening.length;
  const isFirst = (isStart || /[\n\r]/.test(lead)) && FIRST.test(lead);
  return {
    text: words,
    start: at,
    isFirst: isFirst && !isQuoted && !(isEqual && words.includes(" ")),
    quote: isQuoted ? "" : opening,
  };
}

/**
 * Of several words the last ones count: `the secret access key: …`. In a URL's query more names are
 * credentials'.
 */
function judge(text: string, { text: words, start }: Name): Judgement | undefined {
  const isParameter = /[?&]/.test(text.charAt(start - 1));
  const own = words.slice(words.lastIndexOf(" ") + 1);
  if (/^\d+$/.test(own)) return undefined;
  return (isParameter ? judgeParameter(own) : judgeName(own)) ?? judgeName(words);
}

/** Where the value of a name ends that is not quoted: before the next name in its line. */
const NEXT_NAME = /(?:[ \t]+|,[ \t]+|&)["']?[\p{L}_][\p{L}\p{N}_.-]{0,64}["']?[ \t]{0,2}[=:](?![:/=])/u;
const SCHEME =
  /^(?:Basic|Bearer|Token|Digest|Negotiate|ApiKey|Api-Key|Key|AWS4-HMAC-SHA256|SharedKey|GoogleLogin)[ \t]+(?=\S)/i;
const IS_HEADER = /(?:^|[-_ ])(?:authorization|cookie|api-key|auth-token)$/i;

/** Reads the value after a sign: a quoted text, a block of YAML, an array or object, or a word. */
function readValue(text: string, after: number, name: Name, judgement: Judgement): Range | undefined {
  const start = after + (/^[ \t]{0,32}/.exec(text.slice(after, after + 32))?.[0].length ?? 0);
  const rest = text.slice(
    start,
    start + (judgement === "random" ? MAX_RANDOM_LENGTH + 1 : MAX_CREDENTIAL_LENGTH),
  );
  const opening = /^(?:"""|'''|\\?["'`])/.exec(rest)?.[0];
  const closed = opening === undefined ? undefined : findClosing(rest, opening);
  if (closed !== undefined) return isEmptyRange(start, closed);
  const line = /^[^\n\r]*/.exec(rest)?.[0] ?? "";
  if (/^[|>][-+\d]{0,2}[ \t]*$/.test(line)) return readBlock(text, start + line.length, name);
  if (/^[[{]/.test(line)) return isEmptyRange(start, findBracket(rest));
  const scheme = IS_HEADER.test(name.text) ? (SCHEME.exec(line)?.[0].length ?? 0) : 0;
  const end = scheme + findEnd(line.slice(scheme), name);
  return isEmptyRange(start + scheme, end - scheme);
}

function isEmptyRange(start: number, length: number): Range | undefined {
  return length > 0 ? { start, end: start + length } : undefined;
}

/**
 * Where a value without quotes ends. One that begins its line takes the whole line; others a word.
 */
function findEnd(line: string, { text, isFirst, quote }: Name): number {
  const isHeader = IS_HEADER.test(text);
  const open = quote === "" ? -1 : line.indexOf(quote);
  const own = open >= 0 ? line.slice(0, open) : line;
  if (isHeader || isFirst) {
    const next = isHeader ? -1 : own.search(NEXT_NAME);
    return (next < 0 ? own : own.slice(0, next)).trimEnd().length;
  }
  return /^[^\s"'`,;&<>)}\]\\]*/.exec(own)?.[0].length ?? 0;
}

function findClosing(text: string, opening: string): number | undefined {
  if (opening.length === 3) {
    const end = text.indexOf(opening, 3);
    return end < 0 ? undefined : end + 3;
  }
  const quote = opening.slice(-1);
  const isEscaped = opening.length > 1;
  for (let at = opening.length; at < text.length; at++) {
    if (text[at] === "\\") {
      if (isEscaped && text[at + 1] === quote) return at + 2;
      at++;
    } else if (text[at] === quote) return at + 1;
  }
  return undefined;
}

/** Where the bracket that a text begins with is closed; the end of its line if it is not. */
function findBracket(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "[" || character === "{") depth++;
    else if ((character === "]" || character === "}") && --depth === 0) return at + 1;
  }
  return /^[^\n\r]*/.exec(text)?.[0].length ?? 0;
}

/** A block of YAML: the lines after a `|` that are indented more than its key. */
function readBlock(text: string, from: number, { start }: Name): Range | undefined {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const indent = /^[ \t-]*/.exec(text.slice(lineStart, start))?.[0].length ?? 0;
  let end = from;
  while (end < text.length && end - from < MAX_CREDENTIAL_LENGTH) {
    const next = /^\r?\n([ \t]*)([^\n]*)/.exec(text.slice(end, end + MAX_CREDENTIAL_LENGTH));
    if (!next || ((next[1]?.length ?? 0) <= indent && next[2]?.trim() !== "")) break;
    end += next[0].length;
  }
  const begin = from + (/^\s*/.exec(text.slice(from, end))?.[0].length ?? 0);
  return isEmptyRange(begin, end - begin);
}

function unquote(text: string): string {
  return text.replace(/^(?:"""|'''|\\?["'`])|(?:"""|'''|\\?["'`])$/g, "");
}

/**
 * `{"name": "DB_PASSWORD", "value": "x"}`, `- name: DB_PASSWORD` and below it `value: x`,
 * `key="DbPassword" value="x"`, `define('DB_PASSWORD', 'x')`.
 */
const PAIR =
  /(?<![\p{L}\p{N}_])(?:name|key|variable|param|parameter)\\?["']?[ \t]{0,4}[=:][ \t]{0,4}\\?["']?([\p{L}_][\p{L}\p{N}_.-]{0,127})\\?["']?[\s,]{1,80}\\?["']?(?:value|val|default|content)\\?["']?[ \t]{0,4}[=:]/giu;
const CALL = /\([ \t]{0,4}(["'])([\p{L}_][\p{L}\p{N}_.-]{0,127})\1[ \t]{0,4},(?=[ \t]{0,4}["'])/gu;
/**
 * Erlang's `{default_pass, <<"x">>}`, and headers that a proxy sets:
 * `proxy_set_header X-Api-Key x;`, `RequestHeader set X-Api-Key x`.
 */
const TUPLE = /\{[ \t]{0,4}([\p{L}_][\p{L}\p{N}_]{0,127})[ \t]{0,4},[ \t]{0,4}(?:<<)?(?=")/gu;
const SET_HEADER =
  /\b\w{0,24}header[ \t]{1,8}(?:(?:set|add|append|merge)[ \t]{1,8})?([\p{L}_][\p{L}\p{N}_-]{0,127})[ \t]{1,8}/giu;

function findPaired(text: string): Range[] {
  const found: Range[] = [];
  for (const pattern of [PAIR, CALL, TUPLE, SET_HEADER]) {
    for (const match of text.matchAll(pattern)) {
      const name = match.at(-1) ?? "";
      const judgement = judgeName(name);
      const at = match.index + match[0].length;
      const range =
        judgement &&
        readValue(
          text,
          at,
          { text: name, start: at, isFirst: /[\n\r]/.test(match[0]), quote: "" },
          judgement,
        );
      if (range && isCredential(unquote(text.slice(range.start, range.end)), judgement, name))
        found.push(range);
    }
  }
  return found;
}

/** XML: `<password>x</password>`, `<string name="password">x</string>`. */
const ELEMENT = /<([\p{L}_][\p{L}\p{N}_.:-]{0,127})(?:\s[^<>]{0,256})?>([^<>]{1,8192})<\//dgu;
const NAMED_ELEMENT =
  /\b(?:name|key|id)[ \t]{0,3}=[ \t]{0,3}["']([\p{L}_][\p{L}\p{N}_.-]{0,127})["'][^<>]{0,128}>([^<>]{1,8192})<\//dgu;

function findElements(text: string): Range[] {
  const found: Range[] = [];
  for (const pattern of [ELEMENT, NAMED_ELEMENT]) {
    for (const { 1: name = "", 2: value = "", indices } of text.matchAll(pattern)) {
      const judgement = judgeName(name);
      const [start, end] = indices?.[2] ?? [0, 0];
      if (judgement && isCredential(value, judgement, name)) found.push({ start, end });
    }
  }
  return found;
}

/** Configuration that has only a space between name and value. */
const DIRECTIVE =
  /^[ \t]*(?:(?:export|set|setenv|env|ENV|ARG|config[ \t]+set)[ \t]+)?(?!\w+[ \t]+(?:required|requisite|sufficient|optional|include|substack|\[))([\p{L}_][\p{L}\p{N}_.-]{1,127})[ \t]+([^\s=:][^\n\r]{0,4096})$/dgmu;
/**
 * Names that are a credential's in such a line, though they are one word: `secret "…";` of BIND,
 * `password …` of netrc.
 */
const DIRECTIVE_WORDS =
  /^(?:requirepass|masterauth|rocommunity|rwcommunity|storepass|keypass|psk|passwd|password|rootpw|bindpw)$/i;
const COMPOUND = /[\p{L}\p{N}][_.-][\p{L}\p{N}]|[a-z][A-Z]/u;
const WORDS = /^[a-z]{2,}(?: [a-z']{1,24}[.,:]?)+$/i;
const OTHERS: readonly RegExp[] = [
  /\b(?:Set-)?Cookie:[ \t]{0,8}[^\s=;]{1,128}=([^\n]{8,4096})/dgi,
  /\b(?:ENV|ARG|export|setenv)[ \t]+(?:SECRET|TOKEN|SECRETS|CREDENTIALS)[ \t]+(\S{1,512})/dg,
  // Cisco's, and others' after it.
  /\b(?:password|secret)[ \t]+\d[ \t]+(\S{1,512})/dg,
  /\bcommunity[ \t]+(\S{1,128})[ \t]+(?:RO|RW)\b/dgi,
  /\b(?:echo|printf)[ \t]+(\S{1,512})[ \t]*\|[^\n|]{0,256}(?:password-stdin|passwd --stdin)/dg,
  /\b(?:echo|printf)[ \t]+["']?[^\s:"']{1,64}:([^\s"']{1,512})["']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd/dg,
  /\bpassword(?:[ \t]for[ \t]\S{1,64})?[ \t]is:?[ \t]{1,4}((?=\S*\d)\S{4,256})/dgi,
  // https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html, and users of
  // HAProxy.
  /\b(?:login|user|account)[ \t]+\S{1,128}\s{1,16}(?:insecure-)?password[ \t]+(\S{1,512})/dg,
  // Squid's peers; ipsec.secrets; snmpd's users.
  /\blogin=[^\s:=]{1,128}:([^\s:]{1,512})/dg,
  /:[ \t]{0,8}(?:PSK|EAP|XAUTH|NTLM)[ \t]{1,8}"?([^\s"]{1,512})/dg,
  /^[ \t]*createUser[ \t]+(?:-e[ \t]+\S{1,64}[ \t]+)?\S{1,128}[ \t]+(?:MD5|SHA(?:-\d+)?)[ \t]+"?([^\s"]{1,512})/dgm,
  /^[ \t]*createUser[ \t][^\n]{1,512}[ \t](?:DES|AES(?:-\d+)?)[ \t]+"?([^\s"]{1,512})/dgm,
  /\bstats[ \t]+auth[ \t]+[^\s:]{1,128}:(\S{1,512})/dg,
  /\bsecret[ \t]{1,8}"([^"\n]{1,512})"/dg,
  /^[ \t]*(?:com2sec|com2sec6)[ \t]+\S{1,128}[ \t]+\S{1,128}[ \t]+(\S{1,128})/dgm,
  // https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
  /^[ \t]*user[ \t][^\n>]{1,256}[ \t]>(\S{1,512})/dgm,
  /\bsentinel[ \t]+auth-pass[ \t]+\S{1,128}[ \t]+(\S{1,512})/dg,
  /\bIDENTIFIED[ \t]+(?:WITH[ \t]+\S{1,64}[ \t]+)?(?:BY|AS)[ \t]+(?:PASSWORD[ \t]+)?'([^'\n]{1,512})'/dgi,
  /\bPASSWORD[ \t]+'([^'\n]{1,512})'/dgi,
];

function findDirectives(text: string): Range[] {
  const found: Range[] = [];
  for (const { 1: name = "", 2: value = "", indices } of text.matchAll(DIRECTIVE)) {
    const judgement = DIRECTIVE_WORDS.test(name) || COMPOUND.test(name) ? judgeName(name) : undefined;
    const [start, end] = indices?.[2] ?? [0, 0];
    // Prose has several words: `password authentication is off`.
    const isProse = WORDS.test(value.trim()) || (/^password$/i.test(name) && /\s\S/.test(value.trim()));
    if (judgement && !(isProse && !COMPOUND.test(name)) && isCredential(unquote(value), judgement, name))
      found.push({ start, end });
  }
  for (const pattern of OTHERS) {
    for (const { indices } of text.matchAll(pattern)) {
      const [start, end] = indices?.[1] ?? [0, 0];
      if (isCredential(text.slice(start, end), "all")) found.push({ start, end });
    }
  }
  return found;
}
