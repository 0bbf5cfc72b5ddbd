// Slow readers and half-open handshakes over TLS, against the built program: the same on Node
// (tls-readers.test.ts) and in the executable (executable-hostile.test.ts).
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "../command.ts";
import { makeHome, type RunOptions, runShell, startProgram, stop, waitForOutput } from "../program.ts";

/** A slow reader is cut after 50 s at most, and a handshake has 10 s. */
const WAIT = { timeout: 120_000, interval: 1000 };
const READERS = 60;
const HANDSHAKES = 100;
const REPORTS = 200;
const MEBIBYTE = 1024;

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describeTlsReaders(name: string, program?: string): void {
  describe(`${name}: slow readers over TLS`, () => {
    let home: string;
    let remove: () => Promise<void>;
    const children: ChildProcess[] = [];
    const sockets: Socket[] = [];
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
      await remove();
    });

    it("they are let go, handshakes that do not end too, and memory is bounded meanwhile", async () => {
      const options: RunOptions = { home, ...(program !== undefined && { program }) };
      await mkdir(join(home, "store"));
      for (let index = 0; index < REPORTS; index++) {
        const report = {
          update_date: new Date().toISOString(),
          instance_id: `i-${index}`,
          pad: Buffer.from(Array.from({ length: 7500 }, () => Math.random() * 256)).toString("base64"),
        };
        await writeFile(join(home, `store/i-${index}.json`), JSON.stringify(report));
      }
      const request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
      await runShell(`${request} -keyout key.pem -out cert.pem -days 2 -subj /CN=a`, { home });
      const made = await runHere(["keys", "create", "--store", "file:store", "--scope", "read"], { home });
      const child = startProgram(
        ["serve", "--store", "file:store", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem"].concat(
          ...[["--tls-key", "key.pem"]],
        ),
        options,
      );
      children.push(child);
      const [url, port] = await waitForOutput(child, /https:\/\/127\.0\.0\.1:(\d+)/);
      const health = async () => (await runShell(`curl -sk -m 20 ${url}/healthz`, { home })).stdout;
      const countFiles = async () => (await readdir(`/proc/${child.pid}/fd`)).length;
      const measure = async () =>
        Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))?.[1]);
      expect(await health()).toBe("ok\n");
      const [files, memory] = [await countFiles(), await measure()];
      for (let index = 0; index < HANDSHAKES; index++) {
        const socket = connect(Number(port), "127.0.0.1");
        socket.on("error", () => undefined);
        // The beginning of a ClientHello.
        socket.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0]));
        sockets.push(socket);
      }
      for (let index = 0; index < READERS; index++) {
        const socket = connectTls({ port: Number(port), rejectUnauthorized: false });
        socket.on("error", () => undefined).pause();
        sockets.push(socket);
        await once(socket, "secureConnect");
        // Each asks for another answer, so that none can be shared.
        const target = `/v1/reports?meta=true&pad=!${index}`;
        socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nx-api-key: ${made.stdout.trim()}\r\n\r\n`);
      }
      const reading = setInterval(() => {
        for (const socket of sockets) socket.read(1);
      }, 1000);
      try {
        expect(await countFiles()).toBeGreaterThan(files + READERS);
        await expect.poll(countFiles, WAIT).toBeLessThanOrEqual(files + 3);
      } finally {
        clearInterval(reading);
      }
      expect(await health()).toBe("ok\n");
      // Each answer has 2 MB, of which no reader takes anything.
      expect((await measure()) - memory).toBeLessThan(250 * MEBIBYTE);
      expect(await stop(child, "SIGTERM")).toBe(0);
    });
  });
}
