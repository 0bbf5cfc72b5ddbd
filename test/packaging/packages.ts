// Where `npm run package:check` has its packages.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is kept from one run to the next. */
export const CACHE = `${ROOT}node_modules/.cache/package-check`;

/** global-setup.ts builds it, if need be. */
export const NFPM = `${ROOT}node_modules/.cache/nfpm/nfpm`;

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { version: string };

/** The version of today, and one that it is upgraded to. */
export const PACKAGES = {
  now: { version, folder: `${CACHE}/now`, architectures: ["x64", "arm64"] },
  next: {
    version: version.replace(/\d+$/, (patch) => String(Number(patch) + 1)),
    folder: `${CACHE}/next`,
    // That of the roots: this machine's.
    architectures: ["x64"],
  },
} as const;

export type Release = (typeof PACKAGES)[keyof typeof PACKAGES];

/** As nfpm names them, by the conventions of each family. */
export function nameFile({ version }: Release, family: "deb" | "rpm", architecture: "x64" | "arm64"): string {
  const names = { deb: { x64: "amd64", arm64: "arm64" }, rpm: { x64: "x86_64", arm64: "aarch64" } };
  const name = names[family][architecture];
  return family === "deb" ? `rollcall_${version}_${name}.deb` : `rollcall-${version}-1.${name}.rpm`;
}
