// The files of the page: built by Vite, compressed by scripts/page.mjs, and part of the program.
import { createHash } from "node:crypto";
import { brotliCompressSync, brotliDecompressSync, gzipSync } from "node:zlib";

/** By path, as the page's addresses have it: `index.html`, `assets/main-B2x.js`; each in Brotli. */
export type PageFiles = ReadonlyMap<string, Buffer>;

/** Codings of a file, as Accept-Encoding writes them, the preferred one first. */
export const PAGE_ENCODINGS = ["br", "gzip"] as const;
export type PageEncoding = (typeof PAGE_ENCODINGS)[number];

/** A file in one form. */
export interface PageBody {
  readonly bytes: Buffer;
  /** With its quotation marks; of another form it is another (RFC 9110, section 8.8.3.3). */
  readonly etag: string;
}

/** The page as it is served. */
export interface Page {
  /** @param name of a file in `assets/`; it has a hash of what is in it */
  readAsset(name: string, encoding: PageEncoding | undefined): PageBody | undefined;
  /**
   * The document of every view.
   *
   * @param root where the page lies, seen from the address that was asked for: `./`, `../`, or from
   *   the top: `/v1/page/`
   */
  readDocument(root: string, encoding: PageEncoding | undefined): PageBody;
}

const DOCUMENT = "index.html";
const ASSETS = "assets/";

/** How the document names what lies beside it (Vite, `base: "./"`). */
const REFERENCE = /(?<=(?:src|href)=")\.\/(?=assets\/)/g;

/** Where the document says how often the page asks again; s (web/src/api/interval.ts). */
const POLL = /(?<=<meta name="rollcall-poll" content=")\d+(?=")/;

/** Where each question costs next to nothing, as of a server of one's own. */
const USUAL_POLL_S = 5;

/** Documents kept: one for each root that was asked for and each coding. */
const MAX_KEPT_DOCUMENTS = 32;

/**
 * Makes the page.
 *
 * @param pollSeconds how often it asks again where its reader has chosen nothing
 * @throws Error where the files have no document
 */
export function openPage(files: PageFiles, { pollSeconds = USUAL_POLL_S } = {}): Page {
  const index = files.get(DOCUMENT);
  if (!index) throw new Error(`the page has no ${DOCUMENT}`);
  const source = brotliDecompressSync(index).toString("utf8").replace(POLL, String(pollSeconds));
  const assets = new Map<string, PageBody>();
  const documents = new Map<string, PageBody>();

  return {
    readAsset(name, encoding) {
      const packed = files.get(ASSETS + name);
      if (!packed) return undefined;
      const key = `${encoding} ${name}`;
      const body = assets.get(key) ?? toBody(unpack(packed, encoding), encoding);
      assets.set(key, body);
      return body;
    },
    readDocument(root, encoding) {
      const key = `${encoding} ${root}`;
      const known = documents.get(key);
      if (known) return known;
      const body = toBody(pack(Buffer.from(source.replaceAll(REFERENCE, root)), encoding), encoding);
      if (documents.size >= MAX_KEPT_DOCUMENTS) documents.clear();
      documents.set(key, body);
      return body;
    },
  };
}

function unpack(packed: Buffer, encoding: PageEncoding | undefined): Buffer {
  return encoding === "br" ? packed : pack(brotliDecompressSync(packed), encoding);
}

function pack(plain: Buffer, encoding: PageEncoding | undefined): Buffer {
  if (encoding === "br") return brotliCompressSync(plain);
  return encoding === "gzip" ? gzipSync(plain, { level: 9 }) : plain;
}

function toBody(bytes: Buffer, encoding: PageEncoding | undefined): PageBody {
  const digest = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
  return { bytes, etag: `"${digest}${encoding ? `-${encoding[0]}` : ""}"` };
}
