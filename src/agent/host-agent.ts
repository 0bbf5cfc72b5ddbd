// The agent on the real machine: present until a notice or a signal comes, away until the notice is
// gone.
import { resolve } from "node:path";
import type { Logger } from "pino";
import type { Clock } from "../report/clock.ts";
import type { LeaveReason } from "../report/departure.ts";
import { runAgent } from "./agent.ts";
import { type HostCollection, observeHost } from "./collection.ts";
import { createDelivery, type Delivery, type ReportSink } from "./delivery.ts";
import { type FollowedCollection, SPEC_CHANGED } from "./followed-collection.ts";
import { openWatch } from "./host-watch.ts";
import { joinDeliveries } from "./joined-delivery.ts";
import { leave, RETURN_AFTER_MS } from "./leave.ts";
import type { LeaveNotices } from "./leave-notice.ts";
import { preparePageOut } from "./page-out.ts";
import type { PolledFolder } from "./polled-folders.ts";
import { type AgentRegistration, registerAgent } from "./running-agents.ts";
import { findStopReason } from "./shutdown.ts";
import { sleep } from "./sleep.ts";
import { lookForSpecs } from "./spec-looks.ts";
import { NO_SPOOL, openSpool } from "./spool.ts";
import { openStatus, type Status } from "./status.ts";

/**
 * How long a report that is being sent has when the program is told to stop, and all until the
 * departure has been sent; ms. Whoever stops it waits.
 */
const STOP_GRACE_MS = 1500;
const STOP_MS = 4500;

/** The same where a notice came: the host has two minutes then, and nobody waits; ms. */
const NOTICE_GRACE_MS = 5000;
const NOTICE_LEAVE_MS = 20_000;

/**
 * How long after a look memory is given back; the report is on its way then. And how often later:
 * what waits for notices needs some as well.
 */
const GIVE_BACK_AFTER_MS = 2000;
const GIVE_BACK_EVERY_MS = 30_000;

/** Folders that the status lists, at most. */
const MAX_LISTED_POLLED_FOLDERS = 20;

export interface HostAgentOptions {
  readonly collection: HostCollection | FollowedCollection;
  readonly sink: ReportSink;
  /** Where the reports go in the old form, beside the sink. */
  readonly legacy?: ReportSink | undefined;
  readonly notices: LeaveNotices;
  /** For what must survive a restart. */
  readonly folder: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** What the status says of this program. */
  readonly version: string;
  readonly earlier: Status | undefined;
  /** This boot of this machine. */
  readonly madeOn: string;
  /** Ends this agent: the program is told to stop, or goes on with other settings. */
  readonly signal: AbortSignal;
  /**
   * Whether it goes on at the same place with other settings when the signal has come: then the
   * host stays in the roll.
   */
  readonly isReplaced: () => boolean;
}

/** Runs an agent, and keeps its status. */
export class HostAgent {
  readonly #options: HostAgentOptions;
  readonly #status: ReturnType<typeof openStatus>;
  #state: Status;
  #looked = new AbortController();
  /** Aborts when there is no time left for the departure. */
  readonly #late = new AbortController();
  #registration: Promise<AgentRegistration> | undefined;
  #isUnkept = false;
  #prepared: ReturnType<typeof preparePageOut> | undefined;

  constructor(options: HostAgentOptions) {
    const { folder, sink, collection, clock, version, earlier } = options;
    this.#options = options;
    this.#status = openStatus(folder);
    this.#state = {
      pid: process.pid,
      version,
      target: sink.location,
      spec: collection.specDigest,
      started_at: toText(clock()),
      ...(earlier?.host !== undefined && { host: earlier.host }),
      ...(earlier?.sent_at !== undefined && { sent_at: earlier.sent_at }),
      ...(earlier?.left_at !== undefined && { left_at: earlier.left_at }),
    };
  }

  async run(): Promise<void> {
    const { signal, notices } = this.#options;
    signal.addEventListener("abort", () => setTimeout(() => this.#late.abort(), STOP_MS).unref(), {
      once: true,
    });
    while (!signal.aborted) {
      await this.#awaitReturn();
      const reason = await this.#stay();
      const isLast = !(await this.#endPresence());
      if (this.#options.isReplaced()) return;
      await this.#depart(reason, isLast);
      if (!signal.aborted) await notices.awaitNone(signal);
    }
  }

  /** Shows this agent to others of its machine, once it is known whose it is. */
  #showPresence(id: string): void {
    const { folder, sink } = this.#options;
    this.#registration ??= registerAgent({ folder: resolve(folder), location: sink.location, id });
  }

  /** @returns whether another agent goes on */
  async #endPresence(): Promise<boolean> {
    const registration = await this.#registration;
    this.#registration = undefined;
    return (await registration?.end()) ?? false;
  }

  /** What a look needed is not needed until the next one, which begins anew here. */
  async #giveMemoryBack(): Promise<void> {
    const { signal: ending, log } = this.#options;
    this.#looked.abort();
    this.#looked = new AbortController();
    const signal = AbortSignal.any([this.#looked.signal, ending]);
    try {
      this.#prepared ??= preparePageOut();
      const giveBack = await this.#prepared;
      for (let waitMs = GIVE_BACK_AFTER_MS; giveBack && !signal.aborted; waitMs = GIVE_BACK_EVERY_MS) {
        await sleep(waitMs, signal);
        giveBack();
      }
    } catch (err) {
      log.debug({ err }, "no memory can be given back here");
    }
  }

  /** A store that tells whole seconds must see the next report as later than the departure. */
  async #awaitReturn(): Promise<void> {
    const { signal } = this.#options;
    const { clock } = this.#options;
    const { left_at: leftAt } = this.#state;
    const waitMs = leftAt === undefined ? 0 : Date.parse(leftAt) + RETURN_AFTER_MS - clock();
    if (waitMs > 0) await sleep(Math.min(waitMs, RETURN_AFTER_MS), signal);
  }

  /** Reports until the host leaves. @returns why; undefined where it comes back at once */
  async #stay(): Promise<LeaveReason | undefined> {
    const { collection, clock, log, signal } = this.#options;
    const ending = new AbortController();
    const end = () => ending.abort();
    signal.addEventListener("abort", end, { once: true });
    const own = this.#openDelivery();
    const { legacy } = this.#options;
    const delivery = legacy ? joinDeliveries(own, this.#openLegacyDelivery(legacy)) : own;
    await delivery.restore();
    const reporting = runAgent(
      {
        host: observeHost(collection),
        delivery,
        watch: (onChange) => {
          void this.#follow(() => onChange(SPEC_CHANGED, SPEC_CHANGED), ending.signal);
          return openWatch(collection.host, {
            onChange,
            onPolled: (polled) => this.#notePolled(polled),
            log,
          });
        },
        clock,
        monotonic: collection.host.monotonic,
        random: Math.random,
        uptime: collection.host.machine.uptime() * 1000,
        sleep,
        onError: (err) => log.error({ err }, "this host could not be looked at; trying again"),
        onCollected: (report, nextHeartbeatMs) => {
          this.#showPresence(report.id);
          void this.#note({
            host: report.id,
            spec: collection.specDigest,
            spec_edition: "check" in collection ? collection.edition : undefined,
            spec_refused: "check" in collection ? collection.refused : undefined,
            looked_at: toText(clock()),
            next_heartbeat_at: toText(clock() + nextHeartbeatMs),
          });
          void this.#giveMemoryBack();
        },
      },
      ending.signal,
    );
    const notice = await this.#options.notices.awaitNotice(ending.signal);
    if (notice) log.warn({ reason: notice }, "this host was told that it will end; it leaves the roll");
    end();
    const [reason] = await Promise.all([
      notice ?? findStopReason(),
      reporting,
      delivery.stop(notice ? NOTICE_GRACE_MS : STOP_GRACE_MS),
    ]);
    signal.removeEventListener("abort", end);
    return reason === "restart" ? undefined : reason;
  }

  /** Looks for published specs now and then. */
  async #follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { collection, log } = this.#options;
    if (!("check" in collection)) return;
    await lookForSpecs(
      {
        look: () => collection.check(),
        onChange,
        onError: (err) =>
          log.warn({ err }, "the published spec could not be read; trying again in some minutes"),
        monotonic: collection.host.monotonic,
        random: Math.random,
        sleep,
      },
      signal,
    );
  }

  /** Of what waits there only the newest is of use, and the next look makes a newer one. */
  #openLegacyDelivery(sink: ReportSink): Delivery {
    const { clock, log } = this.#options;
    return createDelivery({
      sink,
      spool: NO_SPOOL,
      clock,
      random: Math.random,
      sleep,
      onSent: ({ id }) => log.debug({ id, target: sink.location }, "reported in the old form"),
      onFailure: (err, waitMs) =>
        log.warn(
          { err, target: sink.location, retry_in_ms: Math.round(waitMs ?? 0) },
          "the report could not be sent in the old form; it waits",
        ),
    });
  }

  #openDelivery(): Delivery {
    const { sink, folder, clock, log } = this.#options;
    const delivery: Delivery = createDelivery({
      sink,
      spool: openSpool(folder),
      madeOn: this.#options.madeOn,
      onDropped: (why) => log.info({ why }, "a report that waited is not sent any more"),
      clock,
      random: Math.random,
      sleep,
      onSent: ({ id, bytes }) => {
        log.info({ id, bytes: bytes.length }, "reported");
        void this.#note({
          sent_at: toText(clock()),
          waiting_since: undefined,
          failures: undefined,
          last_error: undefined,
          left_at: undefined,
        });
      },
      onFailure: (err, waitMs) => {
        if (waitMs === undefined) {
          log.error({ err }, "the spool cannot be written; the report is kept in memory");
          return;
        }
        const { waiting } = delivery.state;
        log.warn({ err, retry_in_ms: Math.round(waitMs) }, "the report could not be sent; it waits");
        void this.#note({
          waiting_since: waiting && toText(waiting.since),
          failures: waiting?.failures,
          last_error: waiting?.reason,
        });
      },
    });
    return delivery;
  }

  async #depart(reason: LeaveReason | undefined, isLast: boolean): Promise<void> {
    const { sink, log, clock } = this.#options;
    if (reason === undefined) return log.info("this agent is restarted: the host stays in the roll");
    if (!isLast)
      return log.info("another agent of this machine goes on reporting: the host stays in the roll");
    const { host: id, sent_at: sentAt } = this.#state;
    // A host that never reported is not in the roll.
    if (id === undefined || sentAt === undefined) return;
    const timeout = AbortSignal.any([AbortSignal.timeout(NOTICE_LEAVE_MS), this.#late.signal]);
    const onFailure = (err: unknown) => log.warn({ err }, "the departure could not be sent");
    const isSent = await leave({ sink, random: Math.random, sleep, onFailure }, { id, reason }, timeout);
    if (!isSent) return log.error("the host could not leave; it will be silent in the roll after the window");
    log.info({ id, reason }, "the host has left the roll");
    await this.#note({ left_at: toText(clock()), next_heartbeat_at: undefined });
  }

  #notePolled(polled: readonly PolledFolder[]): void {
    const shown = polled
      .slice(0, MAX_LISTED_POLLED_FOLDERS)
      .map(({ folder, reason }) => `${folder}: ${reason}`);
    const more = polled.length - shown.length;
    if (more > 0) shown.push(`and ${more} more`);
    void this.#note({ polled: shown.length > 0 ? shown : undefined });
  }

  async #note(changes: { readonly [Name in keyof Status]?: Status[Name] | undefined }): Promise<void> {
    const merged = Object.entries({ ...this.#state, ...changes }).filter(([, value]) => value !== undefined);
    this.#state = Object.fromEntries(merged) as unknown as Status;
    const { log, folder } = this.#options;
    try {
      await this.#status.save(this.#state);
      if (this.#isUnkept) log.info({ folder }, "the state folder can be written again");
      this.#isUnkept = false;
    } catch (err) {
      // Once: it is told again when it has been well in between.
      if (!this.#isUnkept)
        log.warn(
          { err, folder },
          "the state folder cannot be written: nothing survives a restart, and agent " +
            "status is not up to date",
        );
      this.#isUnkept = true;
    }
  }
}

function toText(time: number): string {
  return new Date(time).toISOString();
}
