// Builds oauth2-proxy with Go, for `npm run sign-in:check`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";

const VERSION = "v7.15.6";

const folder = new URL("../node_modules/.cache/oauth2-proxy/", import.meta.url).pathname;
if (!existsSync(`${folder}oauth2-proxy`)) {
  mkdirSync(folder, { recursive: true });
  console.error(`Building oauth2-proxy ${VERSION}: it takes some minutes`);
  const { error, status } = spawnSync(
    "go",
    ["install", `github.com/oauth2-proxy/oauth2-proxy/v7@${VERSION}`],
    {
      env: { ...process.env, GOBIN: folder },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  if (error)
    console.error(`go cannot be run (${error.code}): oauth2-proxy is built with it, https://go.dev/dl/`);
  if (status !== 0) process.exitCode = 1;
}
