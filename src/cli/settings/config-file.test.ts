// Tests of what is shown of a configuration that has mistakes: no secret, wherever it was written.
import { describe, expect, it } from "vitest";
import { parseConfig, renderConfigMistakes } from "./config-file.ts";

const SECRET = "hunter2-hunter2";

function show(content: string): string {
  const outcome = parseConfig(content);
  if ("value" in outcome) throw new Error("no mistake");
  return renderConfigMistakes("config.yaml", content, outcome.mistakes);
}

describe("a publisher's secret", () => {
  it.each([
    ["an unknown key", `publishers:\n  docs:\n    kind: docbase\n    pat: ${SECRET}\n`],
    ["an unknown key, in quotes", `publishers:\n  docs:\n    kind: docbase\n    "pat": "${SECRET}"\n`],
    ["braces with an unknown key", `publishers:\n  docs: { kind: slack, pat: ${SECRET} }\n`],
    ["braces whose kind is unknown", `publishers:\n  docs: { kind: slck, pat: ${SECRET} }\n`],
    ["braces under a name that none may have", `publishers:\n  Docs!: { kind: slack, pat: ${SECRET} }\n`],
    ["braces with another mistake", `publishers:\n  docs: { kind: docbase, team: "!", pat: ${SECRET} }\n`],
    ["the publisher itself", `publishers:\n  slack: ${SECRET}\n`],
    ["the publisher itself, a line further", `publishers:\n  slack:\n    ${SECRET}\n`],
    ["a publisher of a name with a dot", `publishers:\n  "a.b": ${SECRET}\n`],
    ["all publishers", `publishers: ${SECRET}\n`],
    ["a publisher that stands too far left", `publishers:\nslack: { kind: slack, pat: ${SECRET} }\n`],
    ["a key in JSON", `{"publishers": {"slack": {"kind": "slack", "pat": "${SECRET}"}}}\n`],
    [
      "a key in JSON, on its line",
      `{"publishers": {"slack": {\n  "kind": "slack",\n  "pat": "${SECRET}"}}}\n`,
    ],
    ["a list of publishers", `publishers:\n  - ${SECRET}\n`],
    ["a key that stands twice", `publishers:\n  docs:\n    pat: a\n    pat: ${SECRET}\n`],
  ])("is not shown where it stands in the place of %s", (_, content) => {
    expect(show(content)).not.toContain(SECRET.slice(0, 6));
  });

  it("hides no other mistake", () => {
    const content =
      "publishers:\n  docs:\n    kind: docbase\n    team: acme\n    scope: everybody\n    token_env: T\n";
    expect(show(content)).toBe(
      "config.yaml:5:12: publishers.docs.scope: write one of everyone, group, private, not the text " +
        '"everybody"; did you mean "everyone"?\n  5 |     scope: everybody\n    |            ^\n',
    );
  });
});
