// The dialects of INI beside the programs that they are: Python's configparser, PHP, MariaDB's
// my_print_defaults, on texts that fast-check makes and on the machine's own files; systemd's units
// beside what awk makes of them.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AmbiguousValue } from "../../src/collect/formats/tree.ts";
import { parseFormat } from "../../src/collect/formats.ts";
import type { TreeFormat } from "../../src/specs/schema.ts";
import { makeFolder } from "../../src/testing/temporary-folder.ts";

type Sections = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Sections without those that are empty; undefined for a text that is refused. Values in doubt are
 * left as they are.
 */
function read(text: string, format: TreeFormat): Sections | undefined {
  const parsed = parseFormat(text, format);
  if ("fault" in parsed) return undefined;
  const sections = Object.entries(parsed.tree as Sections).map(
    ([name, members]) => [name, { ...members }] as const,
  );
  return Object.fromEntries(sections.filter(([, members]) => Object.keys(members).length > 0));
}

/**
 * Texts of sections and entries, with all that dialects disagree on; many more are alike than at
 * random.
 */
function texts(lines: readonly string[], count: number): readonly string[] {
  const value = fc
    .array(
      fc.constantFrom(
        "a",
        "b1.10",
        "#",
        ";",
        " ",
        " ; c",
        " # c",
        '"',
        "'",
        "\\",
        "\\n",
        "=",
        ":",
        "[",
        "]",
        "%(x)s",
        "é",
      ),
      {
        maxLength: 5,
      },
    )
    .map((parts) => parts.join(""));
  const key = fc.constantFrom("k", "Key", "a.b", "x_y", "long name");
  const entry = fc
    .tuple(key, fc.constantFrom("=", " = "), value)
    .map(([name, equals, text]) => `${name}${equals}${text}`);
  const line = fc.oneof(
    { weight: 3, arbitrary: entry },
    { weight: 1, arbitrary: fc.constantFrom("", "; c", "# c", ...lines) },
  );
  const text = fc.array(line, { minLength: 1, maxLength: 6 }).map((all) => ["[s]", ...all, ""].join("\n"));
  return fc.sample(text, { numRuns: count, seed: 1 });
}

function ask(program: string, args: readonly string[], asked: readonly string[]): readonly unknown[] {
  const options = { input: JSON.stringify(asked), encoding: "utf8", maxBuffer: 64e6 } as const;
  return JSON.parse(execFileSync(program, args, options)) as readonly unknown[];
}

function machineFiles(folder: string, name: RegExp): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => readFileSync(join(folder, entry.name), "utf8"));
}

/**
 * Values in doubt are told, and are no one's claim; what is certain must be as the program has it.
 */
function expectCertain(ours: Sections | undefined, theirs: unknown, text: string): void {
  for (const [section, members] of Object.entries(ours ?? {})) {
    for (const [key, value] of Object.entries(members)) {
      if (value instanceof AmbiguousValue) continue;
      expect(
        (theirs as Record<string, Record<string, unknown>> | null)?.[section]?.[key],
        JSON.stringify(text),
      ).toEqual(value);
    }
  }
}

describe("configparser", () => {
  const script = `
import configparser, json, sys
def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return {name: dict(parser._sections[name]) for name in parser.sections() if parser._sections[name]}
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`;

  it("reads as Python does", () => {
    const asked = [
      ...texts(["[t]", "[t] ; c", " deeper = 1", "  - item", "bare", "key: v", "[s]"], 1500),
      "[options]\ninstall_requires =\n    requests>=2.0 ; python_version > '3'\n    " +
        "attrs\n\n    # c\n    x\n[tool:pytest]\naddopts = -q\n",
    ];
    const answers = ask("python3", ["-c", script], asked);
    expect(answers.filter((answer) => answer !== null).length).toBeGreaterThan(300);
    for (const [index, text] of asked.entries()) {
      const ours = read(text, "configparser");
      // Python refuses a text with a key twice; of that we tell, key by key.
      if (answers[index] !== null) expect(ours, JSON.stringify(text)).toEqual(answers[index]);
      else if (!/\[([st])\][\s\S]*\[\1\]/.test(text)) {
        expect(
          ours === undefined || /stands in the text/.test(JSON.stringify(ours)),
          JSON.stringify(text),
        ).toBe(true);
      }
    }
  });
});

describe("php.ini", () => {
  const script = `
$words = function ($text) { return @parse_ini_string($text, true, INI_SCANNER_NORMAL); };
$answers = array_map(function ($text) use ($words) {
  $read = $words($text);
  if ($read === false) return null;
  return array_filter($read, fn($members) => is_array($members) && count($members) > 0);
}, json_decode(file_get_contents("php://stdin"), true));
echo json_encode($answers, JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE);`;

  it("reads as PHP does what it says without doubt", () => {
    const asked = texts(
      ["[t] ; c", "l[] = 1", "l[] = 2", "bare", "q = 'it;s' ; c", 'd = "C:\\new" ; c'],
      1500,
    );
    const answers = ask("php", ["-r", script], asked);
    let compared = 0;
    for (const [index, text] of asked.entries()) {
      // What PHP refuses, or replaces by itself, has no value of PHP's to compare with.
      if (answers[index] === null || /[[(%:]/.test(text.replaceAll(/^\[[st]\]/gm, "").replaceAll("l[]", "")))
        continue;
      expectCertain(read(text, "php.ini"), answers[index], text);
      compared++;
    }
    expect(compared).toBeGreaterThan(300);
  });

  it("reads the machine's php.ini as PHP does", () => {
    const files = ["cli", "fpm"].flatMap((name) => readPhpFolder(name));
    for (const text of files) {
      const [answer] = ask("php", ["-r", script.replace("INI_SCANNER_NORMAL", "INI_SCANNER_RAW")], [text]);
      expectCertain(read(text, "php.ini"), answer, text.slice(0, 200));
    }
  });

  function readPhpFolder(name: string): readonly string[] {
    const [version = ""] = readdirSync("/etc/php");
    const folders = readdirSync(`/etc/php/${version}`);
    return folders.includes(name) ? machineFiles(`/etc/php/${version}/${name}`, /\.ini$/) : [];
  }
});

describe("my.cnf", () => {
  const script =
    `for file in "$@"; do my_print_defaults --defaults-file="$file" s t client mysqld ` +
    "mysqldump; printf '\\0'; done";

  async function printDefaults(asked: readonly string[]): Promise<readonly string[]> {
    const folder = await makeFolder({});
    const paths = asked.map((_, index) => join(folder, `${index}.cnf`));
    await Promise.all(paths.map((path, index) => writeFile(path, asked[index] ?? "")));
    return execFileSync("sh", ["-c", script, "sh", ...paths], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).split("\0");
  }

  /** The last value of each option, of all groups together, as a program would have it. */
  function lastOnes(printed: string): Readonly<Record<string, unknown>> {
    const options = printed.split("\n").flatMap((line) => (line.startsWith("--") ? [line.slice(2)] : []));
    return Object.fromEntries(options.map((option) => splitOption(option)));
  }

  function splitOption(option: string): readonly [string, unknown] {
    const equals = option.indexOf("=");
    return equals < 0
      ? [canonical(option), true]
      : [canonical(option.slice(0, equals)), option.slice(equals + 1)];
  }

  const canonical = (name: string): string => name.trimEnd().replaceAll("-", "_");

  it("reads as my_print_defaults does", async () => {
    const asked = texts(["skip-name", "x-y = 2", "'q' = 1", "e = a\\sb\\\\c", 'f = "a#b" # c'], 200).filter(
      (text) => !text.includes("\\n"),
    );
    const answers = await printDefaults(asked);
    for (const [index, text] of asked.entries()) {
      const ours = Object.entries(read(text, "my.cnf")?.s ?? {});
      const plain = ours.map(([key, value]) => [
        key,
        value instanceof AmbiguousValue ? value.best?.node : value,
      ]);
      expect(Object.fromEntries(plain), JSON.stringify(text)).toEqual(lastOnes(answers[index] ?? ""));
    }
  });

  it("reads the machine's option files as my_print_defaults does", async () => {
    const asked = ["/etc/mysql", "/etc/mysql/conf.d", "/etc/mysql/mariadb.conf.d"].flatMap((folder) =>
      machineFiles(folder, /\.cnf$/).map((text) => text.replaceAll(/^!.*$/gm, "")),
    );
    const answers = await printDefaults(asked);
    for (const [index, text] of asked.entries()) {
      const groups = Object.entries(read(text, "my.cnf") ?? {}).filter(([name]) =>
        ["client", "mysqld", "mysqldump"].includes(name),
      );
      const ours = Object.assign({}, ...groups.map(([, members]) => members)) as Record<string, unknown>;
      expect(ours).toEqual(lastOnes(answers[index] ?? ""));
    }
  });
});

describe("systemd", () => {
  // By systemd.syntax(7), and by another program's hand: lines that go on are joined, comments are
  // left out.
  const script = String.raw`
    /^[ \t]*[#;]/ { next }
    { sub(/^[ \t]+/, ""); line = line $0 }
    line ~ /\\$/ { sub(/\\$/, " ", line); next }
    { sub(/[ \t]+$/, "", line) }
    line ~ /^\[.*\]$/ { section = substr(line, 2, length(line) - 2) }
    line !~ /^\[/ && line ~ /=/ {
      at = index(line, "="); key = substr(line, 1, at - 1); value = substr(line, at + 1)
      sub(/[ \t]+$/, "", key); sub(/^[ \t]+/, "", value)
      printf "%s\t%s\t%s\n", section, key, value
    }
    { line = "" }`;

  const unit = String.raw`# Shipped
[Unit]
Description=A "quoted" one; with # both   
Documentation=man:a(8) https://example.com/x;y#z
[Service]
; a comment
Environment="A=b c" 'D=e' F=%i
Environment=G="h"
ExecStart=/bin/sh -c 'echo "$1" \
# in between
  | grep "\.x" ; true' %n
ExecStartPre=
ExecReload=/bin/kill -HUP $MAINPID
[Install]
WantedBy = multi-user.target
`;

  it("reads units whole", () => {
    const units = machineFiles("/lib/systemd/system", /\.(?:service|socket|timer|mount|path|target|slice)$/);
    expect(units.length).toBeGreaterThan(0);
    for (const text of [unit, ...units]) {
      const expected: Record<string, Record<string, string[]>> = {};
      const printed = execFileSync("awk", [script], { input: text, encoding: "utf8" });
      for (const line of printed.split("\n").filter(Boolean)) {
        const [section = "", key = "", value = ""] = line.split("\t");
        expected[section] ??= {};
        expected[section][key] =
          value === "" ? [""] : [...(expected[section][key] ?? []).filter(Boolean), value];
      }
      const ours = Object.entries(read(text, "systemd") ?? {}).map(([name, members]) => [
        name,
        Object.fromEntries(
          Object.entries(members).map(([key, value]) => [key, Array.isArray(value) ? value : [value]]),
        ),
      ]);
      expect(Object.fromEntries(ours)).toEqual(expected);
    }
  });
});
