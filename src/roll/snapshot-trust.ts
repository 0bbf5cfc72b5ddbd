// Whether the snapshots in a store may be believed: not where hosts write at the top of the store.
import { parseReportKey } from "../report/key.ts";
import type { Store } from "../store/store.ts";

/** What is found out about one store, once for all snapshots in it. */
export interface SnapshotTrust {
  /** Whether it was found that a snapshot may be forged. */
  readonly isLost: boolean;
  /**
   * Looks, unless that was done before. @returns whether a snapshot may be forged
   *
   * @throws whatever the store throws; then the next one looks again
   */
  look(signal: AbortSignal): Promise<boolean>;
  /** Takes it away; a notice says so the first time. @param key of a report at the top */
  lose(key: string): void;
}

/**
 * Makes the one who looks. No rule of Rollcall's lets hosts write reports at the top of a store,
 * and the one that does, in a bucket that a script pushed to, seldom says what else they may write:
 * a snapshot there may be theirs, and would speak for every host.
 *
 * @param store where the snapshots lie
 */
export function createSnapshotTrust(store: Store, onNotice: (notice: string) => void): SnapshotTrust {
  let isLost = false;
  let looking: Promise<string | undefined> | undefined;

  async function findReportAtTop(signal: AbortSignal): Promise<string | undefined> {
    for await (const page of store.list("", { shallow: true, signal })) {
      const found = page.find(({ key }) => !key.includes("/") && parseReportKey(key));
      if (found) return found.key;
    }
    return undefined;
  }

  function lose(key: string): void {
    if (!isLost)
      onNotice(
        `no snapshot is used or kept: reports lie at the top of the store, such as ${key}, and who ` +
          "may write there may be able to write a snapshot too",
      );
    isLost = true;
  }

  return {
    get isLost() {
      return isLost;
    },
    async look(signal) {
      looking ??= findReportAtTop(signal).catch((error: unknown) => {
        looking = undefined;
        throw error;
      });
      const key = await looking;
      if (key !== undefined) lose(key);
      return isLost;
    },
    lose,
  };
}
