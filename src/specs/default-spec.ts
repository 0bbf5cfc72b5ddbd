// The spec of a host whose owner gave none: the host's own facts, which is enough to be counted.

/** YAML, as a user would write it. */
export const DEFAULT_SPEC = `version: 1
collect:
  - host:
`;
