// Has anything changed since the last report? A digest of a report's content without what differs
// each time.
import { createHash } from "node:crypto";

/**
 * The digest of what a report says, `sha256:` and 64 hex digits. Left out are update_date;
 * os_start_date and rollcall.started, which a disciplined clock moves by a second, and after a
 * reboot a host reports anyway; and each collector's duration and reasons, which may quote what a
 * program printed.
 *
 * @param bytes a report that collectReport made
 */
export function digestContent(bytes: Uint8Array): string {
  const volatile = new Set(["update_date", "os_start_date"]);
  const content = JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"),
  ) as Record<string, unknown>;
  const { rollcall, ...fields } = content;
  const kept = Object.entries(fields).filter(([name]) => !volatile.has(name));
  const collectors = JSON.stringify(rollcall, (key, value: unknown) =>
    key === "duration_ms" || key === "reason" || key === "started" ? undefined : value,
  );
  return `sha256:${createHash("sha256")
    .update(JSON.stringify(kept))
    .update("\n")
    .update(collectors ?? "")
    .digest("hex")}`;
}
