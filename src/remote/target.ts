// A place to ask or to push to.

export type Target =
  | { readonly kind: "store"; readonly url: string }
  | { readonly kind: "server"; readonly url: URL };
