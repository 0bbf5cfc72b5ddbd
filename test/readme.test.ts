// The two READMEs are kept in step: the same commands, the same links, the same headings.
import { access, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const read = (name: string) => readFile(new URL(name, root), "utf8");

/** Code blocks without the comments, which are translated. */
function listCommands(text: string): string[] {
  return [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, code = ""]) => code.replace(/ +#.*$/gm, "").trim());
}

const listLinks = (text: string) =>
  [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target).filter((target) => !target?.startsWith("README"));

it("have the same commands, links and shape", async () => {
  const [english, japanese] = [await read("README.md"), await read("README.ja.md")];
  expect(listCommands(japanese)).toEqual(listCommands(english));
  expect(listLinks(japanese)).toEqual(listLinks(english));
  expect(japanese.match(/^#+ /gm)).toEqual(english.match(/^#+ /gm));
});

it("link to pages that are there", async () => {
  for (const page of [
    "README.md",
    "CONTRIBUTING.md",
    "docs/ask.md",
    "docs/push.md",
    "docs/serve.md",
    "docs/api.md",
    "docs/spec.md",
    "docs/problems.md",
  ]) {
    for (const target of listLinks(await read(page))) {
      if (target && !/^https?:|^#/.test(target)) await access(new URL(target.replace(/#.*/, ""), new URL(page, root)));
    }
  }
});
