// Tests of certificates: what is wrong is told with the file's name, and a renewed one is served
// without a restart.
import { createPrivateKey } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeCertificate } from "../testing/certificate.ts";
import { makeFolder } from "../testing/temporary-folder.ts";
import { startServer } from "./server.ts";

/** A folder with a pair of its own for each name. */
async function makePairs(...names: string[]) {
  const folder = await makeFolder();
  for (const name of names) {
    const { certificate, key } = makeCertificate({ name });
    await writeFile(`${folder}/${name}.pem`, certificate);
    await writeFile(`${folder}/${name}.key`, key);
  }
  const use = async (cert: string, key = cert) => {
    await copyFile(`${folder}/${cert}.pem`, `${folder}/cert.pem`);
    await copyFile(`${folder}/${key}.key`, `${folder}/key.pem`);
  };
  await use(names[0] ?? "");
  return { folder, use, tls: { certFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` } };
}

const app = new Hono().get("/", (context) => context.text("hello"));
const ADDRESS = { host: "127.0.0.1", port: 0 };

/** Whose certificate a new connection meets. */
function meet(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      const { subject } = (response.socket as TLSSocket).getPeerCertificate();
      response.resume().on("end", () => resolve(subject.CN));
    });
    asked.on("error", reject).end();
  });
}

describe("a certificate", () => {
  it(
    "is served without a restart when it is renewed, and the last good one stays while " +
      "another does not fit",
    async () => {
      const { folder, use, tls } = await makePairs("first", "second", "third");
      const server = await startServer(app, { ...ADDRESS, tls });
      onTestFinished(() => server.stop(0));
      expect(await meet(server.url)).toBe("first");
      expect(await server.renewCertificate()).toBe(false);
      await use("second");
      expect(await server.renewCertificate()).toBe(true);
      expect(await meet(server.url)).toBe("second");
      expect(await server.renewCertificate()).toBe(false);
      await use("third", "second");
      await expect(server.renewCertificate()).rejects.toThrow(
        `the key in ${folder}/key.pem is not the key of the certificate in ${folder}/cert.pem`,
      );
      expect(await meet(server.url)).toBe("second");
      await writeFile(tls.certFile, "");
      await expect(server.renewCertificate()).rejects.toThrow(
        `${folder}/cert.pem holds no certificate in PEM`,
      );
      expect(await meet(server.url)).toBe("second");
      await use("third");
      expect(await server.renewCertificate()).toBe(true);
      expect(await meet(server.url)).toBe("third");
    },
  );

  it("that cannot be served with is told at the start, in one line that names the file", async () => {
    const { folder, use, tls } = await makePairs("good", "other");
    const start = () =>
      startServer(app, { ...ADDRESS, tls }).then(
        () => "started",
        (error: Error) => error.message,
      );
    await use("good", "other");
    expect(await start()).toBe(
      `the key in ${folder}/key.pem is not the key of the certificate in ${folder}/cert.pem`,
    );
    await use("good");
    await writeFile(tls.certFile, "none");
    expect(await start()).toBe(`${folder}/cert.pem holds no certificate in PEM`);
    await use("good");
    await copyFile(tls.certFile, tls.keyFile);
    expect(await start()).toBe(`${folder}/key.pem holds no private key in PEM`);
    const key = createPrivateKey(await readFile(`${folder}/good.key`));
    const passphrase = { cipher: "aes256", passphrase: "secret" };
    await writeFile(tls.keyFile, key.export({ type: "sec1", format: "pem", ...passphrase }));
    expect(await start()).toBe(`the key in ${folder}/key.pem has a passphrase; give one without`);
    const endless = startServer(app, { ...ADDRESS, tls: { ...tls, certFile: "/dev/zero" } });
    await expect(endless).rejects.toThrow(
      "cannot read the TLS file /dev/zero: it has more than 8388608 bytes",
    );
  });
});
