// The published JSON Schema is what the code says. UPDATE_GOLDEN=1 writes it anew.
import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { makeJsonSchema } from "./spec.ts";

const FILE = new URL("../../schema/spec.v1.json", import.meta.url);

it("schema/spec.v1.json is the schema of the code", async () => {
  const text = `${JSON.stringify(makeJsonSchema(), null, 2)}\n`;
  if (process.env.UPDATE_GOLDEN === "1") await writeFile(FILE, text);
  expect(await readFile(FILE, "utf8")).toBe(text);
});

it("claims no address that is not ours, and describes every option", () => {
  const schema = makeJsonSchema();
  expect(schema).not.toHaveProperty("$id");
  expect(JSON.stringify(schema)).toContain("How long the program may run");
});
