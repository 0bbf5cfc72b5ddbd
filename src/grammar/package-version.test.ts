// Tests of package versions; that they are ordered as rpm and dpkg do it:
// test/compared/package-version.test.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findPackageVersion } from "./package-version.ts";
import { splitVersion } from "./version-order.ts";

const readList = (name: string) => readFileSync(join("test/packages", name), "utf8").trim().split("\n");
const RPM = readList("rpm.txt");
const DEBIAN = readList("debian.txt");

describe("findPackageVersion", () => {
  it.each([
    ["1:1.24.0-1.amzn2023.0.2", "", "1:1.24.0-1.amzn2023.0.2", "rpm"],
    ["nginx-1:1.24.0-1.amzn2023.0.2.x86_64", "nginx.x86_64", "1:1.24.0-1.amzn2023.0.2", "rpm"],
    ["nginx-core-1.24.0-1.amzn2.0.1.x86_64.rpm", "nginx-core.x86_64.rpm", "1.24.0-1.amzn2.0.1", "rpm"],
    ["4.18.0-553.5.1.el8_10.x86_64", ".x86_64", "4.18.0-553.5.1.el8_10", "rpm"],
    ["libstdc++-11.4.1-2.1.el9.alma.x86_64", "libstdc++.x86_64", "11.4.1-2.1.el9.alma", "rpm"],
    ["mod_http2-2.0.11-2.amzn2023", "mod_http2", "2.0.11-2.amzn2023", "rpm"],
    ["A_red_1.10-1.el9", "A_red", "1.10-1.el9", "rpm"],
    ["1.14.0-4.module+el8.9.0+19000", "", "1.14.0-4.module+el8.9.0+19000", "rpm"],
    ["16.20.2-1.module_el8.8.0+3682+fbbde431", "", "16.20.2-1.module_el8.8.0+3682+fbbde431", "rpm"],
    ["kernel-5.15.158.2-1.cm2.x86_64", "kernel.x86_64", "5.15.158.2-1.cm2", "rpm"],
    ["0.0~git20180305.9cad4c3-1.1", "", "0.0~git20180305.9cad4c3-1.1", "debian"],
    ["10.1.0+~9.0.13-1", "", "10.1.0+~9.0.13-1", "debian"],
    ["4.0.0+~cs4.0.0-5", "", "4.0.0+~cs4.0.0-5", "debian"],
    ["20150804-1.1", "", "20150804-1.1", "debian"],
    ["11.el9_2.3", "", "11.el9_2.3", "rpm"],
    ["nginx/1.24.0-1.el9", "nginx", "1.24.0-1.el9", "rpm"],
    ["Linux 5.14.0-284.30.1.el9_2.x86_64", "Linux.x86_64", "5.14.0-284.30.1.el9_2", "rpm"],
    ["1.2.3-1~deb12u1", "", "1.2.3-1~deb12u1", "debian"],
    ["nginx_1.22.1-9+deb12u1_amd64.deb", "nginx_amd64.deb", "1.22.1-9+deb12u1", "debian"],
    ["nginx=1.18.0-6ubuntu14.4", "nginx", "1.18.0-6ubuntu14.4", "debian"],
    ["nginx:1.18.0-6ubuntu14.4", "nginx", "1.18.0-6ubuntu14.4", "debian"],
    ["nginx-1.18.0-6ubuntu14.4", "nginx", "1.18.0-6ubuntu14.4", "debian"],
    ["openssh-server 1:8.2p1-4ubuntu0.9", "openssh-server", "1:8.2p1-4ubuntu0.9", "debian"],
    ["1.2-rc1-3+b1", "", "1.2-rc1-3+b1", "debian"],
    ["0.74+nmu1", "", "0.74+nmu1", "debian"],
    ["2:4.24.6-1", "", "2:4.24.6-1", "debian"],
    ["1:2.0", "", "1:2.0", "debian"],
  ])("%s", (value, variant, version, packaging) => {
    expect(splitVersion(value)).toEqual({ variant, version });
    expect(findPackageVersion(value)?.packaging).toBe(packaging);
    expect(findPackageVersion(version)).toEqual({ start: 0, end: version.length, packaging });
  });

  it.each([
    "1.2.3",
    "1.2.3-1",
    "1.2.0-rc1",
    "A_red_1.10",
    "model=resnet#2_1.8",
    "12.2.0-ubuntu22.04",
    "1.0.0+build.5",
    "1.2.3+b5",
    "2024-11-05",
    "20240219",
    "1.2.3-rc.1+b5",
    "5.15.0-1052-aws",
    "openjdk:8u392-b08",
    "redis:7.2",
    "myapp-2:1.4.0",
    "gpu/2:1.9",
    "10:30:45.123",
    "10:30",
    "8080:80",
    "127.0.0.1:8080",
    "2001:db8::1",
    "00:1a:2b:3c:4d:5e",
    "2026-11-27T10:00:00+0900",
    "level 2.element4",
    "model.el",
    "",
  ])("%s is none", (value) => {
    expect(findPackageVersion(value)).toBeUndefined();
  });

  it("knows the packages of Red Hat and Amazon Linux, by any name", () => {
    for (const version of RPM.filter((one) => /el\d|fc\d|amzn\d/.test(one))) {
      expect(splitVersion(version)).toEqual({ variant: "", version });
      expect(splitVersion(`lib-x86-${version}.noarch`)).toEqual({ variant: "lib-x86.noarch", version });
    }
  });

  it("keeps each version of a Debian package whole", () => {
    for (const version of DEBIAN.filter((one) => findPackageVersion(one))) {
      expect(splitVersion(version)).toEqual({ variant: "", version });
      expect(splitVersion(`app_${version}_arm64.deb`)).toEqual({ variant: "app_arm64.deb", version });
    }
  });
});
