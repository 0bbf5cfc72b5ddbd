// The headers in which a request says which machine it is from.

/** Values as in `Machine`; `startedAt` in seconds. */
export const MACHINE_HEADERS = {
  machine: "rollcall-machine",
  boot: "rollcall-boot",
  name: "rollcall-name",
  startedAt: "rollcall-started",
} as const;
