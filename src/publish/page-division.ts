// Divides a page's blocks among as many pages as they need. Linear: each text is measured once.
import type { Block } from "./markdown-text.ts";
import { LINK, MAX_LINK_BYTES } from "./page-links.ts";

/** Bytes of UTF-8 that a text takes at most, once its links have their addresses. */
export function measureText(text: string): number {
  let bytes = Buffer.byteLength(text);
  for (const _ of text.matchAll(LINK)) bytes += MAX_LINK_BYTES;
  return bytes;
}

/**
 * Divides blocks. One whose rows go on to another page has its head there again.
 *
 * @param room bytes of one body; a head with one row that needs more stands alone
 * @returns the bodies, none of them empty
 */
export function divideBlocks(blocks: readonly Block[], room: number, measure = measureText): string[] {
  const bodies: string[] = [];
  let body = "";
  let bytes = 0;
  function turn(): void {
    if (body !== "") bodies.push(body);
    body = "";
    bytes = 0;
  }
  function add(text: string, size: number): void {
    body += text;
    bytes += size;
  }
  for (const { head, rows } of blocks) {
    const headSize = measure(head);
    const sizes = rows.map((row) => measure(row));
    if (bytes + headSize + (sizes[0] ?? 0) > room) turn();
    add(head, headSize);
    for (const [at, row] of rows.entries()) {
      const size = sizes[at] as number;
      if (bytes + size > room) {
        turn();
        add(head, headSize);
      }
      add(row, size);
    }
    add("\n", 1);
  }
  turn();
  return bodies;
}
