// End to end: what `npm start` does, with the real curl and jq.
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";

const CURL_LINE = /^ *(curl -H "x-api-key: (rc_\S+)" (http:\/\/127\.0\.0\.1:\d+)\/v1\/reports \| jq)$/m;
const FREE_PORT = ["--listen", "127.0.0.1:0"];

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ home, remove } = await makeHome());
});
afterEach(() => remove());

/** Starts and waits for the line to paste. */
async function start(...args: string[]) {
  const child = startProgram(["start", ...FREE_PORT, ...args], { home });
  const [, line = "", key = "", url = ""] = await waitForOutput(child, CURL_LINE);
  return { child, line, key, url };
}

describe("rollcall start", () => {
  it(
    "prints a curl line that answers with this machine's report; a second start keeps " + "key and data",
    async () => {
      const first = await start();
      const answer = await runShell(first.line, { home });
      expect(answer.code).toBe(0);
      const [report, ...others] = JSON.parse(answer.stdout) as Array<Record<string, unknown>>;
      expect(others).toEqual([]);
      expect(report).toMatchObject({ instance_name: hostname(), rollcall: { schema: 1 } });
      expect(Object.keys(report ?? {}).slice(0, 3)).toEqual(["update_date", "os_start_date", "instance_id"]);
      expect(report).not.toHaveProperty("instance_life_cycle");
      await runShell(
        `printf '{"instance_id":"other","update_date":"%s"}' "$(date +%FT%T%z)" > ` +
          "r.json && mkdir -p x && cp r.json " +
          `"$HOME/.local/share/rollcall/store/other.json"`,
        { home },
      );
      expect(await stop(first.child)).toBe(0);

      const second = await start();
      expect(second.key).toBe(first.key);
      const again = await runShell(`${second.line} -r '.[].instance_id'`, { home });
      expect(again.stdout.trim().split("\n").sort()).toEqual(["other", String(report?.instance_id)].sort());
      expect(await stop(second.child, "SIGTERM")).toBe(0);
    },
  );

  it("keeps the key where only its owner can read it", async () => {
    const { child, key } = await start();
    const { stdout } = await runShell('grep -rlF -- "$KEY" "$HOME"', { home, env: { KEY: key } });
    const files = stdout.trim().split("\n");
    expect(files).toHaveLength(1);
    expect((await stat(files[0] ?? "")).mode & 0o077).toBe(0);
    expect(await readFile(files[0] ?? "", "utf8")).toContain(key);
    await stop(child);
  });

  it("uses the folder that it is told to", async () => {
    const { child, line } = await start("--store", `file:${home}/elsewhere`);
    expect(JSON.parse((await runShell(line, { home })).stdout)).toHaveLength(1);
    const { stdout } = await runShell("find elsewhere/reports -name '*.json' | wc -l", { home });
    expect(stdout.trim()).toBe("1");
    await stop(child);
  });

  it("shows a demo fleet that touches no real store", async () => {
    const { child, line, url, key } = await start("--demo", "60");
    const { stdout } = await runShell(`${line} length`, { home });
    expect(Number(stdout)).toBeGreaterThan(50);
    const table = await run(["list", "--server", url, "--table", "instance_name=prod_*"], {
      home,
      env: { ROLLCALL_KEY: key },
    });
    expect(table.stdout).toContain("prod_service1");
    await stop(child);
    const left = await runShell(
      'find "$HOME/.local/share/rollcall/store" "$HOME/.config" -type f 2>/dev/null | wc -l',
      { home },
    );
    expect(left.stdout.trim()).toBe("0");
    const both = await run(["start", "--demo", "5", "--store", `file:${home}/real`], { home });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("--demo");
  });

  it("prints the page's address, which opens with the demo's key for its own page alone", async () => {
    const { child, url, key } = await start("--demo", "5");
    const document = await runShell(`curl -sS --compressed -H 'accept: text/html' -D - ${url}/`, { home });
    expect(document.stdout).toMatch(/^HTTP\/1.1 200 .*content-encoding: br/is);
    const [, script = ""] = /src="(\.\/assets\/[^"]+\.js)"/.exec(document.stdout) ?? [];
    const loaded = await runShell(`curl -sS --compressed ${new URL(script, `${url}/`).href}`, { home });
    expect(loaded.stdout.length).toBeGreaterThan(1000);
    const ask = "curl -sS -H 'sec-fetch-mode: cors'";
    const given = await runShell(`${ask} -H 'sec-fetch-site: same-origin' ${url}/v1/demo-key`, { home });
    expect(JSON.parse(given.stdout)).toEqual({ key });
    const refused = await runShell(`${ask} -H 'sec-fetch-site: cross-site' ${url}/v1/demo-key`, { home });
    expect(refused.stdout).not.toContain(key);
    await stop(child);
    const real = startProgram(["start", ...FREE_PORT], { home });
    const [, address] = await waitForOutput(real, /^ {2}page {3}(http:\/\/127\.0\.0\.1:\d+\/) /m);
    const none = await runShell(`curl -sS -H 'sec-fetch-site: same-origin' ${address}v1/demo-key`, { home });
    expect(JSON.parse(none.stdout)).toMatchObject({ status: 404 });
    await stop(real);
  });

  it("says which port is taken, and ends", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as { port: number };
    const { code, stderr } = await run(["start", "--listen", `127.0.0.1:${port}`], { home });
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port}`);
    other.close();
  });
});
