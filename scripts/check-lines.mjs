// Checks how long lines are: code at most 110 columns, comments and prose at most 100.
//
// What cannot be broken may be longer: a table or a command in Markdown, a line with one long word
// (an address, a regular expression), and text that a program prints as it stands (DOCUMENTS).

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const CODE = 110;
const PROSE = 100;
const UNBREAKABLE = 40;
const GENERATED = /(^|\/)(package-lock\.json|bun\.lock)$|^infra\/templates\/|^schema\/|^test\/fixture-host\//;
const DOCUMENTS = new Set([
  "src/api/docs-page.ts",
  "src/cli/commands/aws-deployment.ts",
  "test/s3/server.ts",
]);

/** A line that is one regular expression, which no line break may divide. */
const EXPRESSION = /^\s*\/(?![/*]).*\/[dgimsuvy]*(\.exec\(|[,;)]|$)/;

function isLong(file, line, isFenced) {
  const columns = [...line].length;
  if (columns <= PROSE || line.split(/\s+/).some((word) => [...word].length > UNBREAKABLE)) return false;
  if (!file.endsWith(".md") && EXPRESSION.test(line)) return false;
  if (file.endsWith(".md")) return !isFenced && !line.startsWith("|");
  return columns > CODE || /^\s*(\/\/|\/?\*|# )/.test(line);
}

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => /\.(tsx?|js|mjs|css|md|sh|ya?ml)$/.test(file) && !/\.ja\.md$|^docs\/ja\//.test(file))
  .filter((file) => !GENERATED.test(file) && !DOCUMENTS.has(file));
const mistakes = [];
for (const file of files) {
  let isFenced = false;
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
    if (/^\s*(```|~~~)/.test(line)) isFenced = !isFenced;
    if (isLong(file, line, isFenced)) mistakes.push(`${file}:${index + 1}: ${[...line].length} columns`);
  }
}
for (const mistake of mistakes) process.stderr.write(`${mistake}\n`);
if (mistakes.length > 0) {
  process.stderr.write(`Code has at most ${CODE} columns, comments and prose at most ${PROSE}.\n`);
  process.exitCode = 1;
}
