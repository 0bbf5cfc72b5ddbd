// Tests of the collectors os, gpu and extra over files as real hosts have them, and as they should
// not be.
import { describe, expect, it } from "vitest";
import { makeHostDouble } from "../testing/host-double.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { extraCollector } from "./extra.ts";
import { gpuCollector, parseDriver, parseInformation } from "./gpu.ts";
import { osCollector } from "./os.ts";

const { signal } = new AbortController();

describe("os", () => {
  const collect = async (files: Record<string, string>) =>
    osCollector.collect({ into: "os" }, makeHostDouble(await makeFolder(files)), signal);

  it("reads both places of os-release", async () => {
    const release = 'NAME="Amazon Linux"\nVERSION_ID="2023"\nID="amzn"\nPRETTY_NAME="Amazon Linux 2023"\n';
    expect(await collect({ "usr/lib/os-release": release, "proc/sys/kernel/osrelease": "6.1.0\n" })).toEqual({
      fields: [["os", { id: "amzn", version: "2023", name: "Amazon Linux 2023", kernel: "6.1.0" }]],
      unread: [],
    });
  });

  it("leaves out what is not there", async () => {
    expect(await collect({})).toEqual({ fields: [], unread: [] });
    expect(await collect({ "etc/os-release": "ID=arch\n\0" })).toMatchObject({
      fields: [["os", { id: "arch" }]],
    });
  });
});

describe("gpu", () => {
  it("reads the driver's version of both kernel modules", () => {
    expect(
      parseDriver(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n",
      ),
    ).toBe("535.104.05");
    const open =
      "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder@x)\n";
    expect(parseDriver(open)).toBe("580.65.06");
    expect(parseDriver("GCC version: 12.2.0\n")).toBeUndefined();
    expect(parseInformation("Model: \t\t Tesla T4\nGPU UUID: \t GPU-??\nx\n")).toEqual({
      Model: "Tesla T4",
      "GPU UUID": "GPU-??",
    });
  });

  it("is an empty array without a driver", async () => {
    const host = makeHostDouble(await makeFolder());
    expect(await gpuCollector.collect({ into: "gpus" }, host, signal)).toEqual({
      fields: [["gpus", []]],
      unread: [],
    });
  });
});

describe("extra", () => {
  const collect = async (files: Record<string, string | Buffer>) =>
    extraCollector.collect(
      { folder: "/x [1]", into: "extra" },
      makeHostDouble(await makeFolder(files)),
      signal,
    );

  it("has a member for each file, whatever the folder is called", async () => {
    const { fields, unread } = await collect({
      "x [1]/a.json": '{"n": [1]}',
      "x [1]/b.conf": "k=v w\n# no\n",
      "x [1]/c.txt": "no",
    });
    expect(fields).toEqual([["extra", { a: { n: [1] }, b: { k: "v w" } }]]);
    expect(unread).toEqual([]);
  });

  it("tells of a file what its readers disagree on, and what stands there twice", async () => {
    const { fields, unread } = await collect({
      "x [1]/a.env": "model=resnet#2_1.8\nimage=x # note\nurl=http://h/?a&b\n",
      "x [1]/b.json": '{"v": 1, "v": 2}',
    });
    expect(fields).toEqual([["extra", { a: { model: "resnet#2_1.8", image: "x", url: "http://h/?a&b" } }]]);
    expect(unread).toEqual([
      { what: "/x [1]/a.env", reason: "image: systemd would read another value" },
      {
        what: "/x [1]/b.json",
        reason: "v: stands in its object more than once, each time with another value",
      },
    ]);
  });

  it("loses to a bad file that file's facts only", async () => {
    const { fields, unread } = await collect({
      "x [1]/good.json": "1",
      "x [1]/good.conf": "again=1",
      "x [1]/half.json": '{"n": ',
      "x [1]/__proto__.json": "{}",
      "x [1]/large.json": `"${"x".repeat(70_000)}"`,
      "x [1]/own.json": '{"__proto__": 1}',
    });
    expect(fields).toEqual([["extra", { good: { again: "1" } }]]);
    expect(unread.map(({ what }) => what)).toHaveLength(5);
  });

  it("is nothing without a folder", async () => {
    expect(await collect({})).toEqual({ fields: [], unread: [] });
  });
});
