// The page that this program was built with.
import { openPage, type Page } from "./page-files.ts";

/**
 * Loads it; only who serves it needs it.
 *
 * @param options as openPage takes them
 * @returns undefined in a program without one: one that runs from its sources
 */
export async function loadPage(options: Parameters<typeof openPage>[1] = {}): Promise<Page | undefined> {
  const { files } = await import("#page").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return { files: {} };
  });
  const packed = Object.entries(files).map(([path, text]) => [path, Buffer.from(text, "base64")] as const);
  return packed.length === 0 ? undefined : openPage(new Map(packed), options);
}
