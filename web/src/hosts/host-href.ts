// The address of a host's view.
import { formatHref } from "../address/parameters.ts";

/** @param account "" where it is not known or the report lies at the top of the store */
export function formatHostHref(id: string, account: string): string {
  return formatHref(`/hosts/${encodeURIComponent(id)}`, { account });
}
