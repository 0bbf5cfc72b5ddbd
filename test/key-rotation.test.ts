// The recipes of docs/keys.md with the built program and curl: one key takes another's place with
// nobody locked out; a host is shut out.
import type { ChildProcess } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runHere } from "./command.ts";
import { makeHome, run, runShell, startProgram, stop, waitForOutput } from "./program.ts";

const ROLLCALL = `${process.execPath} ${fileURLToPath(new URL("../dist/main.js", import.meta.url))}`;
const WAIT = { timeout: 120_000, interval: 200 };

let home: string;
let remove: () => Promise<void>;
let url: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  ({ home, remove } = await makeHome());
  const child = startProgram(["serve", "--store", "file:store", "--listen", "127.0.0.1:0"], { home });
  children.push(child);
  [url] = await waitForOutput(child, /http:\/\/127\.0\.0\.1:\d+/);
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => stop(child, "SIGKILL")));
  await remove();
});

async function shell(line: string): Promise<string> {
  const { stdout, stderr, code } = await runShell(line, { home });
  if (code !== 0) throw new Error(`${line}\n${stdout}${stderr}`);
  return stdout.trim();
}

const ask = (file: string) =>
  shell(`curl -s -o /dev/null -w '%{http_code}' -H "x-api-key: $(cat ${file})" ${url}/v1/reports`);

it(
  "rotates a key: both open meanwhile, the list tells when the old one was used, and " +
    "only the old one ends",
  async () => {
    await shell(
      `(umask 077; ${ROLLCALL} keys create --store file:store --scope read --name ` +
        "grafana --expires 90d > grafana.key)",
    );
    expect((await stat(join(home, "grafana.key"))).mode & 0o777).toBe(0o600);
    expect(await ask("grafana.key")).toBe("200");

    await shell(
      `(umask 077; ${ROLLCALL} keys create --store file:store --scope read --name grafana > grafana.new)`,
    );
    expect([await ask("grafana.key"), await ask("grafana.new")]).toEqual(["200", "200"]);
    const id = (await shell("cut -c4-15 grafana.key")).trim();
    const used =
      `${ROLLCALL} keys list --store file:store | jq -c '[.[] | [.name, .last_used_at != ` +
      "null, .expires_at != null]]'";
    const count = async () => {
      const { stdout } = await runHere(["keys", "list", "--store", "file:store", "--json"], { home });
      const keys = JSON.parse(stdout) as { last_used_at?: string }[];
      return keys.filter((key) => key.last_used_at !== undefined).length;
    };
    await expect.poll(count, WAIT).toBe(2);
    expect(await shell(used)).toBe('[["grafana",true,true],["grafana",true,false]]');

    await shell(`${ROLLCALL} keys revoke --store file:store ${id}`);
    await expect.poll(() => ask("grafana.key"), WAIT).toBe("401");
    expect(await ask("grafana.new")).toBe("200");
  },
);

it("shuts a host out and lets it in again, from the store and through the server", async () => {
  for (const scope of ["admin", "ingest"])
    await writeFile(
      join(home, `${scope}.key`),
      (await runHere(["keys", "create", "--store", "file:store", "--scope", scope], { home })).stdout,
      { mode: 0o600 },
    );
  const put = `jq -n --arg now "$(date +%FT%T%z)" '{instance_id: "db1", update_date: $now}' |
    curl -s -T - -w '\\n%{http_code}' -H "x-api-key: $(cat ingest.key)" ${url}/v1/reports/db1`;
  expect(await shell(put)).toMatch(/\n200$/);
  const remote = `--server ${url} --key-file admin.key`;
  for (const [denying, allowing] of [
    ["--store file:store", remote],
    [remote, "--store file:store"],
  ]) {
    await shell(`${ROLLCALL} keys deny db1 ${denying}`);
    expect(await shell(put)).toMatch(/the host db1 is shut out.*\n403$/s);
    expect(await shell(`${ROLLCALL} keys list ${allowing} | jq -r '.[] | select(.denied_at) | .id'`)).toBe(
      "db1",
    );
    await shell(`${ROLLCALL} keys allow db1 ${allowing}`);
    expect(await shell(put)).toMatch(/\n200$/);
  }
  const again = await run(["keys", "allow", "db1", "--store", "file:store"], { home });
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("db1 is not denied");
});
