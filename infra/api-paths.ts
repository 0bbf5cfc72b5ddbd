// The paths of the API behind the stage v1, which the function tells apart itself.

/** Whom a path answers. */
export interface ApiPath {
  /** A resource's path part (API Gateway guide, "Lambda proxy integrations"). */
  readonly part: string;
  readonly name: string;
  readonly needsKey: boolean;
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
];

/** Nothing is written through AWS's API: hosts write to the bucket, as themselves. */
export const API_METHODS = ["GET", "HEAD"] as const;
