// Reading files that do not want to be read.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asNobody, makeFolder } from "../testing/temporary-folder.ts";
import { MAX_FILE_BYTES } from "./file-reading.ts";
import { openHostFiles, resolveBelow } from "./host-files.ts";
import { MAX_GLOB_FILES } from "./host-glob.ts";

const never = new AbortController().signal;

describe("read", () => {
  it("reads a file whole, and through a link", async () => {
    const root = await makeFolder({ "etc/a": "x".repeat(100_000) });
    await symlink("a", join(root, "etc/link"));
    const files = openHostFiles(root);
    expect(await files.read("/etc/a", never)).toEqual({ bytes: Buffer.from("x".repeat(100_000)) });
    expect(await files.read("/etc/link", never)).toHaveProperty("bytes");
  });

  it("says why it does not read others, and waits for none", async () => {
    const root = await makeFolder({
      big: Buffer.alloc(MAX_FILE_BYTES + 1),
      most: Buffer.alloc(MAX_FILE_BYTES),
      "d/x": "",
    });
    execFileSync("/usr/bin/mkfifo", [join(root, "pipe")]);
    await symlink("circle", join(root, "circle"));
    const files = openHostFiles(root);
    const reason = async (path: string) => ({ reason: "read", ...(await files.read(path, never)) }).reason;
    expect(await reason("/most")).toBe("read");
    expect(await reason("/big")).toBe("has 1048577 bytes; the limit is 1048576");
    expect(await reason("/d")).toBe("is a folder, not a file");
    expect(await reason("/pipe")).toBe("is not a regular file");
    expect(await reason("/circle")).toBe("is a link that leads in a circle");
    expect(await reason("/none")).toBe("there is no such file");
    expect(await reason("/d/x/y")).toBe("there is no such file");
    expect(await openHostFiles("/").read("/dev/null", never)).toEqual({
      unreadable: "refused",
      reason: "is not a regular file",
    });
  });

  it("does not open a pipe: who waits to write into it goes on waiting", async () => {
    const root = await makeFolder({});
    const pipe = join(root, "pipe");
    execFileSync("/usr/bin/mkfifo", [pipe]);
    const writer = spawn("/bin/sh", ["-c", 'echo ready; echo x > "$1"', "sh", pipe], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(writer.stdout, "data");
    expect(await openHostFiles(root).read("/pipe", never)).toHaveProperty("reason", "is not a regular file");
    // Had it been opened and closed, nobody would be there to write.
    expect(execFileSync("/usr/bin/timeout", ["20", "/bin/cat", pipe], { encoding: "utf8" })).toBe("x\n");
  });

  it("takes no message from those who wait for the kernel's", async () => {
    const root = await makeFolder({});
    await symlink("/proc/kmsg", join(root, "link"));
    const refused = {
      unreadable: "refused",
      reason: expect.stringMatching(/^is not read: it gives each message once/),
    };
    expect(await openHostFiles("/").read("/proc/kmsg", never)).toEqual(refused);
    expect(await openHostFiles(root).read("/link", never)).toEqual(refused);
  });

  it("reads files whose size is said to be 0", async () => {
    expect((await openHostFiles("/").read("/proc/self/stat", never)) as { bytes: Buffer }).not.toHaveProperty(
      "bytes.length",
      0,
    );
  });

  it("cannot be led out of the root by ..", () => {
    expect(resolveBelow("/srv/host", "/../../etc/passwd")).toBe("/srv/host/etc/passwd");
    expect(resolveBelow("/", "/etc/passwd")).toBe("/etc/passwd");
  });

  it("stops when the time is over", async () => {
    const root = await makeFolder({ a: "x" });
    expect(await openHostFiles(root).read("/a", AbortSignal.abort())).toHaveProperty("unreadable", "refused");
  });
});

describe("glob", () => {
  it("finds pipes and sockets too, so that it is told why they are not read", async () => {
    const root = await makeFolder({ "conf/a.conf": "" });
    execFileSync("/usr/bin/mkfifo", [join(root, "conf/pipe.conf")]);
    const files = openHostFiles(root);
    expect(await files.glob(["/conf/*.conf"], never)).toMatchObject({
      paths: ["/conf/a.conf", "/conf/pipe.conf"],
      unread: [],
    });
  });

  it("finds files and links to files, sorted, each once", async () => {
    const root = await makeFolder({
      "opt/b.conf": "",
      "opt/a.conf": "",
      "opt/.hidden.conf": "",
      "opt/sub/c.conf": "",
      "opt/x.txt": "",
    });
    await symlink("x.txt", join(root, "opt/link.conf"));
    await symlink("..", join(root, "opt/circle"));
    const files = openHostFiles(root);
    expect(await files.glob(["/opt/*.conf", "/opt/a*"], never)).toMatchObject({
      paths: ["/opt/a.conf", "/opt/b.conf", "/opt/link.conf"],
      links: ["/opt/link.conf"],
      unread: [],
      folders: ["/opt"],
    });
    expect(await files.glob(["/opt/**/*.conf"], never)).toMatchObject({
      paths: ["/opt/a.conf", "/opt/b.conf", "/opt/link.conf", "/opt/sub/c.conf"],
      unread: [],
    });
    expect(await files.glob(["/opt/a.conf"], never)).toMatchObject({ paths: ["/opt/a.conf"], unread: [] });
  });

  it("takes nothing there for nothing there", async () => {
    const files = openHostFiles(await makeFolder({ "a/b": "" }));
    expect(await files.glob(["/none/*.conf", "/a/*.conf", "/../*.conf"], never)).toEqual({
      paths: [],
      links: [],
      unread: [],
      folders: ["/none", "/a", "/"],
    });
  });

  it("tells a folder that may not be read, and finds the other files", async () => {
    const root = await makeFolder({ "conf/a/x.conf": "", "conf/b/x.conf": "", "conf/c/x.conf": "" });
    await chmod(root, 0o755);
    await chmod(join(root, "conf/b"), 0);
    const found = await asNobody(() => openHostFiles(root).glob(["/conf/**/*.conf"], never));
    expect(found).toMatchObject({
      paths: ["/conf/a/x.conf", "/conf/c/x.conf"],
      unread: [{ what: "/conf/b", reason: "this folder may not be read by this user" }],
    });
  });

  it("tells a name that is not UTF-8", async () => {
    const root = await makeFolder({ "conf/a.conf": "" });
    await writeFile(
      Buffer.concat([Buffer.from(`${root}/conf/`), Buffer.from([0xff]), Buffer.from(".conf")]),
      "",
    );
    await mkdir(Buffer.concat([Buffer.from(`${root}/conf/`), Buffer.from([0xfe])]));
    expect(await openHostFiles(root).glob(["/conf/**/*.conf"], never)).toMatchObject({
      paths: ["/conf/a.conf"],
      unread: [
        { what: "/conf/\uFFFD", reason: expect.stringContaining("not UTF-8") },
        { what: "/conf/\uFFFD.conf", reason: expect.stringContaining("not UTF-8") },
      ],
    });
  });

  it("finds no more than the limit", async () => {
    const root = await makeFolder();
    await mkdir(join(root, "many"));
    await Promise.all(
      Array.from({ length: MAX_GLOB_FILES + 1 }, (_, index) =>
        writeFile(join(root, "many", `${index}.conf`), ""),
      ),
    );
    expect(await openHostFiles(root).glob(["/many/*"], never)).toEqual({
      unreadable: "refused",
      reason: "matches more than 1000 files",
    });
  });

  it("stops when the time is over", async () => {
    const root = await makeFolder({ "a/b": "" });
    expect(await openHostFiles(root).glob(["/a/*"], AbortSignal.abort())).toMatchObject({
      unreadable: "refused",
      isLate: true,
    });
  });
});
