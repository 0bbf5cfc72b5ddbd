// Tests of the version order.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../testing/runs.ts";
import {
  compareNames,
  compareVersions,
  findPackaging,
  type ParsedVersion,
  parseVersion,
  splitVersion,
} from "./version-order.ts";

describe("splitVersion", () => {
  it.each([
    ["A_red_1.9", "A_red", "1.9"],
    ["A_red_1.10", "A_red", "1.10"],
    ["module_A_red_1.10.bin", "module_A_red.bin", "1.10"],
    ["libfoo-1.2.3.so", "libfoo.so", "1.2.3"],
    ["libfoo.so.1.2.3", "libfoo.so", "1.2.3"],
    ["1.2.0-rc1", "", "1.2.0-rc1"],
    ["v2.0", "", "2.0"],
    ["app v2.0.1 beta", "app", "2.0.1 beta"],
    ["A_red_1.10_rc1", "A_red", "1.10_rc1"],
    ["A_1.2.3_4", "A_4", "1.2.3"],
    ["gpu_2_build_1.9", "gpu_2_build", "1.9"],
    ["12.2.0-ubuntu22.04", "-ubuntu22.04", "12.2.0"],
    ["RELEASE.2024-01-13T07-53-03Z", "RELEASE", "2024-01-13T07-53-03Z"],
    ["main-42-a1b2c3d", "main", "42-a1b2c3d"],
    ["web-e3b0c442-98fc-1114-9afb-f4c899612492-7", "web-e3b0c442-98fc-1114-9afb-f4c899612492", "7"],
    ["app-1.2.3xl", "app.3xl", "1.2"],
    ["app-2.0.1-beta.2+7e1a", "app", "2.0.1-beta.2+7e1a"],
    ["nginx/1.25.3-1", "nginx", "1.25.3-1"],
    ["560.35.03", "", "560.35.03"],
    ["OpenSSL 1.0.2k", "OpenSSL", "1.0.2k"],
    ["model_2024-11-05", "model", "2024-11-05"],
    ["A_red_7", "A_red", "7"],
    ["gpu_2_1.9", "gpu_2", "1.9"],
    ["app-1.2.3-x86_64", "app-x86_64", "1.2.3"],
    ["1.2.3.4.tar.gz", ".tar.gz", "1.2.3.4"],
  ])("%s", (value, variant, version) => {
    expect(splitVersion(value)).toEqual({ variant, version });
  });

  it.each([
    "",
    "red",
    "instance001",
    "llama-7b-q4",
    "e3b0c442-98fc-1114-9afb-f4c899612492",
    "sha256:9f86d081884c7d659a2feaa0c55ad015",
    "3f2a1b",
    "7654321",
    "1234b56",
    "sha-1234b56",
    "i-08664c90043b92a07",
    "7654321rc1",
    "123456789012",
    "web-e3b0c442-98fc-1114-9afb-f4c899612492",
    "1".repeat(400),
    "1".repeat(10_000),
  ])("%s has none", (value) => {
    expect(splitVersion(value)).toEqual({ variant: value, version: "" });
  });

  it("finds none in a hash", () => {
    const isDate = (text: string) => /^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d\d)*\d?$/.test(text);
    const hash = fc
      .integer({ min: 7, max: 64 })
      .chain((length) =>
        fc.string({
          unit: fc.constantFrom(..."0123456789abcdef0123456789"),
          minLength: length,
          maxLength: length,
        }),
      )
      .filter((text) => !isDate(text));
    fc.assert(
      fc.property(fc.constantFrom("", "i-", "ami-", "sha-", "app_", "v", "app@"), hash, (before, text) => {
        expect(splitVersion(before + text).version).toBe("");
      }),
      { numRuns: runs(1000) },
    );
  });

  it("takes time in proportion to the value, whatever it is", () => {
    const parts = [
      "1.",
      "1-",
      "a1",
      "v",
      "rc1.",
      "1.1-",
      "+a.",
      "alpha-",
      "pre",
      "1alpha",
      "1a2b3c4.",
      "1~",
      "1_",
      "-0.1",
      " beta",
      "1b",
    ];
    for (const part of parts) {
      splitVersion(part.repeat(512).slice(0, 511));
      splitVersion(`1.0${part.repeat(512).slice(0, 500)}x`);
    }
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (value) => {
        const { variant, version } = splitVersion(value);
        expect(variant.length + version.length).toBeLessThanOrEqual(value.length);
      }),
    );
  });
});

/** Of one variant, the first older than the second. */
const PAIRS: ReadonlyArray<readonly [string, string]> = [
  // Amazon Linux 2, Red Hat, Ubuntu: kernels.
  ["5.10.200-190.747.amzn2.x86_64", "5.10.205-195.807.amzn2.x86_64"],
  ["6.1.66-91.160.amzn2023.x86_64", "6.1.66-93.164.amzn2023.x86_64"],
  ["4.18.0-513.5.1.el8_9.x86_64", "4.18.0-513.18.1.el8_9.x86_64"],
  ["5.15.0-1051-aws", "5.15.0-1052-aws"],
  ["5.15.0-91.101~20.04.1", "5.15.0-91.101"],
  ["3.0.8-1.amzn2023.0.3", "3.0.8-1.amzn2023.0.14"],
  ["1.24.0-1.amzn2.0.1", "1.26.0-1.amzn2.0.3"],
  ["2.4.57-5.el9", "2.4.57-11.el9_4"],
  ["9.0.62-11.el9_2.3", "9.0.117-2.el9_8"],
  ["4.18.0-513.24.1.el8_9.x86_64", "4.18.0-553.5.1.el8_10.x86_64"],
  ["4.24.5-1", "2:4.24.6-1"],
  ["1:2.0-1", "2:1.0-1"],
  ["nginx-1:1.24.0-1.amzn2023.0.2.x86_64", "nginx-1:1.24.0-1.amzn2023.0.10.x86_64"],
  ["1.2.3-1~deb12u1", "1.2.3-1"],
  ["1.2.3-1", "1.2.3-1+b1"],
  // Numbers between underscores.
  ["1_9_0", "1_10_0"],
  ["1_9", "1_10"],
  ["v1_9_0", "v1_10_0-rc1"],
  ["boost_1_9_0.tar.gz", "boost_1_82_0.tar.gz"],
  ["REL_9_6_24", "REL_10_2_1"],
  ["A_red_1_9_0", "A_red_1_10_0"],
  ["model=resnet#2_1.8", "model=resnet#2_1.10"],
  ["2023.9.20251208", "2023.10.20260120"],
  // Java.
  ["1.8.0_45", "1.8.0_392"],
  ["1.8.0_392", "1.8.0_392-b08"],
  ["openjdk:8u45", "openjdk:8u392-b08"],
  ["Java 8 Update 45", "Java 8 Update 392"],
  // Debian and Ubuntu, Alpine.
  ["1.18.0-6ubuntu14.4", "1.18.0-6ubuntu14.10"],
  ["1:8.2p1-4ubuntu0.9", "1:8.2p1-4ubuntu0.11"],
  ["1.1.1f-1ubuntu2.19", "1.1.1f-1ubuntu2.20"],
  ["2.36-9+deb12u3", "2.36-9+deb12u4"],
  ["252.17-1~deb12u1", "252.19-1~deb12u1"],
  ["1.2.3~rc1-1", "1.2.3-1"],
  ["3.18.4-r9", "3.18.4-r10"],
  ["openssh-9.3_p1-r3", "openssh-9.3_p2-r1"],
  // Maven, Spring.
  ["3.0.0-M1", "3.0.0-M2"],
  ["3.0.0-M2", "3.0.0-RC1"],
  ["3.0.0-RC1", "3.0.0.RELEASE"],
  ["3.0.0-SNAPSHOT", "3.0.0-M1"],
  ["5.3.9.Final", "5.3.10.Final"],
  // Git and Go.
  ["v1.2.3", "v1.2.3-5-g1a2b3c4"],
  ["1.2.3-14-gabcdef", "1.2.4"],
  ["v1.2.3-5-g1a2b3c4", "v1.2.3-14-g0a2b3c4-dirty"],
  ["v1.2.3-rc1-5-g1a2b3c4", "v1.2.3-rc2"],
  ["v0.0.0-20191109021931-daa7c04131f5", "v0.0.0-20201109021931-0aa7c04131f5"],
  ["v1.2.3", "v1.2.4-0.20191109021931-daa7c04131f5"],
  ["v1.2.4-0.20191109021931-daa7c04131f5", "v1.2.4"],
  ["v1.2.4-pre", "v1.2.4-pre.0.20191109021931-daa7c04131f5"],
  ["1.2.3-ffffff1", "1.2.4-000000a"],
  // Images.
  [`nginx:1.25.3@sha256:${"f1".repeat(32)}`, `nginx:1.25.4@sha256:${"01".repeat(32)}`],
  ["v1.28.5-eks-5e0fdde", "v1.29.0-eks-1e0fdde"],
  ["v1.27.3-gke.100", "v1.27.3-gke.1200"],
  // Dates, and words.
  ["2024-02-19.1", "2024-02-19.2"],
  ["2024-02-19.2", "2024-02-20"],
  ["RELEASE.2024-01-13T07-53-03Z", "RELEASE.2024-01-13T10-03-03Z"],
  ["app-20240219", "app-20240220"],
  ["14.1.1-canary.5", "14.1.1-canary.10"],
  ["14.1.1-canary.10", "14.1.1"],
  ["1.2.3 beta", "1.2.3"],
  ["1.2.3 beta 2", "1.2.3 RC 1"],
  // Python.
  ["1.0.dev3", "1.0a1"],
  ["1.0rc1.dev3", "1.0rc1"],
  ["1.0rc1", "1.0"],
  ["1.0", "1.0.post1"],
];

/** Each older than the next: what semver.org shows in its items 11.2, 11.3 and 11.4. */
const SEMVER = [
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "2.0.0",
  "2.1.0",
  "2.1.1",
];

/** Each older than the next. */
const ORDERED = [
  "1.2.0-dev",
  "1.2.0-alpha",
  "1.2.0-alpha2",
  "1.2.0a10",
  "1.2.0-beta.1",
  "1.2.0-rc1",
  "1.2.0-rc.11",
  "1.2.0",
  "1.2.0-1",
  "1.2.0-2",
  "1.2.0-10",
  "1.2.0k",
  "1.2.0l",
  "1.2.1",
  "1.9",
  "1.10",
  "2",
  "10.0",
  "2024-09-30",
  "2024-11-05",
  "20241105",
  "123456789012345678901",
  "123456789012345678902",
];

/** Compares in a group that has these versions and others. */
function compare(a: string, b: string, ...others: readonly string[]): number {
  const [one, other, ...rest] = [a, b, ...others].map(parseVersion) as [
    ParsedVersion,
    ParsedVersion,
    ...ParsedVersion[],
  ];
  return Math.sign(compareVersions(one, other, findPackaging([one, other, ...rest])));
}

describe("compareVersions", () => {
  it("orders as people do", () => {
    for (const [at, version] of ORDERED.entries())
      for (const [place, other] of ORDERED.entries())
        expect([version, other, compare(version, other)]).toEqual([version, other, Math.sign(at - place)]);
  });

  it.each(PAIRS)("%s is older than %s", (older, newer) => {
    const [one, other] = [splitVersion(older), splitVersion(newer)];
    expect(one.variant).toBe(other.variant);
    expect(compare(one.version, other.version)).toBe(-1);
    expect(compare(other.version, one.version)).toBe(1);
  });

  it("orders as semver.org says", () => {
    for (const [at, version] of SEMVER.entries())
      for (const [place, other] of SEMVER.entries())
        expect([version, other, compare(version, other)]).toEqual([version, other, Math.sign(at - place)]);
  });

  it("reads what splitVersion gives as it stood in the value", () => {
    for (const value of PAIRS.flat()) {
      const { variant, version } = splitVersion(value);
      expect(splitVersion(version)).toEqual({ variant: "", version });
      expect(variant).not.toContain("sha256");
    }
  });

  it("finds neither newer where both say the same", () => {
    for (const [a, b] of [
      ["1.2", "1.2.0"],
      ["1.02", "1.2"],
      ["1.2.0", "1.2.0-final"],
      ["1.2.0+7", "1.2.0+8"],
      ["1.2.0a10", "1.2.0-alpha.10"],
      ["1.2.3-5-g1a2b3c4", "1.2.3-5-gf0f0f0f0"],
      ["1.2.3-1234567", "1.2.3-7654321"],
      ["1.2.3-1234b56", "1.2.3-1234b57"],
    ]) {
      expect(compare(a ?? "", b ?? "")).toBe(0);
    }
  });

  const version = fc.oneof(
    fc.constantFrom(...ORDERED, ...SEMVER, ...PAIRS.flat().map((value) => splitVersion(value).version)),
    fc
      .tuple(
        fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }),
        fc.array(
          fc.constantFrom(
            "-rc1",
            "-1",
            "b2",
            "k",
            "+x",
            "-post",
            ".dev3",
            "-beta",
            ".2",
            "~rc1",
            "-6ubuntu14.4",
            "-g1a2b3c4",
            "_45",
          ),
          { maxLength: 4 },
        ),
      )
      .map(([numbers, tail]) => numbers.join(".") + tail.join("")),
  );

  it("is a total order of each group, packages among it or not", () => {
    const packaged = fc.constantFrom(
      ...[
        "1.2.3-1~deb12u1",
        "1.2.3-1+b1",
        "1.2.0-0ubuntu1",
        "2:1.2.3-1",
        "1:1.2",
        "1.2.3-1.el9",
        "1.2.3-1.el9_2.3",
        "1.2.0~rc1-1.fc39",
      ],
      ...["1.2.3^git1-1.amzn2023.0.3", "1.2.3-10.amzn2023.0.14"],
    );
    const group = fc.array(fc.oneof(version, packaged), { minLength: 3, maxLength: 6 });
    fc.assert(
      fc.property(group, (members) => {
        const versions = members.map(parseVersion);
        const packaging = findPackaging(versions);
        for (const a of versions) {
          for (const b of versions) {
            expect(Math.sign(compareVersions(a, b, packaging))).toBe(
              -Math.sign(compareVersions(b, a, packaging)) + 0,
            );
            for (const c of versions)
              if (compareVersions(a, b, packaging) <= 0 && compareVersions(b, c, packaging) <= 0)
                expect([a, b, c, compareVersions(a, c, packaging) <= 0]).toEqual([a, b, c, true]);
          }
        }
      }),
      { numRuns: runs(125) },
    );
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compare(a, b, c)).toBe(-compare(b, a, c) + 0);
        if (compare(a, b, c) <= 0 && compare(b, c, a) <= 0) expect(compare(a, c, b)).toBeLessThanOrEqual(0);
      }),
      { numRuns: runs(1000) },
    );
  });
});

it("compareNames tells all names apart", () => {
  expect(["B_10", "A_red", "B_9", "a_red", "A_blue"].sort(compareNames)).toEqual([
    "A_blue",
    "a_red",
    "A_red",
    "B_9",
    "B_10",
  ]);
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => (compareNames(a, b) === 0) === (a === b)));
});
