// The forms of the answers of rollcall aws init, held against the templates that they are given to.
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../testing/runs.ts";
import { FORMS, parseReporters } from "./aws-answers.ts";
import { AUTHORIZER_CONCURRENCY, RESERVED_CONCURRENCY } from "./aws-deployment.ts";

import { SETTINGS } from "./aws-settings.ts";

interface Template {
  readonly Parameters: Readonly<
    Record<string, { readonly AllowedPattern?: string; readonly Default?: unknown }>
  >;
}

async function readParameter(template: string, name: string) {
  const text = await readFile(
    new URL(`../../../infra/templates/rollcall-${template}.template.json`, import.meta.url),
    "utf8",
  );
  const parameter = (JSON.parse(text) as Template).Parameters[name];
  if (!parameter) throw new Error(`rollcall-${template} has no parameter ${name}`);
  return parameter;
}

describe("FORMS", () => {
  it.each([
    ["name", "store", "Name"],
    ["name", "reader", "Name"],
    ["organization", "store", "OrganizationId"],
    ["account", "store", "Accounts"],
    ["bucket", "reader", "Bucket"],
    ["bucket", "hosts", "Bucket"],
    ["alarmEmail", "reader", "AlarmEmail"],
  ] as const)("%s takes nothing that %s's %s refuses", async (form, template, name) => {
    const { AllowedPattern = "" } = await readParameter(template, name);
    const pattern = new RegExp(AllowedPattern);
    // Near misses too: what a form makes, and with a character changed.
    const near = fc
      .tuple(
        fc.stringMatching(new RegExp(FORMS[form].form.source.replace("(?!.*\\.\\.)", ""))),
        fc.nat(),
        fc.constantFrom(..."-.@ aZ0"),
      )
      .map(
        ([text, at, character]) =>
          text.slice(0, at % text.length) + character + text.slice((at % text.length) + 1),
      );
    const taken = fc.stringMatching(new RegExp(FORMS[form].form.source.replace("(?!.*\\.\\.)", "")));
    fc.assert(
      fc.property(fc.oneof(taken, near), (text) => !FORMS[form].form.test(text) || pattern.test(text)),
    );
  });

  it.each(["jwtIssuer", "jwtAudience", "jwtKeys", "jwtAlgorithms", "signInScopes"] as const)(
    "%s takes nothing that the reader's template refuses, nor what a shell would take for more",
    async (name) => {
      const { form, parameters } = SETTINGS[name];
      const [[parameter]] = parameters.reader("") as [[string, string]];
      const { AllowedPattern = "" } = await readParameter("reader", parameter);
      fc.assert(
        fc.property(fc.stringMatching(form), (text) => {
          expect(text).toMatch(new RegExp(AllowedPattern));
          expect(text).toMatch(/^[\w.~:/@%+,=-]+$/);
        }),
        { numRuns: runs(30) },
      );
    },
  );

  it("makes names that the hosts' template takes", async () => {
    const { AllowedPattern = "" } = await readParameter("hosts", "HostName");
    fc.assert(
      fc.property(fc.stringMatching(FORMS.name.form), (name) =>
        new RegExp(AllowedPattern).test(`${name}-host`),
      ),
    );
  });

  it.each([
    ["name", ["ab", "a1", "fleet-2"], ["a", "foo-", "-a", "1a", "a".repeat(25)]],
    ["bucket", ["abc", "a.b.c"], ["a..b", "ab", ".ab", "ab-"]],
    ["alarmEmail", ["ops@example.com", "a.b+c@x.co.jp"], ["a@b", "a@b.", "a@.b", "a@b..c", "@b.c"]],
  ] as const)("%s", (form, good, bad) => {
    for (const text of good) expect(FORMS[form].form.test(text), text).toBe(true);
    for (const text of bad) expect(FORMS[form].form.test(text), text).toBe(false);
  });
});

describe("parseReporters", () => {
  it("gives accounts as the template takes them", async () => {
    const { AllowedPattern = "" } = await readParameter("store", "Accounts");
    const accounts = fc.array(fc.stringMatching(FORMS.account.form), { maxLength: 5 });
    fc.assert(
      fc.property(accounts, fc.constantFrom(",", ", ", " "), (ids, separator) => {
        const read = parseReporters(ids.join(separator));
        expect(read).toEqual({ organization: "", accounts: ids });
        expect(ids.join(",")).toMatch(new RegExp(AllowedPattern));
      }),
    );
  });
});

describe("RESERVED_CONCURRENCY", () => {
  it("is what the reader's template reserves by itself", async () => {
    const { Default } = await readParameter("reader", "ReservedConcurrency");
    expect(RESERVED_CONCURRENCY).toBe(Number(Default) + 1);
    const text = await readFile(
      new URL("../../../infra/templates/rollcall-reader.template.json", import.meta.url),
      "utf8",
    );
    const { ReservedConcurrentExecutions } = JSON.parse(text).Resources.AuthorizerFunction.Properties;
    expect(ReservedConcurrentExecutions["Fn::If"]).toContain(AUTHORIZER_CONCURRENCY);
  });
});
