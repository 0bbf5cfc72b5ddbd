// Instants on a terminal: all times of one output in one zone, which the output names once.

/** A zone to show times in. */
export interface Zone {
  /** `2026-11-24 14:36:24`, to the second. */
  format(at: number): string;
  /** What the zone is called at an instant: `Asia/Tokyo, UTC+09:00`; `UTC`. */
  describe(at: number): string;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** UTC, whatever the machine's zone is. */
export const UTC: Zone = {
  format: (at) => new Date(at).toISOString().slice(0, "2026-11-24T14:36:24".length).replace("T", " "),
  describe: () => "UTC",
};

/** The zone of this machine and user: TZ, else the system's. */
export const LOCAL: Zone = {
  format: (at) => UTC.format(at + offsetAt(at) * MINUTE_MS),
  describe(at) {
    const minutes = offsetAt(at);
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    if (timeZone === "UTC" || timeZone === "Etc/UTC") return "UTC";
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    const offset = `${minutes < 0 ? "-" : "+"}${pad(hours)}:${pad(rest)}`;
    return `${timeZone}, UTC${offset}`;
  },
};

/** How far the machine's zone is ahead of UTC then; minutes. */
function offsetAt(at: number): number {
  return -new Date(at).getTimezoneOffset();
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
