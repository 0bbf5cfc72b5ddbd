// Publishes to standard output: all pages as one text of Markdown.
import { formatHeading } from "./markdown-text.ts";
import { joinPages, layOutPages } from "./pages.ts";
import { NOTHING_DONE, type Publisher } from "./publisher.ts";

const MAX_STDOUT_PAGE_BYTES = 10_000_000;

/** Makes the publisher. It writes each time, since nobody knows what became of the last one. */
export function stdoutPublisher(): Publisher {
  return {
    kind: "stdout",
    async publish(overview, { write, isDryRun }) {
      const pages = layOutPages(overview, MAX_STDOUT_PAGE_BYTES);
      const text = `# ${formatHeading(overview.settings.title)}\n\n${joinPages(pages)}`;
      if (!isDryRun) await write(text);
      return { ...NOTHING_DONE, created: pages.length };
    },
  };
}
