// Checks the import arrows: which part of the program may import which, and that the map in
// CONTRIBUTING.md says the same (docs/decisions/0008). Types count too. Within a part, and from a
// test to src/testing, all is free.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { posix } from "node:path";

const FACTS = ["report", "grammar", "network", "specs", "store"];
const READING = [...FACTS, "roll"];
const ANSWERING = [...READING, "history", "questions", "access"];

/** Each part with the parts that it may import. */
const ARROWS = {
  "src/report": [],
  "src/grammar": ["report"],
  "src/network": [],
  "src/specs": ["report", "grammar"],
  "src/store": ["report", "network"],
  "src/collect": FACTS,
  "src/roll": FACTS,
  "src/history": READING,
  "src/agent": [...FACTS, "collect"],
  "src/questions": [...READING, "history"],
  "src/access": READING,
  "src/demo": FACTS,
  "src/remote": [...ANSWERING, "collect", "agent"],
  "src/publish": [...READING, "history", "questions"],
  "src/api": ANSWERING,
  "src/service": [...ANSWERING, "publish", "api"],
  "src/cli": [...ANSWERING, "collect", "agent", "demo", "remote", "publish", "api", "service"],
  web: ["report", "grammar"],
  infra: [],
};

/** Who may import doubles and conformance suites. */
const MAY_TEST = /\.test\.tsx?$|^src\/testing\/|^(test|bench|soak)\//;
const IMPORTS = /(?:\bfrom|\bimport\(|\bimport)\s*"(\.{1,2}\/[^"]+)"/g;

const partOf = (file) => /^(src\/[^/]+|[^/]+)\//.exec(file)?.[1];

const mistakes = [];
const files = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "src", "web", "infra"],
  {
    encoding: "utf8",
  },
);
for (const file of files.split("\n").filter((name) => /\.[jt]sx?$/.test(name))) {
  const part = partOf(file);
  for (const [, specifier] of readFileSync(file, "utf8").matchAll(IMPORTS)) {
    const imported = posix.join(posix.dirname(file), specifier);
    const other = partOf(imported);
    if (other === part) continue;
    const isTesting = other === "src/testing";
    const isAllowed = isTesting
      ? MAY_TEST.test(file)
      : part === "src/testing"
        ? other.startsWith("src/")
        : ARROWS[part]?.includes(other.replace("src/", ""));
    if (!isAllowed) mistakes.push(`${file}: imports ${imported}`);
  }
}

/** The map's rows: a part, what it is, and what it may import. */
const ROW = /^\| `([^`]+?)\/?` \| .* \| ([a-z, ]+) \|$/gm;
const map = new Map(
  [...readFileSync("CONTRIBUTING.md", "utf8").matchAll(ROW)].map(([, part, names]) => [part, names]),
);
for (const [part, parts] of Object.entries(ARROWS)) {
  const names = parts.join(", ") || "nothing";
  if (map.get(part) !== names)
    mistakes.push(`CONTRIBUTING.md: ${part} may import ${names}; the map says otherwise`);
}
for (const mistake of mistakes) process.stderr.write(`${mistake}\n`);
if (mistakes.length > 0) {
  process.stderr.write('An arrow never runs back (CONTRIBUTING.md, "Import arrows").\n');
  process.exitCode = 1;
}
