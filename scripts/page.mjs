// Makes dist/web, the page as Vite has built it, a part of the program: dist/page.js, a module that
// has every file in Brotli, for Node, for the executables and for Lambda alike.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const root = new URL("..", import.meta.url).pathname;

/** What the server knows the media types of (src/api/page.ts). */
const SERVED = /^(?:index\.html|assets\/[\w.-]+\.(?:js|css|svg|png|woff2|webmanifest))$/;

/**
 * Writes it. @returns the module for CommonJS, as inline code in a template must be
 *
 * @throws Error where the page is not built, or has files that nobody would serve
 */
export async function embedPage() {
  const folder = `${root}dist/web`;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((one) => one.isFile())
    .map((one) => relative(folder, join(one.parentPath, one.name)));
  const unserved = names.filter((name) => !SERVED.test(name));
  if (unserved.length > 0)
    throw new Error(`dist/web has what the server does not serve: ${unserved.join(", ")}`);
  if (!names.includes("index.html")) throw new Error("dist/web has no index.html");
  const files = {};
  for (const name of names.sort()) {
    const bytes = await readFile(`${folder}/${name}`);
    files[name] = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }).toString("base64");
  }
  const text = JSON.stringify(files);
  await writeFile(`${root}dist/page.js`, `export const files = ${text};\n`);
  return `exports.files = ${text};\n`;
}
