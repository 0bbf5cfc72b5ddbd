// The two READMEs are kept in step: the same commands, the same links, the same headings.
import { access, readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const read = (name: string) => readFile(new URL(name, root), "utf8");

/** Code blocks without the comments, which are translated. */
function listCommands(text: string): string[] {
  return [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, code = ""]) =>
    code.replace(/ +#.*$/gm, "").trim(),
  );
}

const listLinks = (text: string) => [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);

/** Links that both must have: not those to each other, nor to the pages in Japanese. */
const listSharedLinks = (text: string) =>
  listLinks(text).filter((target) => !/^(README|docs\/ja(\/|$))/.test(target));

it("have the same commands, links and shape", async () => {
  const [english, japanese] = [await read("README.md"), await read("README.ja.md")];
  expect(listCommands(japanese)).toEqual(listCommands(english));
  expect(listSharedLinks(japanese)).toEqual(listSharedLinks(english));
  expect(japanese.match(/^#+ /gm)).toEqual(english.match(/^#+ /gm));
});

it("link to pages that are there, and so do all pages", async () => {
  const docs = (await readdir(new URL("docs", root), { recursive: true })).map((name) => `docs/${name}`);
  const pages = [
    "README.md",
    "README.ja.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "infra/README.md",
    ...docs,
  ].filter((name) => name.endsWith(".md"));
  expect(pages).toContain("docs/ja/ask.md");
  const dead: string[] = [];
  for (const page of pages) {
    for (const target of listLinks(await read(page))) {
      if (/^https?:|^#/.test(target)) continue;
      await access(new URL(target.replace(/#.*/, ""), new URL(page, root))).catch(() =>
        dead.push(`${page}: ${target}`),
      );
    }
  }
  expect(dead).toEqual([]);
});
