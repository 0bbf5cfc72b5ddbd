// What a machine is known by to the server: hashes that its agent makes.
import * as z from "zod";

export const FINGERPRINT = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** A machine as reports and problems name it: the first digits of its hash. */
export const CUT_MACHINE = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "must be 16 hexadecimal digits, as problems name a machine");

/** What a machine is known by. */
export const machineSchema = z.strictObject({
  machine: FINGERPRINT.describe("SHA-256 of what stays the same on a machine; the agent makes it."),
  boot: FINGERPRINT.describe("SHA-256 of what stays the same until the machine boots again."),
});

/**
 * What tells two views of one boot, such as of a unit and of a shell in a container, from two
 * machines. Older agents do not send it.
 */
export const viewSchema = z.object({
  name: FINGERPRINT.optional().catch(undefined),
  startedAt: z.coerce.number().int().min(1).max(1e11).optional().catch(undefined),
});

export type Machine = z.infer<typeof machineSchema> & z.infer<typeof viewSchema>;
