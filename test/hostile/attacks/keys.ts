// Tries at keys: guesses, malformed ones, and whether the time of an answer tells how much of a
// guess was right.
import type { Arena, Server } from "./arena.ts";
import type { Attack } from "./attack.ts";
import { mutateBytes, pick } from "./mutation.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Where the secret part begins: `rc_ID_`. */
const SECRET_AT = 16;

/**
 * Medians further apart than by this factor would tell something; a right guess of all but one
 * character is what is compared.
 */
const MAX_FACTOR = 2;
/** Fewer measurements say nothing. */
const MIN_TIMED = 100;

const PATHS = [
  "/v1/reports",
  "/v1/reports/i-1",
  "/v1/versions",
  "/v1/coverage",
  "/v1/problems",
  "/v1/keys",
  "/v1/specs/current",
];

export const keyGuesses: Attack = {
  name: "keys",
  summary: "guessed and malformed keys",
  few: 400,
  async run(arena) {
    const server = await arena.serve();
    const key = await arena.makeKey("admin");
    const random = arena.random;
    const draw = (alphabet: string, length: number) =>
      Array.from({ length }, () => pick([...alphabet], random)).join("");
    const times = { nothing: [] as number[], start: [] as number[] };
    while (arena.goOn()) {
      const last = key.at(-1) === "A" ? "B" : "A";
      const guesses: readonly [keyof typeof times | undefined, string][] = [
        [undefined, `rc_${draw(ID_ALPHABET, 12)}_${draw(ALPHABET, 43)}`],
        ["nothing", key.slice(0, SECRET_AT) + draw(ALPHABET, 43)],
        // The last character of 43 holds two bits less than it may, so another last one may decode
        // to the same bytes: the one before is changed.
        ["start", key.slice(0, -2) + last + key.at(-1)],
        [undefined, mutateBytes(Buffer.from(key), random).toString("latin1")],
        [
          undefined,
          pick(
            [
              "",
              " ",
              "null",
              "undefined",
              "rc_",
              "rc_..",
              `rc_${"../".repeat(4)}_`,
              "x".repeat(8000),
              key.toUpperCase(),
              `${key}x`,
            ],
            random,
          ),
        ],
      ];
      const [kind, guess] = pick(guesses, random);
      const path = pick(PATHS, random);
      if (guess === key || !isHeader(guess)) continue;
      const headers =
        random() < 0.8
          ? { "x-api-key": guess }
          : { authorization: `Bearer ${guess}`, "x-forwarded-for": "127.0.0.1" };
      const began = performance.now();
      const { status } = await arena.ask(`${server.url}${path}`, {
        headers,
        method: pick(["GET", "GET", "PUT", "DELETE", "POST"], random),
      });
      if (kind !== undefined && status === 401) times[kind].push(performance.now() - began);
      if (status < 400 || status >= 500)
        arena.wrong(`the guess ${JSON.stringify(guess)} at ${path} was answered ${status}`);
    }
    compare(arena, times);
    await expectOpen(arena, server, key);
  },
};

/** What may stand in a header: the client refuses the rest, and the server never sees it. */
function isHeader(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text) && !/[^\u0000-\u00ff]/.test(text);
}

function compare(arena: Arena, { nothing, start }: { nothing: number[]; start: number[] }): void {
  if (Math.min(nothing.length, start.length) < MIN_TIMED) return;
  const [wrongAtOnce, rightAtFirst] = [median(nothing), median(start)];
  arena.count("µs, median, of guesses with nothing right", Math.round(wrongAtOnce * 1000));
  arena.count("µs, median, of guesses with all but one right", Math.round(rightAtFirst * 1000));
  if (Math.max(wrongAtOnce / rightAtFirst, rightAtFirst / wrongAtOnce) > MAX_FACTOR)
    arena.wrong(`the time tells how much is right: ${wrongAtOnce} ms and ${rightAtFirst} ms`);
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Whoever holds a key gets in all the while. */
async function expectOpen(arena: Arena, { url }: Server, key: string): Promise<void> {
  const { status } = await arena.ask(`${url}/v1/keys`, { key });
  if (status !== 200) arena.wrong(`the right key was answered ${status} after the guesses`);
}
