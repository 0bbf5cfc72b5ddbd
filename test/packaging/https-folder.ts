// A release on a web server: a folder over HTTPS on loopback, with a certificate of its own.
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { CACHE } from "./packages.ts";

export interface HttpsFolder {
  readonly url: string;
  /** The CA's certificate, PEM. */
  readonly ca: string;
  close(): void;
}

export async function serveFolder(folder: string): Promise<HttpsFolder> {
  const keys = mkdtempSync(join(CACHE, "tls-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: keys, stdio: "ignore" });
  openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    "key.pem",
    "-out",
    "cert.pem",
    "-days",
    "2",
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
  );
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => readFileSync(join(keys, name), "utf8"));
  rmSync(keys, { recursive: true });
  const server = createServer({ key, cert }, (request, response) => {
    const path = join(folder, basename(request.url ?? ""));
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca: cert ?? "",
    close: () => server.close(),
  };
}
