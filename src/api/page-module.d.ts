// What scripts/page.mjs writes: the files of the page by path, in Brotli, as base64.
declare module "#page" {
  export const files: Readonly<Record<string, string>>;
}
