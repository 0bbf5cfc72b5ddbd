// Makes dist/web, the page as Vite has built it, a part of the program: dist/page.js, a module that
// has every file in Brotli, for Node, for the executables and for Lambda alike.
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants } from "node:zlib";

const root = new URL("..", import.meta.url).pathname;

/** Only these are files of the page; a source map, say, is none. */
const SERVED = /^(?:index\.html|assets\/[\w.-]+\.(?:js|css|svg|png|woff2|webmanifest))$/;

/** Writes it. @returns the module for CommonJS, as inline code in a template must be */
export async function embedPage() {
  const folder = `${root}dist/web`;
  const isBuilt = await access(`${folder}/index.html`).then(
    () => true,
    () => false,
  );
  const names = isBuilt ? await readdir(folder, { recursive: true }) : [];
  const files = {};
  for (const name of names.filter((one) => SERVED.test(one)).sort()) {
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
