// Tests of where log lines go when the place is full, gone or stands still.
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { makeFolder } from "../../testing/temporary-folder.ts";
import { createLineSink, openDescriptor, type WriteText } from "./line-sink.ts";

const describeLoss = (count: number, reason: string) => `lost ${count}: ${reason}\n`;

/** A place that fails while it is told to. */
function makePlace() {
  const place = { fault: undefined as string | undefined, text: "" };
  const write: WriteText = (text, done) => {
    if (place.fault) return done(Object.assign(new Error("no"), { code: place.fault }));
    place.text += text;
    done();
  };
  return { place, write };
}

it("drops what cannot be written, and tells how much before the next line", () => {
  const { place, write } = makePlace();
  const sink = createLineSink({ write, describeLoss });
  sink.write("one\n");
  place.fault = "ENOSPC";
  for (let line = 0; line < 3; line++) sink.write("lost\n");
  place.fault = undefined;
  sink.write("two\n");
  sink.write("three\n");
  expect(place.text).toBe("one\nlost 3: ENOSPC\ntwo\nthree\n");
});

it("keeps no more than a bound for a reader that stands still, and writes on when it reads again", () => {
  const waiting: { text: string; done: () => void }[] = [];
  const sink = createLineSink({ write: (text, done) => void waiting.push({ text, done }), describeLoss });
  const line = `${"x".repeat(99_999)}\n`;
  for (let count = 0; count < 100; count++) sink.write(line);
  expect(waiting).toHaveLength(11);
  for (const { done } of waiting.splice(0)) done();
  sink.write("after\n");
  expect(waiting.map(({ text }) => text)).toEqual(["lost 89: its reader stands still\nafter\n"]);
});

it("counts a line that tells of others, and fails itself, with them", () => {
  const { place, write } = makePlace();
  const sink = createLineSink({ write, describeLoss });
  place.fault = "EPIPE";
  for (let line = 0; line < 5; line++) sink.write("lost\n");
  place.fault = undefined;
  sink.write("after\n");
  expect(place.text).toBe("lost 5: EPIPE\nafter\n");
});

it("writes files and devices at once, and says what they say", async () => {
  const path = join(await makeFolder(), "log");
  const stream = new Writable({
    write: () => {
      throw new Error("the stream is not for files");
    },
  });
  const fd = openSync(path, "a");
  const errors: unknown[] = [];
  openDescriptor(fd, stream)("line\n", (error) => errors.push(error));
  expect(readFileSync(path, "utf8")).toBe("line\n");
  closeSync(fd);
  const full = openSync("/dev/full", "a");
  openDescriptor(full, stream)("line\n", (error) => errors.push(error?.code));
  closeSync(full);
  openDescriptor(full, stream)("line\n", (error) => errors.push(error?.code));
  expect(errors).toEqual([undefined, "ENOSPC", "EBADF"]);
});
