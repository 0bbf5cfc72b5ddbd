// The instant that is looked at: `at` in the address, which every view, link and question keeps.
// Without it the page shows now.
// Pure but for readAt: the worker asks of the past too.

/** The parameter of the address, and of every question of the API's. */
export const AT = "at";

type Parameters = ReadonlyArray<readonly [name: string, value: string]>;

/** The instant in the address as it stands there; undefined for now. */
export function readAt(): string | undefined {
  return findAt(location.search);
}

/** The instant of an address's query. */
export function findAt(search: string): string | undefined {
  return new URLSearchParams(search).get(AT) || undefined;
}

/** Asks the same of an instant; what already names one stays. */
export function askAt<Asked extends { readonly parameters?: Parameters }>(
  asked: Asked,
  at: string | undefined,
): Asked {
  if (at === undefined || isOfPast(asked)) return asked;
  return { ...asked, parameters: [...(asked.parameters ?? []), [AT, at] as const] };
}

/** Whether a question is about an instant of the past. */
export function isOfPast({ parameters = [] }: { readonly parameters?: Parameters }): boolean {
  return parameters.some(([name]) => name === AT);
}

/** An instant as the address has it: UTC, to the second where it is a whole one. @param ms */
export function formatAt(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** An address of the page's with the instant that is looked at now. */
export function moveToInstant(href: string): string {
  const address = new URL(href, location.href);
  const at = readAt();
  if (at === undefined) address.searchParams.delete(AT);
  else address.searchParams.set(AT, at);
  return address.pathname + address.search;
}
