// Instants on a terminal: all times of one output in one zone, which the output names once.

/** A zone to show times in. */
export interface Zone {
  /** `2026-11-24 14:36:24`, to the second. */
  format(at: number): string;
  /** What the zone is called at an instant: `Asia/Tokyo, UTC+09:00`; `UTC`. */
  describe(at: number): string;
  /** How far it is ahead of UTC at an instant; minutes. */
  offsetAt(at: number): number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** UTC, whatever the machine's zone is. */
export const UTC: Zone = {
  format: (at) => new Date(at).toISOString().slice(0, "2026-11-24T14:36:24".length).replace("T", " "),
  describe: () => "UTC",
  offsetAt: () => 0,
};

/** The zone of this machine and user: TZ, else the system's. */
export const LOCAL: Zone = {
  format: (at) => UTC.format(at + offsetAt(at) * MINUTE_MS),
  describe(at) {
    const minutes = offsetAt(at);
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    if (timeZone === "UTC" || timeZone === "Etc/UTC") return "UTC";
    return `${timeZone}, UTC${formatOffset(minutes)}`;
  },
  offsetAt,
};

function offsetAt(at: number): number {
  return -new Date(at).getTimezoneOffset();
}

/** `+09:00`. @param minutes ahead of UTC */
export function formatOffset(minutes: number): string {
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? "-" : "+"}${pad(hours)}:${pad(rest)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
