// Puts text where it can be pasted.

/** @returns whether the browser did */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP, but on loopback, a browser has no such thing; this is the way of before.
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const place = document.createElement("textarea");
  place.value = text;
  place.className = "unseen";
  document.body.append(place);
  const focused = document.activeElement;
  place.select();
  const isCopied = document.execCommand("copy");
  place.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
