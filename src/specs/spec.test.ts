// Good specs, and what people are told of bad ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { runs } from "../testing/runs.ts";
import { renderMistakes } from "./mistake.ts";
import { MAX_SPEC_BYTES, MAX_STEPS } from "./schema.ts";
import { parseSpec, reviewSpec } from "./spec.ts";

const HEAD = "version: 1\ncollect:\n  - host:\n";

/** The mistakes of a text, each as `line:column: path: message`. */
function complain(text: string): readonly string[] {
  const parsed = parseSpec(text);
  if (!("mistakes" in parsed)) return [];
  return parsed.mistakes.map(({ line, column, path, message }) => `${line}:${column}: ${path}: ${message}`);
}

describe("a good spec", () => {
  it("is read with its defaults", () => {
    const text =
      `${HEAD}  - command: { run: [/bin/app], fields: { v: { pattern: x } } }\n  - ` +
      "files: { glob: /a/*, into: p, fields: { n: { path: name } } }\n";
    expect(parseSpec(text)).toEqual({
      spec: {
        version: 1,
        allowCredentials: [],
        steps: [
          { collector: "host", options: { metadata: "auto", metadata_v1: false } },
          {
            collector: "command",
            options: {
              run: ["/bin/app"],
              timeout: 10_000,
              format: "text",
              fields: { v: { pattern: "x", optional: false } },
            },
          },
          {
            collector: "files",
            options: { glob: ["/a/*"], into: "p", format: "text", fields: { n: { path: "name" } } },
          },
        ],
      },
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
  });

  it("may use aliases, and begin with a byte order mark", () => {
    const fields = "fields: &f { a: { pattern: x } }";
    expect(
      complain(
        `\uFEFF${HEAD}  - files: { glob: /a, into: p, ${fields} }\n  - files: { ` +
          "glob: /b, into: q, fields: *f }\n",
      ),
    ).toEqual([]);
  });
});

describe("a mistake in the shape", () => {
  it.each([
    [
      "a program as a text",
      "  - command: { run: app --version, fields: { a: { pattern: x } } }",
      /^4:21: collect\[1\]\.command\.run: write the program and its arguments as a list/,
    ],
    [
      "a program without its path",
      "  - command: { run: [app], fields: { a: { pattern: x } } }",
      /^4:22: collect\[1\]\.command\.run\[0\]: name the program by its absolute path/,
    ],
    [
      "a mistyped collector",
      "  - comand: {}",
      /^4:5: collect\[1\]\.comand: unknown key "comand"; did you mean "command"\?$/,
    ],
    [
      "two collectors in a step",
      "  - command: {}\n    file: {}",
      /^4:5: collect\[1\]: a step names exactly one collector: .*; here: command, file$/,
    ],
    [
      "a step that is a word",
      "  - command",
      /^4:5: collect\[1\]: a step names exactly one collector: .*, not the text "command"$/,
    ],
    ["a step without options", "  - file:", /^4:5: collect\[1\]\.file: write keys with values/],
    [
      "a mistyped option",
      "  - file: { path: /a, formt: json, fields: { a: { pattern: x } } }",
      /^4:23: collect\[1\]\.file\.formt: unknown key "formt"; did you mean "format"\?$/,
    ],
    [
      "a mistyped format",
      "  - file: { path: /a, format: jsno, fields: { a: { pattern: x } } }",
      /format: write one of text, json, .*, not the text "jsno"; did you mean "json"\?$/,
    ],
    [
      "a relative path",
      "  - file: { path: a, fields: { a: { pattern: x } } }",
      /^4:19: collect\[1\]\.file\.path: write an absolute path/,
    ],
    [
      "a mistyped source",
      "  - file: { path: /a, fields: { a: { patern: x } } }",
      /^4:38: collect\[1\]\.file\.fields\.a\.patern: unknown key "patern"; did you mean "pattern"\?$/,
    ],
    [
      "two sources",
      "  - file: { path: /a, fields: { a: { pattern: x, value: y } } }",
      /fields\.a: a field says where its value is: give exactly one of pattern, key, value; here: pattern, value$/,
    ],
    [
      "no source",
      "  - file: { path: /a, fields: { a: {} } }",
      /exactly one of pattern, key, value; none is here$/,
    ],
    [
      "a path outside files",
      "  - file: { path: /a, fields: { a: { path: name } } }",
      /exactly one of pattern, key, value; here: path$/,
    ],
    [
      "a mistyped word beside a source",
      "  - file: { path: /a, fields: { a: { pattern: x, optinal: true } } }",
      /a\.optinal: unknown key "optinal"; did you mean "optional"\?$/,
    ],
    [
      "look-around",
      "  - file: { path: /a, fields: { a: { pattern: '(?=x)' } } }",
      /^4:47: collect\[1\]\.file\.fields\.a\.pattern: not a pattern that RE2 takes: .*no look-around/,
    ],
    [
      "a timeout that is longer than anything takes",
      "  - command: { run: [/a], timeout: 400h, fields: { a: { pattern: x } } }",
      /command\.timeout: a timeout is more than 0 and at most "60s"$/,
    ],
    [
      "a long timeout",
      "  - command: { run: [/a], timeout: 2m, fields: { a: { pattern: x } } }",
      /command\.timeout: a timeout is more than 0 and at most "60s"$/,
    ],
    [
      "a timeout without unit",
      '  - command: { run: [/a], timeout: "5", fields: { a: { pattern: x } } }',
      /command\.timeout: write a duration like/,
    ],
    ["no fields", "  - file: { path: /a, fields: {} }", /file\.fields: give at least one field$/],
    [
      "a name with a control character",
      '  - file: { path: /a, fields: { "a\\u0007": { pattern: x } } }',
      /cannot hold control characters$/,
    ],
    [
      "a timeout without a unit",
      "  - command: { run: [/a], timeout: 5, fields: { a: { pattern: x } } }",
      /^4:36: collect\[1\]\.command\.timeout: write a duration with its unit: 5s or 5ms$/,
    ],
    [
      "a pattern with slashes and flags",
      "  - file: { path: /a, fields: { a: { pattern: /v=(.*)/i } } }",
      /pattern: write the pattern without slashes and flags: \(\?i\)v=\(\.\*\); if the slashes are meant, begin with \[\/\]$/,
    ],
    [
      "a brace that is never closed",
      "  - files: { glob: '/a/{b,c/*', into: p, fields: { a: { pattern: x } } }",
      /files\.glob: the \{ at character 4 is never closed with a \}; write \{a,b\}, or \\\{ where a name has one$/,
    ],
    [
      "a bracket that is never closed",
      "  - files: { glob: ['/a', '/a/[bc/*'], into: p, fields: { a: { pattern: x } } }",
      /files\.glob\[1\]: the \[ at character 4 is never closed with a \]/,
    ],
    [
      "an unknown placeholder",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, match: '--config {file}' }",
      /processes\.match: \{file\} stands for nothing; write \{path\} for the file's path, .*$/,
    ],
    [
      "an unknown placeholder in a form of a list",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, match: " +
        "['{path}', { unit: 'a@{instance}.service' }] }",
      /processes\.match\[1\]\.unit: \{instance\} stands for nothing/,
    ],
    [
      "a form beside match",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, unit: a.service }",
      /^4:68: collect\[1\]\.processes\.unit: write it within match: match: \{ unit: … \}$/,
    ],
    [
      "an unknown form",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, match: { unti: a.service } }",
      /processes\.match\.unti: unknown key "unti"; did you mean "unit"\?$/,
    ],
    [
      "a relative pidfile",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, match: { pidfile: run/app.pid } }",
      /processes\.match\.pidfile: pidfile: write an absolute path/,
    ],
    [
      "a variable without a value",
      "  - processes: { glob: /a, into: p, fields: { a: { pattern: x } }, match: { environ: APP } }",
      /processes\.match\.environ: write a variable and its value: APP_CONFIG=\{path\}$/,
    ],
    [
      "__proto__",
      "  - file: { path: /a, fields: { __proto__: { pattern: x } } }",
      /the key __proto__ is not allowed$/,
    ],
  ])("%s", (_, step, message) => {
    const violations = complain(`${HEAD}${step}\n`);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });

  it("is told once where a word was mistyped, and several are told together", () => {
    expect(complain("version: 1\ncolect: []\n")).toEqual([
      '2:1: colect: unknown key "colect"; did you mean "collect"?',
    ]);
    expect(complain("version: 2\ncollect:\n  - host: { metadata: on }\n")).toEqual([
      "1:10: version: write version: 1",
      '3:23: collect[0].host.metadata: write one of auto, required, off, not the text "on"',
    ]);
  });
});

describe("advice", () => {
  it.each([
    [
      "  - command: { run: [/a, x, '|', /b], fields: { a: { pattern: x } } }",
      /^4:29: collect\[1\]\.command\.run\[2\]: \| is handed to the program as it stands/,
    ],
    ["  - command: { run: [/a, '2>&1'], fields: { a: { pattern: x } } }", /2>&1 is handed/],
    ["  - command: { run: [/a, '&&', /b], fields: { a: { pattern: x } } }", /&& is handed/],
    ["  - command: { run: [/a, 'a|b', -x, '>=1'], fields: { a: { pattern: x } } }", /^$/],
    [
      "  - processes: { glob: /a/*, into: p, fields: { a: { pattern: x } }, match: /usr/sbin/mariadbd }",
      /ties the same process to every file/,
    ],
    [
      "  - processes: { glob: /a/my.cnf, into: p, fields: { a: { pattern: x } }, match: /usr/sbin/mariadbd }",
      /^$/,
    ],
    [
      "  - processes: { glob: /a/*, into: p, fields: { a: { pattern: x } }, match: { " +
        "unit: 'a@{stem}.service' } }",
      /^$/,
    ],
  ])("on %s", (step, message) => {
    const told = reviewSpec(`${HEAD}${step}\n`).map(
      (one) => `${one.line}:${one.column}: ${one.path}: ${one.message}`,
    );
    expect(complain(`${HEAD}${step}\n`)).toEqual([]);
    expect(told.join("\n")).toMatch(message);
  });

  it("is silent on patterns and globs that only look odd", () => {
    const globs = ["/a/[]ab]/*", "/a/[!x]/{b,c}", "/a/\\\\{x", "/a/b-(c).conf"];
    const files = globs.map(
      (glob, at) => `  - files: { glob: "${glob}", into: p${at}, fields: { a: { pattern: '/usr/lib/' } } }\n`,
    );
    expect(complain(`${HEAD}${files.join("")}`)).toEqual([]);
  });
});

describe("a mistake between steps", () => {
  it.each([
    [
      "no host",
      "version: 1\ncollect:\n  - file: { path: /a, fields: { a: { pattern: x } } }\n",
      /collect: the step host is missing/,
    ],
    ["two hosts", `${HEAD}  - host:\n`, /^4:5: collect\[1\]: the step host stands twice/],
    [
      "a host's field",
      `${HEAD}  - file: { path: /a, fields: { instance_id: { pattern: x } } }\n`,
      /^4:33: .*: collect\[0\] already gives the field "instance_id"/,
    ],
    [
      "a field twice",
      `${HEAD}  - file: { path: /a, fields: { a: { pattern: x } } }\n  - files: { ` +
        "glob: /a, into: a, fields: { a: { pattern: x } } }\n",
      /^5:30: collect\[2\]\.files\.into: collect\[1\] already gives the field "a"/,
    ],
    [
      "rollcall",
      `${HEAD}  - file: { path: /a, fields: { rollcall: { pattern: x } } }\n`,
      /rollcall is the name of what Rollcall itself writes/,
    ],
    [
      "a key in plain text",
      `${HEAD}  - file: { path: /a, fields: { a: { key: x } } }\n`,
      /fields\.a\.key: plain text has no keys/,
    ],
  ])("%s", (_, text, message) => {
    const violations = complain(text);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });
});

describe("a document that is refused", () => {
  it.each([
    ["", /empty/],
    ["- a\n", /not a list/],
    ["a: 1\na: 2\n", /^2:1: : this key stands twice/],
    ["a: [\n", /^\d+:\d+: : not YAML: [^\n]*$/],
    ["version: 1\ncollect:\n\t- host:\n", /^3:1: : a tab indents/],
    ["a: !foo b\n", /tags \(!name\) are not taken/],
    ["a: !!binary aGk=\n", /tags/],
    ["? {a: 1}\n: 2\n", /plain text/],
    [`${HEAD}---\n${HEAD}`, /^4:1: : a second document/],
    ["a: *x\n", /alias/],
    [
      "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n",
      /alias/,
    ],
    ["[".repeat(1000), /nested/],
    ["x".repeat(MAX_SPEC_BYTES + 1), /65537 bytes; the limit is 65536/],
    [HEAD + "  - file: {}\n".repeat(MAX_STEPS), /at most 100 steps/],
  ])("%j", (text, message) => {
    expect(complain(text).join("\n")).toMatch(message);
  });

  it("is never the end of the program, whatever it holds", () => {
    const word = fc.constantFrom(
      "version",
      "collect",
      "host",
      "command",
      "file",
      "files",
      "run",
      "path",
      "fields",
      "pattern",
      "key",
      "a",
    );
    const leaf = fc.oneof(fc.constantFrom<unknown>(1, null, "/a", "x", true, "json", "5s"), fc.string());
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(word, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    const steps = fc.record({
      version: fc.constant(1),
      collect: fc.array(fc.dictionary(word, tree, { maxKeys: 2 })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          steps.map((value) => stringify(value)),
          fc.string(),
        ),
        (text) => {
          const parsed = parseSpec(text);
          if ("mistakes" in parsed)
            expect(renderMistakes("f", text, parsed.mistakes)).toMatch(/^f:\d+:\d+: /);
        },
      ),
      { numRuns: runs(125) },
    );
  });
});
