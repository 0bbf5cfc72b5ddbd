// Where the page lies: all addresses follow from where its script came from, so that it works below
// any prefix and at any depth.

// The script lies in assets/, and the page beside that folder.
const script = import.meta.url;

/** The page's own address, with a slash at its end. */
export const ROOT = new URL("..", script);

/** The path before every view's: "" or `/prefix`. */
export const BASE = ROOT.pathname.replace(/\/$/, "");

/** The address of the API. */
export const API = new URL("v1/", ROOT);
