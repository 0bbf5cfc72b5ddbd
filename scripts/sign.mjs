// Writes the checksums of a release, and signs them with a key of minisign's: node scripts/sign.mjs
// [--key FILE] [--folder dist-bin]
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** As sha256sum(1) reads it. */
const SUMS = "SHA256SUMS";

const { values } = parseArgs({
  options: {
    key: { type: "string" },
    folder: { type: "string", default: fileURLToPath(new URL("../dist-bin", import.meta.url)) },
  },
});
const { key, folder } = values;

function fail(message) {
  console.error(message);
  process.exit(1);
}

async function digest(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^rollcall[^/]*(?<!\.minisig)$/.test(name))
      .sort()
  : [];
if (names.length === 0)
  fail(`${folder} holds nothing to sign: node scripts/executable.mjs, then node scripts/packages.mjs`);
const lines = [];
for (const name of names) lines.push(`${await digest(join(folder, name))}  ${name}\n`);
writeFileSync(join(folder, SUMS), lines.join(""));
console.log(`${join(folder, SUMS)}: ${names.length} files`);

if (key === undefined) console.log("not signed: --key FILE names the private key of minisign");
else {
  // A key's password is asked for at the terminal.
  const { error, status } = spawnSync(
    "minisign",
    ["-S", "-s", resolve(key), "-m", SUMS, "-t", `rollcall ${SUMS}`],
    {
      cwd: folder,
      stdio: ["inherit", "ignore", "inherit"],
    },
  );
  if (error)
    fail(
      `minisign cannot be run (${error.code}): apt-get install minisign, or ` +
        "https://jedisct1.github.io/minisign/",
    );
  if (status !== 0) fail("minisign did not sign");
  console.log(`${join(folder, SUMS)}.minisig`);
}
