// What installs on many hosts: cloud-init's user data and Systems Manager's document carry the one
// script, and take and refuse the values that it does.
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { makeHome, run, runShell } from "../program.ts";

const FOLDER = new URL("../../examples/install/", import.meta.url);
const read = (name: string) => readFile(new URL(name, FOLDER), "utf8");

interface Document {
  readonly parameters: Record<string, { readonly allowedPattern: string; readonly default?: string }>;
  readonly mainSteps: readonly [{ readonly inputs: { readonly runCommand: readonly string[] } }];
}

interface UserData {
  readonly write_files: readonly [{ readonly content: string; readonly path: string }];
  readonly runcmd: readonly [readonly string[]];
}

const KEY = `ed25519:${"A".repeat(43)}`;

it("cloud-init and Systems Manager carry install.sh, byte for byte", async () => {
  const script = await read("install.sh");
  const { write_files, runcmd } = parse(await read("cloud-init.yaml")) as UserData;
  expect(write_files[0].content).toBe(script);
  // A digest of figures alone would be a number.
  expect(runcmd[0].map((value) => typeof value)).toEqual(Array(6).fill("string"));
  expect(runcmd[0][0]).toBe(write_files[0].path);
  const { parameters, mainSteps } = parse(await read("ssm-document.yaml")) as Document;
  const [values = "", ...others] = mainSteps[0].inputs.runCommand;
  expect(others).toEqual([script]);
  // Each parameter is handed over, in quotes, and nothing in the script is one.
  expect(values).toBe(
    `set -- ${Object.keys(parameters)
      .map((name) => `'{{ ${name} }}'`)
      .join(" ")}`,
  );
  expect(script).not.toContain("{{");
});

it("Systems Manager takes values as they are, and none that ends the quotes around it", async () => {
  const { parameters } = parse(await read("ssm-document.yaml")) as Document;
  const good = {
    release: "https://packages.example.com/rollcall/0.1.0",
    sums: "0123456789abcdef".repeat(4),
    store: "s3://reports?region=ap-northeast-1&endpoint=https%3A%2F%2Fs3.example.com",
    specKeys: `${KEY}, ${KEY}`,
    allowCommands: "/opt/app/bin/, /usr/bin/uname",
  };
  expect(Object.keys(good)).toEqual(Object.keys(parameters));
  for (const [name, value] of Object.entries(good)) {
    const { allowedPattern, default: usual } = parameters[name] ?? { allowedPattern: "" };
    const pattern = new RegExp(allowedPattern);
    expect(value, name).toMatch(pattern);
    if (usual !== undefined) expect(usual, name).toMatch(pattern);
    for (const end of ["'", '"', "$(id)", "`id`", "\n", "\\", ";"])
      expect(`${value}${end}x`, name).not.toMatch(pattern);
  }
});

it("refuses, before it loads anything, a value that would be more than one setting", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const script = fileURLToPath(new URL("install.sh", FOLDER));
  for (const bad of ["s3://a'", 's3://a"', "s3://a\\", "s3://a\nkey: x"]) {
    const { code, stderr } = await runShell('sh "$SCRIPT" https://127.0.0.1:1 0 "$STORE"', {
      home,
      env: { SCRIPT: script, STORE: bad },
    });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "rollcall: a setting has a quote, a backslash or a line's end in it\n",
    });
  }
  expect((await stat(script)).mode & 0o111).toBe(0);
});

it("writes a configuration that the program takes", async () => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const writing = /config=.*\nif \[ ! -e[\s\S]*?\nfi\n/.exec(await read("install.sh"))?.[0] ?? "";
  const line = `store='s3://reports?region=ap-northeast-1'; spec_keys='${KEY}'; allow_commands='/opt/app/bin/'
${writing.replace("/etc/rollcall/config.yaml", "config.yaml")}`;
  expect(await runShell(`set -eu\n${line}`, { home })).toMatchObject({ code: 0, stderr: "" });
  const { stdout, code } = await run(["config", "check", "--config", "config.yaml", "--json"], { home });
  expect(code).toBe(0);
  expect(stdout).toContain("s3://reports?region=ap-northeast-1");
  expect(stdout).toContain(KEY);
  // What is there stays.
  expect(await runShell(`set -eu\n${line.replace("s3://reports", "s3://others")}`, { home })).toMatchObject({
    code: 0,
  });
  expect(await readFile(`${home}/config.yaml`, "utf8")).toContain("s3://reports");
});

it.each<[string, { config?: boolean; enabled?: string }, boolean]>([
  ["a new host", {}, true],
  ["a host whose configuration was made with its image, and nothing enabled", { config: true }, true],
  ["a host that reports by timers", { config: true, enabled: "rollcall-report.timer" }, false],
  ["a host whose agent is enabled", { config: true, enabled: "rollcall-agent.service" }, false],
])("enables the agent on %s or leaves it: %j", async (_, { config = false, enabled = "" }, isEnabled) => {
  const { home, remove } = await makeHome();
  onTestFinished(remove);
  const text = await read("install.sh");
  const ending = text
    .slice(text.indexOf("config=/etc"))
    .replace("/etc/rollcall/config.yaml", "config.yaml")
    .replace(/^runuser.*$/m, "");
  // As systemctl does: is-enabled succeeds where one of the units is.
  const systemctl = `systemctl() {
  case $1 in
    is-enabled) for unit; do [ "$unit" != "${enabled || "none"}" ] || return 0; done; return 1 ;;
    *) echo "$*" ;;
  esac
}`;
  const line = `set -eu; store=s3://a spec_keys='' allow_commands=''\n${systemctl}\n${ending}`;
  const { stdout, code } = await runShell(`${config ? "touch config.yaml; " : ""}${line}`, { home });
  expect({ stdout, code }).toEqual({
    stdout: isEnabled ? "enable --now rollcall-agent.service\n" : "",
    code: 0,
  });
});

it("the Ansible role brings hosts to the version of this release, and tells of each variable", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8"));
  const role = new URL("../../packaging/ansible/roles/rollcall/", import.meta.url);
  const readRole = async (name: string) => parse(await readFile(new URL(name, role), "utf8"));
  const defaults = await readRole("defaults/main.yml");
  expect(defaults.rollcall_version).toBe(version);
  const { options } = (await readRole("meta/argument_specs.yml")).argument_specs.main;
  expect(
    Object.fromEntries(
      Object.entries<{ default: unknown }>(options).map(([name, told]) => [name, told.default]),
    ),
  ).toEqual(defaults);
});
