// A mistake in a document that a person wrote: where it is, what is wrong, and how it is shown.

/** One mistake. */
export interface Mistake {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
  /**
   * Where in the document's structure, like `collect[1].command.run`; "" for the document as a
   * whole.
   */
  readonly path: string;
  /** What is wrong and what to write instead; one line. */
  readonly message: string;
  /** Where the message quotes the document: the same with stars for that, and where it stands. */
  readonly redacted?: { readonly message: string; readonly at: readonly PropertyKey[] };
}

/** Mistakes shown at most; more would scroll the first out of sight. */
const MAX_SHOWN_MISTAKES = 20;
const MAX_FRAME_WIDTH = 120;

/**
 * Renders mistakes for people, each with its line of the text and a caret:
 *
 *     rollcall.yaml:4:7: collect[1].command.run: write an absolute path
 *       4 |       run: app --version
 *         |       ^
 *
 * @param file the document's name as the user knows it
 * @param text the document
 * @returns lines that end in a newline each
 */
export function renderMistakes(file: string, text: string, mistakes: readonly Mistake[]): string {
  const lines = text.split(/\r\n|\n|\r/);
  const shown = mistakes.slice(0, MAX_SHOWN_MISTAKES).map((mistake) => renderMistake(file, lines, mistake));
  const left = mistakes.length - shown.length;
  return shown.join("") + (left > 0 ? `${file}: and ${left} more\n` : "");
}

function renderMistake(file: string, lines: readonly string[], mistake: Mistake): string {
  const subject = mistake.path === "" ? "" : `${mistake.path}: `;
  const head = `${file}:${mistake.line}:${mistake.column}: ${subject}${mistake.message}\n`;
  const line = lines[mistake.line - 1];
  if (line === undefined || line.trim() === "") return head;
  // A long line is cut around the caret, and what a terminal would take as a command is shown as a
  // dot.
  const from = Math.max(0, mistake.column - 1 - MAX_FRAME_WIDTH / 2);
  const part = line
    .slice(from, from + MAX_FRAME_WIDTH)
    .replace(/[\p{Cc}\p{Cs}]/gu, (char) => (char === "\t" ? " " : "·"));
  const number = String(mistake.line);
  const gutter = " ".repeat(number.length);
  return `${head}  ${number} | ${part}\n  ${gutter} | ${" ".repeat(mistake.column - 1 - from)}^\n`;
}

/** Writes a path as people write it: `collect[1].fields["a b"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    const name = String(part);
    if (typeof part === "number") text += `[${name}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(name)) text += text === "" ? name : `.${name}`;
    else text += `[${JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name)}]`;
  }
  return text;
}
