// JSON that others wrote, where what cannot be parsed counts as absent.

/** @returns undefined for what is no JSON, which no JSON is */
export function parseJson(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
