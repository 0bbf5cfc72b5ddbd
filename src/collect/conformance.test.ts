// What every registered collector must stand: hostile files, a full stop, and having a page in the
// docs.
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COLLECTOR_OPTIONS, type CollectorName, type OptionsOf } from "../specs/schema.ts";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { collectors } from "./registry.ts";
import { checkValue } from "./value.ts";

const FIELDS = { a: { pattern: ".+", optional: false }, b: { key: "a.b", optional: false } };
const BINARY = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 31) % 256));

/**
 * Each collector's usual options; `path` is where it is to look. A new collector joins with one
 * line.
 */
const OPTIONS: { readonly [Name in CollectorName]: (path: string) => OptionsOf[Name] } = {
  host: () => ({ metadata: "auto", metadata_v1: false }),
  command: (path) => ({ run: [path], timeout: 5000, format: "json", fields: FIELDS }),
  file: (path) => ({ path, format: "json", fields: FIELDS }),
  files: (path) => ({ glob: [path, `${path}/*`], into: "list", format: "json", fields: FIELDS }),
  processes: (path) => ({
    glob: [path, `${path}/*`],
    into: "list",
    format: "json",
    fields: FIELDS,
    match: [{ words: "{path}" }],
    also: [],
  }),
  extra: (path) => ({ folder: path, into: "extra" }),
  os: () => ({ into: "os" }),
  gpu: () => ({ into: "gpus" }),
};

/** Where hosts keep what the host collector reads, and where the other ones are told to look. */
const PLACES = [
  "hostile",
  "etc/hostname",
  "etc/os-release",
  "proc/stat",
  "proc/1/cmdline",
  "proc/1/stat",
  "proc/driver/nvidia/version",
  "proc/driver/nvidia/gpus/0/information",
  "sys/class/dmi/id/sys_vendor",
];

async function run(
  name: CollectorName,
  root: string,
  path: string,
  signal: AbortSignal,
  host = makeHostDouble(root, { machine: { hostname: "double", uptime: () => 0, fallbackId: "h-1" } }),
) {
  switch (name) {
    case "host":
      return collectors.host.collect(OPTIONS.host(path), host, signal);
    case "command":
      return collectors.command.collect(OPTIONS.command(path), host, signal);
    case "file":
      return collectors.file.collect(OPTIONS.file(path), host, signal);
    case "files":
      return collectors.files.collect(OPTIONS.files(path), host, signal);
    case "processes":
      return collectors.processes.collect(OPTIONS.processes(path), host, signal);
    case "extra":
      return collectors.extra.collect(OPTIONS.extra(path), host, signal);
    case "os":
      return collectors.os.collect(OPTIONS.os(path), host, signal);
    case "gpu":
      return collectors.gpu.collect(OPTIONS.gpu(path), host, signal);
  }
}

function everywhere(content: string | Buffer): Record<string, string | Buffer> {
  return Object.fromEntries(PLACES.map((place) => [place, content]));
}

const HOSTILE: Readonly<Record<string, () => Promise<string>>> = {
  "nothing at all": () => makeFolder(),
  "empty files": () => makeFolder(everywhere("")),
  "binary files": () => makeFolder(everywhere(BINARY)),
  "files of 10 MB": () => makeFolder(everywhere(Buffer.alloc(10 * 1024 * 1024, "x"))),
  "folders in place of files": () =>
    makeFolder(Object.fromEntries(PLACES.map((place) => [`${place}/x`, BINARY]))),
  "a program that prints binary": () => makeFolder(everywhere("#!/bin/sh\nhead -c 4096 /dev/urandom\n")),
  "a program that fails": () => makeFolder(everywhere("#!/bin/sh\necho no >&2\nexit 1\n")),
  "pipes that nobody writes to": async () => {
    const root = await makeFolder(Object.fromEntries(PLACES.map((place) => [`${place}.other`, ""])));
    for (const place of PLACES) execFileSync("/usr/bin/mkfifo", [join(root, place)]);
    return root;
  },
};

describe.each(Object.keys(collectors) as CollectorName[])("the collector %s", (name) => {
  it("has options in the spec's schema and a page in the docs", async () => {
    expect(COLLECTOR_OPTIONS).toHaveProperty(name);
    const page = await readFile(new URL(`../../docs/collectors/${name}.md`, import.meta.url), "utf8");
    expect(page).toMatch(new RegExp(`^# ${name}\n`));
  });

  it.each(Object.keys(HOSTILE))(
    "does not reject on %s, and gives only what a report may hold",
    async (kind) => {
      const root = await HOSTILE[kind]?.();
      const collected = await run(name, root ?? "", "/hostile", new AbortController().signal);
      for (const [, value] of collected.fields) expect(checkValue(value)).toEqual({ value });
      for (const { what, reason } of collected.unread) expect(`${what}${reason}`).not.toBe("");
    },
  );

  it("ends when it is told to, before and while it works", async () => {
    const root = await makeFolder({ hostile: "#!/bin/sh\nsleep 600\n" });
    expect(await run(name, root, "/hostile", AbortSignal.abort())).toHaveProperty("unread");
    const controller = new AbortController();
    const collected = run(name, root, "/hostile", controller.signal);
    controller.abort();
    expect(await collected).toHaveProperty("unread");
  });
});

const OF_FILES_ALONE = (Object.keys(collectors) as CollectorName[]).filter(
  (name) => collectors[name].isOfFilesAlone,
);

it.each(OF_FILES_ALONE)(
  "the collector %s asks for nothing else than files and globs, as it says",
  async (name) => {
    const root = await makeFolder({ "hostile/a.json": '{"a":1}', "hostile/b.env": "a=1" });
    const asked = new Set<PropertyKey>();
    const double = makeHostDouble(root);
    const watch = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (from, key) => {
          asked.add(key);
          return key === "files" ? watch(double.files) : (Reflect.get(from, key) as unknown);
        },
      });
    for (const path of ["/hostile", "/hostile/a.json"])
      await run(name, root, path, new AbortController().signal, watch(double));
    for (const key of asked) expect(["files", "read", "glob"]).toContain(key);
    expect(asked.size).toBeGreaterThan(1);
  },
);
