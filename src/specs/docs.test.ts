// Every collector and option has its words in the docs, and every spec in the docs is a good one.
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { DEFAULT_SPEC } from "./default-spec.ts";
import { HOST_FIELDS } from "./host-fields.ts";
import { renderMistakes } from "./mistake.ts";
import { COLLECTOR_OPTIONS, FORMATS } from "./schema.ts";
import { parseSpec } from "./spec.ts";

const DOCS = new URL("../../docs/", import.meta.url);
const COLLECTORS = Object.entries(COLLECTOR_OPTIONS);

function read(path: string): Promise<string> {
  return readFile(new URL(path, DOCS), "utf8");
}

function mistakes(text: string): string {
  const parsed = parseSpec(text);
  return "mistakes" in parsed ? renderMistakes("spec.yaml", text, parsed.mistakes) : "";
}

/** The YAML blocks that are whole specs. */
function listSpecs(page: string): readonly string[] {
  const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? "");
  return blocks.filter((block) => block.startsWith("version:"));
}

describe("the docs", () => {
  it.each(COLLECTORS)(
    "have a page for %s with every option and a spec that shows it",
    async (name, options) => {
      const page = await read(`collectors/${name}.md`);
      expect(page.startsWith(`# ${name}\n`)).toBe(true);
      const headings = [...page.matchAll(/^`([a-z_0-9]+)(?::[^`]*)?`$/gm)].map((match) => match[1]);
      expect(headings).toEqual(Object.keys(options.shape));
      const specs = listSpecs(page);
      expect(specs.length).toBeGreaterThan(0);
      expect(specs.map(mistakes)).toEqual(specs.map(() => ""));
    },
  );

  it("have no page for a collector that is not", async () => {
    expect((await readdir(new URL("collectors/", DOCS))).sort()).toEqual(
      COLLECTORS.map(([name]) => `${name}.md`).sort(),
    );
  });

  it("name every collector, format and field source in spec.md", async () => {
    const page = await read("spec.md");
    for (const [name] of COLLECTORS) expect(page).toContain(`[\`${name}\`](collectors/${name}.md)`);
    for (const format of FORMATS) expect(page).toContain(`| \`${format}\` |`);
    for (const source of ["pattern", "key", "path", "value"])
      expect(page).toMatch(new RegExp(`^\`${source}: [^\`]+\`$`, "m"));
    for (const word of ["optional: true", "version", "collect"]) expect(page).toContain(word);
    expect(listSpecs(page).map(mistakes)).toEqual([""]);
  });

  it("name every field of the host", async () => {
    const page = await read("collectors/host.md");
    for (const field of HOST_FIELDS) expect(page).toContain(`| \`${field}\` |`);
  });
});

it("the built-in spec, the example and the fixture's spec are good ones", async () => {
  expect(mistakes(DEFAULT_SPEC)).toBe("");
  expect(mistakes(await read("../examples/spec.yaml"))).toBe("");
  expect(mistakes(await read("../test/fixture-host.spec.yaml"))).toBe("");
});
