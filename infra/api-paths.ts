// The paths of the API behind the stage v1, which the function tells apart itself.

/** Whom a path answers. */
export interface ApiPath {
  /**
   * A resource's path part (API Gateway guide, "Lambda proxy integrations"); "" is the top itself.
   */
  readonly part: string;
  readonly name: string;
  readonly needsKey: boolean;
  /** The name of the path that it lies below; of most that is the top. */
  readonly below?: string;
  /**
   * Whether it is there for the page. Browsers sign nothing and ask their own origin: where callers
   * sign, nobody gets it without a signature, and no other page may ask it.
   */
  readonly isOfPage?: true;
}

/**
 * Everything takes a key but what says nothing of any host and asks the store for nothing. What
 * reads the store, such as readyz, would let anybody make it work.
 */
export const API_PATHS: readonly ApiPath[] = [
  { part: "{proxy+}", name: "Proxy", needsKey: true },
  { part: "healthz", name: "Health", needsKey: false },
  { part: "openapi.json", name: "OpenApi", needsKey: false },
  { part: "docs", name: "Docs", needsKey: false },
  // The page: any address of a view and its files, and below it what it asks. The top leads there.
  { part: "", name: "Top", needsKey: false, isOfPage: true },
  { part: "page", name: "Page", needsKey: false, isOfPage: true },
  { part: "{proxy+}", name: "PageFiles", needsKey: false, below: "Page", isOfPage: true },
  { part: "v1", name: "PageApi", needsKey: true, below: "Page", isOfPage: true },
  { part: "{proxy+}", name: "PageQuestions", needsKey: true, below: "PageApi", isOfPage: true },
];

/** Nothing is written through AWS's API: hosts write to the bucket, as themselves. */
export const API_METHODS = ["GET", "HEAD"] as const;
