// Tests of CSV made into what its reader takes.
import { expect, it } from "vitest";
import { CommandError } from "../program/failure.ts";
import { convertCsv, type SeparatedOptions } from "./separated-values.ts";

async function convert(csv: string, options: SeparatedOptions): Promise<string> {
  const chunks: Buffer[] = [];
  // A character and a quoted cell may come in two pieces.
  const bytes = Buffer.from(csv);
  const pieces = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  for await (const chunk of convertCsv(pieces, options)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

const CSV = 'id,名前,note\r\ni-1,本番,"a ""quoted"", text\nin two lines"\r\ni-2,=1+1,-5\r\ni-3,,\r\n';

it("separates by tabs", async () => {
  expect(await convert(CSV, { delimiter: "\t", forExcel: false })).toBe(
    'id\t名前\tnote\ni-1\t本番\t"a ""quoted"", text\nin two lines"\ni-2\t=1+1\t-5\ni-3\t\t\n',
  );
});

it("ends lines on a terminal as a terminal does, with no mark that would be seen", async () => {
  expect(await convert("id\r\n=1\r\n", { delimiter: ",", forExcel: true, forTerminal: true })).toBe(
    "id\n'=1\n",
  );
});

it("marks UTF-8 for Excel, once, and makes formulas harmless", async () => {
  const rows = Array.from({ length: 1000 }, (_, at) => `i-${at},=cmd|'/C calc'!A0,x\r\n`).join("");
  const text = await convert(CSV + rows, { delimiter: ",", forExcel: true });
  expect(text.startsWith("\ufeffid,名前,note\r\n")).toBe(true);
  expect(text.match(/\ufeff/g)).toHaveLength(1);
  expect(text).toContain("i-2,'=1+1,'-5\r\n");
  expect(text).not.toMatch(/,[=+\-@]/);
});

it("ends where what it reads ends in the middle", async () => {
  async function* breakOff() {
    yield Buffer.from("id\r\ni-1\r\n");
    throw new CommandError("the answer broke off");
  }
  const reading = convertCsv(breakOff(), { delimiter: "\t", forExcel: false });
  await expect(
    (async () => {
      for await (const _ of reading);
    })(),
  ).rejects.toThrow("the answer broke off");
});
