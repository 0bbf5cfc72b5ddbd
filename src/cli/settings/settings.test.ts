// Tests of settings: which source counts, and what is said of mistakes.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type IoDouble, makeIo } from "../../testing/io-double.ts";
import { CommandError, UsageError } from "../program/failure.ts";
import { type Flags, SETTINGS, type SettingName } from "./setting-list.ts";
import { readSettings } from "./settings.ts";

const KEY = "rc_abcdefghijkl_secretsecretsecretsecretsecretsecretsecret0";
const NAMES = Object.keys(SETTINGS) as SettingName[];

async function makeIoWith(
  config: string | undefined,
  env: Readonly<Record<string, string>> = {},
): Promise<IoDouble> {
  const io = await makeIo({ env });
  if (config !== undefined) await writeConfig(io, config);
  return io;
}

async function writeConfig(io: IoDouble, text: string, mode = 0o600): Promise<string> {
  const path = join(io.folders.config, "config.yaml");
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

async function fail(action: () => unknown): Promise<Error> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}

describe("where a setting comes from", () => {
  it("takes a flag before the environment before the file, else nothing", async () => {
    const io = await makeIoWith("store: file:config\n", { ROLLCALL_STORE: "file:environment" });
    const flags: Flags = { store: "file:flag" };
    expect((await readSettings(flags, io)).get("store")).toBe("file:flag");
    expect((await readSettings({}, io)).get("store")).toBe("file:environment");
    expect((await readSettings({}, { ...io, env: {} })).get("store")).toBe("file:config");
    const empty = await readSettings({}, await makeIo());
    expect(empty.get("store")).toBeUndefined();
    expect(empty.target()).toBeUndefined();
    expect(empty.windowMs()).toBeUndefined();
    expect(await empty.readKey()).toBeUndefined();
  });

  it("reads beside a store what is named at its level or above, and not another store's", async () => {
    const io = await makeIoWith("store: file:own\nalso_read: [file:a, file:b]\n");
    expect((await readSettings({}, io)).alsoRead()).toEqual(["file:a", "file:b"]);
    expect((await readSettings({ store: "file:other" }, io)).alsoRead()).toEqual([]);
    expect((await readSettings({ alsoRead: "file:c,file:d" }, io)).alsoRead()).toEqual(["file:c", "file:d"]);
    const env = { ROLLCALL_ALSO_READ: "file:e", ROLLCALL_STORE: "file:f" };
    expect((await readSettings({}, { ...io, env })).alsoRead()).toEqual(["file:e"]);
    expect((await readSettings({}, await makeIoWith("also_read: file:a,file:b"))).alsoRead()).toHaveLength(2);
    expect((await readSettings({}, await makeIo())).alsoRead()).toEqual([]);
  });

  it("takes an empty variable for none", async () => {
    const io = await makeIoWith("server: http://config\n", { ROLLCALL_SERVER: "" });
    expect((await readSettings({}, io)).get("server")).toBe("http://config");
  });

  const levels = ["flag", "environment", "config", undefined] as const;
  const pairs = levels.flatMap((store) => levels.map((server) => [store, server] as const));
  it.each(pairs)("finds the target with the store by %s and the server by %s", async (store, server) => {
    const values = { store: [store, "file:x"], server: [server, "http://x"] } as const;
    const at = (level: string) => Object.entries(values).filter(([, [own]]) => own === level);
    const env = Object.fromEntries(
      at("environment").map(([name, [, value]]) => [`ROLLCALL_${name.toUpperCase()}`, value]),
    );
    const config = at("config").map(([name, [, value]]) => `${name}: ${value}\n`);
    const io = await makeIoWith(config.length > 0 ? config.join("") : undefined, env);
    const settings = await readSettings(
      Object.fromEntries(at("flag").map(([name, [, value]]) => [name, value])),
      io,
    );
    if (store && store === server) {
      expect(() => settings.target()).toThrow(UsageError);
      expect(() => settings.target()).toThrow("are both set; leave one out");
    } else if (!store && !server) {
      expect(settings.target()).toBeUndefined();
    } else {
      const isStore = levels.indexOf(store) < levels.indexOf(server);
      expect(settings.target()).toEqual(
        isStore ? { kind: "store", value: "file:x" } : { kind: "server", value: "http://x" },
      );
    }
  });

  it("takes every setting from its variable", async () => {
    const io = await makeIo();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...NAMES.filter((name) => name !== "config")),
        fc.string({ minLength: 1 }),
        async (name, value) => {
          const settings = await readSettings({}, { ...io, env: { [SETTINGS[name].variable]: value } });
          expect(settings.get(name)).toBe(value);
        },
      ),
    );
    const path = await writeConfig(io, "within: 30m\n");
    const named = await readSettings(
      {},
      { ...io, env: { ROLLCALL_CONFIG: path }, folders: { config: "/nowhere", data: "/" } },
    );
    expect(named.windowMs()).toBe(30 * 60_000);
  });

  it("says where a wrong span comes from", async () => {
    const settings = await readSettings({ within: "soon" }, await makeIo());
    expect(() => settings.windowMs()).toThrow(UsageError);
    expect(() => settings.windowMs()).toThrow("--within");
    const configured = await readSettings({}, await makeIoWith("within: soon\n"));
    expect(() => configured.windowMs()).toThrow("within in ");
  });
});

describe("the configuration file", () => {
  it("need not be there unless it was named", async () => {
    const io = await makeIo();
    await expect(readSettings({}, io)).resolves.toBeDefined();
    const error = await fail(() => readSettings({ config: "nowhere.yaml" }, io));
    expect(error).toBeInstanceOf(CommandError);
    expect(error.message).toContain(join(io.cwd, "nowhere.yaml"));
    await expect(readSettings({}, { ...io, env: { ROLLCALL_CONFIG: "other.yaml" } })).rejects.toThrow(
      CommandError,
    );
  });

  it("has its mistakes shown with line and column and what to write", async () => {
    const io = await makeIoWith("store: file:x\nservr: http://x\n");
    const error = await fail(() => readSettings({}, io));
    expect(error).toBeInstanceOf(CommandError);
    expect(error.message).toContain(`${join(io.folders.config, "config.yaml")}:2:1: `);
    expect(error.message).toMatch(/servr.*server/);
    expect(error.message).toContain("  2 | servr: http://x\n    | ^\n");
  });

  it.each([
    ["nonsense: 1\n", /:1:1: .*nonsense/],
    ["store: file:x\nlog_level: loud\n", /:2:12: log_level: /],
    ["store: [a]\n", /:1:8: store: /],
    ["a: b: c\n", /:1:\d+: /],
  ])("refuses %j", async (config, message) => {
    expect((await fail(async () => readSettings({}, await makeIoWith(config)))).message).toMatch(message);
  });

  it("may hold nothing but comments", async () => {
    await expect(readSettings({}, await makeIoWith("# store: file:x\n"))).resolves.toBeDefined();
  });

  it.each([
    [0o600, false],
    [0o640, true],
    [0o604, true],
  ])("with a key and mode %o warns: %s", async (mode, warns) => {
    const io = await makeIo();
    const path = await writeConfig(io, `key: ${KEY}\n`, mode);
    expect(await (await readSettings({}, io)).readKey()).toBe(KEY);
    expect(io.err()).toBe(
      warns ? `warning: other users may read the API key in ${path}; chmod 600 it\n` : "",
    );
  });
});

describe("the API key", () => {
  it("is read from a file, its newline left out", async () => {
    const io = await makeIo({ files: { "key.txt": `${KEY}\n` } });
    expect(await (await readSettings({ keyFile: "key.txt" }, io)).readKey()).toBe(KEY);
    await writeConfig(io, `key_file: ${join(io.cwd, "key.txt")}\n`);
    expect(await (await readSettings({}, io)).readKey()).toBe(KEY);
  });

  it("is taken from the highest level that has one", async () => {
    const io = await makeIo({
      files: { flag: "rc_flag", environment: "rc_environment-file" },
      env: { ROLLCALL_KEY: "rc_environment" },
    });
    await writeConfig(io, "key: rc_config\n");
    expect(await (await readSettings({ keyFile: "flag" }, io)).readKey()).toBe("rc_flag");
    expect(await (await readSettings({}, io)).readKey()).toBe("rc_environment");
    const env = { ROLLCALL_KEY_FILE: "environment" };
    expect(await (await readSettings({}, { ...io, env })).readKey()).toBe("rc_environment-file");
  });

  it.each([`${KEY}\n`, `"${KEY}" `, `${KEY}\r\nx-evil: 1`, `${KEY}é`])(
    "is refused and not shown: case %#",
    async (value) => {
      const error = await fail(async () =>
        (await readSettings({}, await makeIo({ env: { ROLLCALL_KEY: value } }))).readKey(),
      );
      expect(error).toBeInstanceOf(CommandError);
      expect(error.message).toContain("ROLLCALL_KEY holds no API key");
      expect(error.message).not.toContain("secret");
    },
  );

  it("is refused where the word cannot be one, as `config check` does", async () => {
    for (const [word, isTaken] of [
      ["hunter2hunter2", false],
      ["Bearer rc_abcdefgh", false],
      [KEY, true],
      ["rh_i-0123456789abcdef0_abcdefgh", true],
    ] as const) {
      const read = (await readSettings({}, await makeIo({ env: { ROLLCALL_KEY: word } }))).readKey();
      if (isTaken) expect(await read).toBe(word);
      else await expect(read).rejects.toThrow("ROLLCALL_KEY holds no API key: it should be one word");
    }
  });

  it("hides a host's own key as well, where the configuration has mistakes", async () => {
    const error = await fail(async () => readSettings({}, await makeIoWith("kye: rh_i-1_secret\n")));
    expect(error.message).not.toContain("secret");
  });

  it("is not shown of a file that holds more", async () => {
    const io = await makeIo({ files: { two: `${KEY}\n${KEY}`, long: KEY.repeat(100) } });
    for (const keyFile of ["two", "long", "missing"]) {
      const error = await fail(async () => (await readSettings({ keyFile }, io)).readKey());
      expect(error).toBeInstanceOf(CommandError);
      expect(error.message).not.toContain("secret");
    }
  });

  it("is not shown where the configuration has mistakes", async () => {
    const lines = [`key: ${KEY}\nbad: 1\n`, `key: [${KEY}]\n`, `Key: ${KEY}\n`, `key: ${KEY}: x\n`];
    for (const config of lines) {
      const error = await fail(async () => readSettings({}, await makeIoWith(config)));
      expect(error.message).not.toContain("secret");
    }
  });
});
