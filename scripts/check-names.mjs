// Checks two rules of docs/decisions/0058: the name of a bound stands once, so that it says what it
// bounds; and no code decides by the words of an error, but where a library gives nothing else.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Files that read a library's or service's words, each with its version and a test of them. */
const READERS = new Set([
  "src/cli/program/jq.ts",
  "src/collect/formats/json.ts",
  "src/collect/formats/yaml.ts",
  "src/network/failure.ts",
  // S3 says of which policy a refusal was in its message alone.
  "src/store/s3-error.ts",
]);

const BOUND = /^(?:export )?const ((?:MAX|MIN)_[A-Z0-9_]+)\b/gm;

const READING = [
  /\b(?:message|reason|stderr)\??\.(?:includes|startsWith|endsWith|match|matchAll|search|indexOf)\(/g,
  /\.(?:test|exec)\((?:[^()]|\([^()]*\))*?\b(?:message|reason|stderr)\b/g,
  /\bmessage (?:===|!==) ["'`]/g,
];

const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "src", "web", "infra"],
  { encoding: "utf8" },
)
  .split("\n")
  .filter((file) => /\.(?:tsx?|js)$/.test(file) && !/\.test\.tsx?$|^src\/testing\//.test(file));

const lineOf = (text, at) => text.slice(0, at).split("\n").length;
const mistakes = [];
const bounds = new Map();
for (const file of files) {
  const text = readFileSync(file, "utf8");
  for (const { 1: name, index } of text.matchAll(BOUND)) {
    const place = `${file}:${lineOf(text, index)}`;
    if (bounds.has(name)) mistakes.push(`${place}: ${name} is also the name of ${bounds.get(name)}`);
    else bounds.set(name, place);
  }
  if (READERS.has(file)) continue;
  for (const pattern of READING)
    for (const { 0: found, index } of text.matchAll(pattern))
      mistakes.push(`${file}:${lineOf(text, index)}: decides by an error's words: ${found}`);
}
for (const mistake of mistakes) process.stderr.write(`${mistake}\n`);
if (mistakes.length > 0) {
  process.stderr.write("A bound's name says what it bounds; errors are told apart by codes and fields.\n");
  process.exitCode = 1;
}
