// The fields that a host tells of itself, whatever its spec.

/** What the host collector gives, in this order. */
export const HOST_FIELDS = [
  "update_date",
  "os_start_date",
  "instance_id",
  "instance_name",
  "instance_type",
  "instance_life_cycle",
] as const;
