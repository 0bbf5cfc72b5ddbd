// Tests of names that are known by a spec before a report has them.
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { formatFieldPath } from "../grammar/path.ts";
import { signEdition } from "../specs/edition.ts";
import { makeKeyPair, parsePrivateKey } from "../specs/spec-key.ts";
import { CURRENT_EDITION_KEY } from "../store/layout.ts";
import { Unavailable, Unreadable } from "../store/store.ts";
import { makeStoreDouble } from "../testing/store-double.ts";
import { createPublishedNames } from "./published-names.ts";

function publish(...specs: string[]): Buffer {
  const key = parsePrivateKey(makeKeyPair().privatePem);
  if (!key) throw new Error("a key that cannot be read back");
  const edition = {
    format: 1 as const,
    number: 1,
    issued_at: "2026-01-01T00:00:00Z",
    expires_at: "2026-04-01T00:00:00Z",
    parts: specs.map((spec) => ({ spec })),
  };
  return signEdition(edition, key);
}

const makeSpec = (field: string) =>
  "version: 1\ncollect:\n  - host:\n  - command:\n      run: [/bin/true]\n      fields:\n" +
  `        ${field}: { pattern: x }\n`;

it("are all fields that a report by the spec has", async () => {
  const read = (name: string) => readFile(new URL(`../../test/${name}`, import.meta.url), "utf8");
  const { store, clock, put } = makeStoreDouble();
  await put(CURRENT_EDITION_KEY, publish(makeSpec("other"), await read("fixture-host.spec.yaml")));
  const known = await createPublishedNames({ store, clock })();
  const { rollcall: _own, ...report } = JSON.parse(await read("fixture-host.report.json")) as object & {
    rollcall: unknown;
  };
  const unknown: string[] = [];
  const look = (value: unknown, path: readonly string[]): void => {
    if (Array.isArray(value)) for (const one of value) look(one, path);
    else if (typeof value === "object" && value !== null)
      for (const [name, inner] of Object.entries(value)) {
        const text = formatFieldPath([...path, name]);
        if (!known?.names.has(text)) unknown.push(text);
        else if (!known.open.has(text)) look(inner, [...path, name]);
      }
  };
  look(report, []);
  expect(unknown).toEqual([]);
  expect(known?.names).toContain("other");
  // What collectors write where there is something to tell.
  for (const name of ["running.reason", "running.changed.by", "os.kernel", "gpus.driver"])
    expect(known?.names).toContain(name);
  // A mistake is none of them.
  expect(known?.names).not.toContain("running.stat");
});

it("are read again when a new edition is there, and not at each question", async () => {
  const { store, clock, put, gets, advance } = makeStoreDouble();
  const read = createPublishedNames({ store, clock });
  expect((await read())?.names.size).toBe(0);
  await put(CURRENT_EDITION_KEY, publish(makeSpec("new_field")));
  expect((await read())?.names.size).toBe(0);
  expect(gets).toHaveLength(1);
  advance(11_000);
  expect((await read())?.names).toContain("new_field");
  expect(gets).toHaveLength(2);
});

it("cannot be told where the store fails, or of a later form; who may not read has none", async () => {
  const { store, clock, put } = makeStoreDouble();
  const failing = (error: Error) => ({ ...store, get: () => Promise.reject(error) });
  expect(await createPublishedNames({ store: failing(new Unavailable("503")), clock })()).toBeUndefined();
  const refused = await createPublishedNames({ store: failing(new Unreadable("AccessDenied")), clock })();
  expect(refused?.names.size).toBe(0);
  await put(CURRENT_EDITION_KEY, publish("version: 2\n"));
  expect(await createPublishedNames({ store, clock })()).toBeUndefined();
});

it("are none of what is no edition", async () => {
  const { store, clock, put } = makeStoreDouble();
  for (const bytes of ["", "no JSON", '{"payloadType":"x"}', "[]"]) {
    await put(CURRENT_EDITION_KEY, bytes);
    expect((await createPublishedNames({ store, clock })())?.names.size).toBe(0);
  }
});
