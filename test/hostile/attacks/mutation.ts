// Mutants of valid documents: bytes that are turned, cut, doubled, and values that nobody expects.

const STRANGE: readonly unknown[] = [
  null,
  true,
  -0,
  1e308,
  Number.MIN_VALUE,
  "",
  "\u0000",
  "\u001b]52;c;eA==\u0007",
  "\ud800",
  "\u202e",
  "a".repeat(70_000),
  "{{7*7}}",
  "../../etc/passwd",
  [],
  {},
  [[[[[[[[]]]]]]]],
  Array.from({ length: 3000 }, (_, at) => at),
  Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`k${at}`, at])),
];

const STRANGE_NAMES = [
  "__proto__",
  "constructor",
  "toString",
  "rollcall",
  "instance_id",
  "update_date",
  "",
  "\u0000",
  "a.b",
  "é",
  "é",
];

/** JSON that JSON.stringify would not write. */
const STRANGE_TEXTS = [
  "1e999",
  "-1e999",
  "01",
  "1.",
  "NaN",
  "'x'",
  '"\\ud800"',
  '"\\u0000"',
  "[".repeat(5000),
  `${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`,
  `${"9".repeat(5000)}`,
  "{,}",
  "/**/1",
];

/** Draws one of a list. */
export function pick<Value>(list: readonly Value[], random: () => number): Value {
  const value = list[Math.floor(random() * list.length)];
  if (value === undefined && list.length === 0) throw new Error("nothing to pick from");
  return value as Value;
}

/** A mutant of a document that is JSON: its values or its text changed, one to four times. */
export function mutateJson(document: object, random: () => number): Buffer {
  const copy = structuredClone(document) as Record<string, unknown>;
  for (let turn = Math.floor(random() * 3); turn >= 0; turn--) setStrangely(copy, random);
  const text = JSON.stringify(copy);
  const kind = random();
  if (kind < 0.4) return Buffer.from(text);
  if (kind < 0.6) return Buffer.from(insertText(text, random));
  return mutateBytes(Buffer.from(text), random);
}

function setStrangely(target: Record<string, unknown>, random: () => number): void {
  const names = Object.keys(target);
  const name = random() < 0.5 && names.length > 0 ? pick(names, random) : pick(STRANGE_NAMES, random);
  // Own ones only: that of __proto__ is everybody's.
  const inner = Object.hasOwn(target, name) ? target[name] : undefined;
  if (typeof inner === "object" && inner !== null && random() < 0.5)
    setStrangely(inner as Record<string, unknown>, random);
  else if (random() < 0.2) delete target[name];
  else
    Object.defineProperty(target, name, {
      value: structuredClone(pick(STRANGE, random)),
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

/** Puts a strange piece of JSON in the place of a value. */
function insertText(text: string, random: () => number): string {
  const colons = [...text.matchAll(/:/g)].map(({ index }) => index);
  const at = pick(colons.length > 0 ? colons : [0], random);
  const strange = `${pick(STRANGE_TEXTS, random)}${random() < 0.5 ? "," : ""}`;
  return `${text.slice(0, at + 1)}${strange}${text.slice(at + 1)}`;
}

/** A mutant of bytes: one to four are turned, cut, doubled, moved or put in. */
export function mutateBytes(bytes: Buffer, random: () => number): Buffer {
  let result = Buffer.from(bytes);
  for (let turn = Math.floor(random() * 4); turn >= 0; turn--) {
    const [from, to] = [random(), random()]
      .map((share) => Math.floor(share * (result.length + 1)))
      .toSorted((a, b) => a - b);
    const [head, middle, tail] = [result.subarray(0, from), result.subarray(from, to), result.subarray(to)];
    const kind = Math.floor(random() * 6);
    if (kind === 0) result = Buffer.concat([head, tail]);
    else if (kind === 1) result = Buffer.concat([head, middle, middle, tail]);
    else if (kind === 2) result = Buffer.from(head);
    else if (kind === 3)
      result = Buffer.concat([head, Buffer.from([Math.floor(random() * 256)]), result.subarray(from)]);
    else if (from !== undefined && from < result.length)
      result[from] = (result[from] ?? 0) ^ (1 << Math.floor(random() * 8));
  }
  return result;
}
