// Keeps a server's certificate the one that lies on disk: looks at the files now and then, and at
// SIGHUP.
import type { Logger } from "pino";

/**
 * Certificates are renewed weeks before they end; who has renewed one looks whether it is served
 * within a minute.
 */
const LOOK_EVERY_MS = 20_000;

/** Between the writing of certificate and key they do not fit; ms. */
const WRITING_MS = 2000;

export interface RenewalOptions {
  /**
   * Reads the files again. @returns whether they were others, and are served now @throws an error
   * in one line if they cannot be
   */
  readonly renew: () => Promise<boolean>;
  readonly onHangUp: (listener: () => void) => () => void;
  readonly log: Logger;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Follows the files until the signal aborts. Never rejects: a pair that does not fit is told once,
 * and the last good one stays.
 */
export async function followCertificate(
  { renew, onHangUp, log, sleep }: RenewalOptions,
  signal: AbortSignal,
): Promise<void> {
  let told: string | undefined;

  /** @returns what is wrong */
  async function look(): Promise<string | undefined> {
    try {
      if (await renew()) log.info("the certificate was renewed");
      told = undefined;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  function tell(fault: string): void {
    log.error({ reason: fault }, `the certificate was not renewed, the last good one is served on: ${fault}`);
    told = fault;
  }

  const stopListening = onHangUp(() => {
    void look().then((fault) =>
      fault === undefined ? log.info("SIGHUP: the certificate on disk is served") : tell(fault),
    );
  });
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted || (await look()) === undefined) continue;
    await sleep(WRITING_MS, signal);
    const fault = signal.aborted ? undefined : await look();
    if (fault !== undefined && fault !== told) tell(fault);
  }
  stopListening();
}
