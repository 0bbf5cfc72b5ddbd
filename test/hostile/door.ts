// Bad clients at a server's door, against the built program: the same on Node (door.test.ts) and in
// the executable (executable-hostile.test.ts).
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHere } from "../command.ts";
import { makeHome, type RunOptions, run, runShell, startProgram, stop, waitForOutput } from "../program.ts";

/** Runs the whole set. @param program the executable; without it, the program on Node */
export function describeDoor(name: string, program?: string): void {
  describe(`${name}: bad clients`, () => {
    let home: string;
    let remove: () => Promise<void>;
    const children: ChildProcess[] = [];
    beforeEach(async () => {
      ({ home, remove } = await makeHome());
    });
    afterEach(async () => {
      await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
      await remove();
    });

    const options = (): RunOptions => ({ home, ...(program !== undefined && { program }) });

    async function makeKey(scope: string): Promise<string> {
      const args = ["keys", "create", "--store", "file:store", "--scope", scope];
      const { stdout, code } = await (program === undefined ? runHere(args, { home }) : run(args, options()));
      expect(code).toBe(0);
      return stdout.trim();
    }

    async function serve(...args: readonly string[]) {
      const child = startProgram(
        ["serve", "--store", "file:store", "--listen", "127.0.0.1:0", ...args],
        options(),
      );
      children.push(child);
      const log: string[] = [];
      child.stderr?.on("data", (bytes: Buffer) => log.push(bytes.toString()));
      const [url] = await waitForOutput(child, /https?:\/\/127\.0\.0\.1:\d+/);
      return { url, port: Number(new URL(url).port), log: () => log.join("") };
    }

    /** @returns what the server sends until it closes, and after how many ms it did */
    function exchange(port: number, text: string): Promise<{ answer: string; ms: number }> {
      return new Promise((resolve, reject) => {
        const startedAt = performance.now();
        let answer = "";
        const socket = connect(port, "127.0.0.1", () => socket.write(text));
        socket.on("data", (bytes: Buffer) => {
          answer += bytes.toString();
        });
        socket.on("error", reject);
        socket.on("close", () => resolve({ answer, ms: performance.now() - startedAt }));
      });
    }

    it(
      "one key writes so many hosts and no more, known ones go on, other keys too, and " +
        "people hear of it",
      async () => {
        const [read, ingest, other] = [
          await makeKey("read"),
          await makeKey("ingest"),
          await makeKey("ingest"),
        ];
        const { url, log } = await serve("--max-key-hosts", "5");
        const put = async (id: string, key = ingest) => {
          const body = JSON.stringify({ update_date: new Date().toISOString(), instance_id: id });
          const answer = await fetch(`${url}/v1/reports/${id}`, {
            method: "PUT",
            headers: { "x-api-key": key },
            body,
          });
          return [answer.status, answer.headers.get("retry-after"), await answer.text()] as const;
        };
        for (let host = 0; host < 5; host++) expect((await put(`h${host}`))[0]).toBe(200);
        for (let host = 5; host < 20; host++) {
          const [status, retryAfter, text] = await put(`h${host}`);
          expect([status, retryAfter]).toEqual([507, "300"]);
          expect(text).toContain("may write the reports of 5 hosts a day");
        }
        expect([(await put("h0"))[0], (await put("h9", other))[0]]).toEqual([200, 200]);
        const problems = await (await fetch(`${url}/v1/problems`, { headers: { "x-api-key": read } })).json();
        expect(problems).toMatchObject([{ key: "reports/v1/local/h19.json", reason: "over_limit" }]);
        expect(log().match(/may write the reports of 5 hosts/g)).toHaveLength(1);
      },
    );

    it("one key writes so fast and no faster, and hears when to come again", async () => {
      const [ingest, other] = [await makeKey("ingest"), await makeKey("ingest")];
      const { url } = await serve("--max-key-writes", "10");
      const leave = (key: string) =>
        fetch(`${url}/v1/reports/a`, { method: "DELETE", headers: { "x-api-key": key } });
      const answers = await Promise.all(Array.from({ length: 40 }, () => leave(ingest)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThanOrEqual(25);
      for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await leave(other)).status).toBe(204);
    });

    it("curl is told of a body that belongs nowhere, and 2 GB of it are not read", async () => {
      const { url } = await serve();
      for (const method of ["GET", "DELETE"]) {
        const { stdout } = await runShell(
          `dd if=/dev/zero bs=1M count=2000 2> dd.log | curl -s -X ${method} -T - ` +
            `${url}/healthz -w '%{http_code} %{size_upload}'`,
          { home },
        );
        expect(stdout).toMatch(new RegExp(`${method} takes no body here[\\s\\S]*400 \\d+$`));
        expect(Number(stdout.split(" ").at(-1))).toBeLessThan(64 * 1024 * 1024);
      }
    });

    it("no path reaches another route than it says, and no Host makes a failure", async () => {
      const { url, port } = await serve();
      for (const path of [
        "/v1/x/%2e%2e/%2E%2e/healthz",
        "/v1/../healthz",
        "/v1/..%2fhealthz",
        "/healthz%5c",
        "/healthz%00",
        "/healthz%ff",
      ]) {
        const { stdout } = await runShell(
          `curl -s --path-as-is -o answer -w '%{http_code}' '${url}${path}'`,
          { home },
        );
        expect(stdout, path).toBe("400");
      }
      for (const host of ["u:p@a", "a b", "a/b", "[:::1]", "a:99999", "x".repeat(9000)]) {
        const { answer } = await exchange(
          port,
          `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
        );
        expect(answer, host.slice(0, 20)).toMatch(/^HTTP\/1\.1 400 /);
      }
      const two = await exchange(
        port,
        "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
      );
      expect(two.answer).toMatch(/^HTTP\/1\.1 400 /);
      for (const path of ["/healthz", "/readyz"])
        expect((await exchange(port, `GET ${path} HTTP/1.0\r\n\r\n`)).answer, path).toMatch(
          /^HTTP\/1\.1 200 /,
        );
    });

    it("headers that do not end are waited for ten seconds", async () => {
      const { port } = await serve();
      const [half, none] = await Promise.all([
        exchange(port, "GET / HTTP/1.1\r\nHost: a\r\nX-A: "),
        exchange(port, ""),
      ]);
      for (const { ms } of [half, none]) {
        expect(ms).toBeGreaterThan(9000);
        expect(ms).toBeLessThan(40_000);
      }
    });

    it("what is longer than a timer holds is refused, and nothing is published again and again", async () => {
      await runShell(
        "printf 'publishers: { page: { kind: markdown, path: '$PWD'/p.md, every: 720h } }' > config.yaml",
        { home },
      );
      const { code, stderr } = await run(
        ["serve", "--store", "file:store", "--listen", "127.0.0.1:0", "--config", "config.yaml"],
        options(),
      );
      expect(code).not.toBe(0);
      expect(stderr).toContain("at least 1m and at most 14d");
    });
  });
}
