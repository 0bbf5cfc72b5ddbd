// The server's own address in the commands that the documentation shows: whoever reads them can
// paste them as they are.
import { isHost } from "./request-head.ts";

/** The address that samples are written with. It takes the place of whatever is not known. */
export const SAMPLE_ADDRESS = "http://127.0.0.1:8787";

/**
 * Tells by which address whoever asks has reached the server: by the request's Host.
 *
 * @param url of the request, whole
 * @param forwardedProto the header X-Forwarded-Proto, from a proxy that is trusted: how the request
 *   came to it. Of a list the first counts, which is the farthest proxy's
 * @returns such as `https://rollcall.example.com`; SAMPLE_ADDRESS where the Host is none that could
 *   stand in a command
 */
export function findOwnAddress(url: string, forwardedProto?: string): string {
  const { protocol, host } = new URL(url);
  if (!isHost(host)) return SAMPLE_ADDRESS;
  const forwarded = /^\s*(https?)\s*(?:,|$)/i.exec(forwardedProto ?? "")?.[1];
  return `${forwarded ? `${forwarded.toLowerCase()}:` : protocol}//${host}`;
}

/**
 * Puts an address into a text that has samples. In those that stand without quotes, an IPv6
 * address' brackets would be a pattern to zsh.
 */
export function replaceSampleAddress(text: string, address: string): string {
  // Nothing in an address means anything in HTML, JSON or a shell's quotes (isHost).
  const isPattern = address.includes("[");
  return text.replace(SAMPLE, (whole, before: string, path: string) =>
    isPattern && before === " " ? ` '${address}${path}'` : whole.replace(SAMPLE_ADDRESS, address),
  );
}

const SAMPLE = new RegExp(`(.)${SAMPLE_ADDRESS.replaceAll(".", "\\.")}([\\w/-]*)`, "g");
