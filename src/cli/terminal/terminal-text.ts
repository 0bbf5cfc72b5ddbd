// What may reach a terminal: text whose values can command nothing, and the few styles that are the
// program's own.
import { styleText } from "node:util";
import { sanitizeLines } from "../../report/safe-text.ts";

type Style = "bold" | "dim" | "yellow";
/** How they are written (ECMA-48, SGR), their ends included. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is kept.
const OWN_STYLE = /(\u001b\[(?:1|2|22|33|39)m)/;

/**
 * Makes text harmless but for the program's own styles. Only for text whose values have been made
 * harmless before.
 */
export function sanitizeStyled(text: string): string {
  return text
    .split(OWN_STYLE)
    .map((part, at) => (at % 2 === 1 ? part : sanitizeLines(part)))
    .join("");
}

/** What a style needs to know of the terminal and its user. */
export interface StyleContext {
  readonly stdout: { readonly isTerminal: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Gives text a style where stdout is a terminal that shows styles and its user has not set NO_COLOR
 * (https://no-color.org).
 */
export function style(format: Style, text: string, { stdout, env }: StyleContext): string {
  if (!stdout.isTerminal || env.NO_COLOR || env.TERM === "dumb") return text;
  // The terminal was looked at here; by itself Node would look at the process's own stdout.
  return styleText(format, text, { validateStream: false });
}

/** The three ways to write. */
export interface TerminalWriter {
  /**
   * Values from anywhere: on a terminal they command nothing, elsewhere each byte stays as it is.
   * Resolves when more may be written.
   */
  write(text: string | Uint8Array): Promise<void>;
  /** Text that `style` has been at, around values that were made harmless by `sanitizeLine`. */
  writeStyled(text: string): Promise<void>;
  /** Only what the program itself tells the terminal, such as where the cursor goes. */
  command(text: string): Promise<void>;
}

/** The one gate to stdout and stderr. @param writeRaw takes what passes */
export function openTerminalWriter(
  isTerminal: boolean,
  writeRaw: (text: string | Uint8Array) => Promise<void>,
): TerminalWriter {
  if (!isTerminal) return { write: writeRaw, writeStyled: writeRaw, command: writeRaw };
  // A character may come in two pieces.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    write: (text) =>
      writeRaw(sanitizeLines(typeof text === "string" ? text : decoder.decode(text, { stream: true }))),
    writeStyled: (text) => writeRaw(sanitizeStyled(text)),
    command: writeRaw,
  };
}
