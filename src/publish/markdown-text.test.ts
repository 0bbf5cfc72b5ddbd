// Tests of Markdown with other people's words in it, rendered by a real renderer.
import fc from "fast-check";
import MarkdownIt from "markdown-it";
import { describe, expect, it } from "vitest";
import { makeOverview } from "../testing/overview-double.ts";
import { runs } from "../testing/runs.ts";
import { escapeText, formatCode, formatHeading, makeTable } from "./markdown-text.ts";
import { fillIn } from "./page-links.ts";
import { layOutPages, MIN_PAGE_BYTES } from "./pages.ts";

// As generous as any server: HTML goes through, addresses become links.
const markdown = new MarkdownIt({ html: true, linkify: true, typographer: false });

/** The cells of all tables, as the text that is seen. */
function readCells(text: string): string[][] {
  const rows: string[][] = [];
  let isCell = false;
  for (const token of markdown.parse(text, {})) {
    if (token.type === "tr_open") rows.push([]);
    if (token.type === "td_open" || token.type === "th_open") isCell = true;
    if (token.type === "td_close" || token.type === "th_close") isCell = false;
    if (token.type !== "inline" || !isCell) continue;
    const kinds = (token.children ?? []).map(({ type }) => type);
    expect(kinds.filter((kind) => !["text", "text_special", "code_inline"].includes(kind))).toEqual([]);
    rows.at(-1)?.push((token.children ?? []).map(({ content }) => content).join(""));
  }
  return rows;
}

/**
 * What is seen of a value that is short and has no characters that nobody can see; spaces look
 * alike.
 */
const seen = (text: string) => text.replaceAll("\u2060", "").replaceAll("\u00a0", " ");

const hostile = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        "|",
        "`",
        "\\",
        "<b>",
        "&amp;",
        "*",
        "_",
        "[x](y)",
        "![",
        "@all",
        "#1",
        "https://a.b",
        "~~",
        "|\\",
        "``",
        " ",
        "  ",
        "<!--",
        "-->",
        "$",
        "a",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

describe.each([
  ["formatCode", formatCode],
  ["escapeText", escapeText],
])("%s", (_, format) => {
  it("shows every value as itself, in one cell, as text alone", () => {
    fc.assert(
      fc.property(hostile, hostile, (one, other) => {
        const { head, rows } = makeTable("", ["A", "B"], [[format(one), format(other)]], []);
        const cells = readCells(head + rows.join(""));
        expect(cells).toHaveLength(2);
        for (const [at, value] of [one, other].entries()) {
          if (/\p{Cc}|\p{Cf}|\p{Cn}|\p{Co}|\p{Cs}|[\u2028\u2029]/u.test(value)) continue;
          // Space at the ends of a cell is not seen.
          expect(seen(cells[1]?.[at] ?? "").trim()).toBe(seen(value).trim());
        }
      }),
      { numRuns: runs(600) },
    );
  });

  it("shows what cannot be seen, and cuts what is long", () => {
    expect(format("a\nb\u202ec\u0007")).toMatch(/a.*⏎.*b.*u202e.*c.*u0007/);
    expect(format("x".repeat(10_000)).length).toBeLessThan(600);
    expect(format("x".repeat(10_000))).toContain("…");
    expect(format("👩‍👩‍👧‍👦".repeat(100))).not.toContain("\ufffd");
  });
});

describe("templates", () => {
  const template = fc.array(
    fc.constantFrom("{{page:summary}}", "\ue000summary\ue001", "{{", "}}", "{%", "%}", "{#", "${", "a"),
    {
      minLength: 1,
      maxLength: 6,
    },
  );

  it(
    "are text in a value: nothing in it is filled in, by us or by what makes pages of " + "Markdown",
    async () => {
      await fc.assert(
        fc.asyncProperty(template, async (parts) => {
          const value = parts.join("");
          const overview = await makeOverview([{ id: "i-1", service: "s", module: value }]);
          for (const { body } of layOutPages(overview, 100_000)) {
            const filled = fillIn(body, () => "FILLED");
            expect(filled.match(/FILLED/g) ?? []).toHaveLength(1);
            expect(filled).not.toMatch(/\{[{%#]/);
            expect(fillIn(filled, () => "TWICE")).toBe(filled);
          }
        }),
        { numRuns: 200 },
      );
    },
  );

  it("and headings are plain text", () => {
    const title = "www.evil.example <b> {{x}} @all _a_ [x](y) https://evil.example #1 `c`";
    expect(markdown.renderInline(formatHeading(title))).not.toMatch(/<(?!\/?p)/);
    expect(formatHeading("What runs where: payments-api")).toBe("What runs where: payments-api");
  });
});

describe("pages", () => {
  it("stay below the limit, and lose nothing", async () => {
    const hosts = Array.from({ length: 800 }, (_, at) => ({
      id: `i-${at}`,
      service: `s${at % 3}`,
      module: at % 2 ? "A_red_1.9" : "A_red_1.10",
    }));
    const overview = await makeOverview(hosts);
    for (const limit of [MIN_PAGE_BYTES, 20_000, 1_000_000]) {
      const pages = layOutPages(overview, limit);
      for (const { body } of pages) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(limit);
      expect(new Set(pages.map(({ slug }) => slug)).size).toBe(pages.length);
      const text = pages.map(({ body }) => body).join("");
      for (const { id, module } of hosts) if (module === "A_red_1.9") expect(text).toContain(`| \`${id}\` |`);
      // Every link leads to a page.
      const slugs = new Set(pages.map(({ slug }) => slug));
      for (const [, slug = ""] of text.matchAll(/\ue000([^\ue001]+)\ue001/g)) expect(slugs).toContain(slug);
    }
  });

  it("show hostile values as text, on every page", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(hostile, { minLength: 1, maxLength: 5 }),
        hostile,
        async (modules, service) => {
          const hosts = modules.map((module, at) => ({
            id: `i-${at}`,
            service: service.replaceAll("_", "-") || "s",
            module,
          }));
          for (const { body } of layOutPages(await makeOverview(hosts), 100_000)) {
            const html = markdown.render(body);
            expect(html).not.toMatch(/<(?:script|b|img|!--)/);
            expect(
              [...html.matchAll(/href="([^"]*)"/g)].every(([, href = ""]) =>
                /^(?:%EE%80%80|\ue000|#)/.test(href),
              ),
            ).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("say in a sentence how things are", async () => {
    const [summary] = layOutPages(
      await makeOverview([
        { id: "i-1", service: "s", module: "A_1.0" },
        { id: "i-2", service: "s", module: "A_1.1" },
      ]),
      100_000,
    );
    expect(summary?.body).toMatch(
      /^\*\*2 hosts reported\.\*\* 1 host has something that is behind\. As of 2024-03-01 00:00 UTC\.\n/,
    );
  });
});
