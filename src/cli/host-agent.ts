// The agent on the real machine: present until a notice or a signal comes, away until the notice is gone.
import { join } from "node:path";
import type { Logger } from "pino";
import { runAgent } from "../agent/agent.ts";
import { createDelivery, type Delivery, type Outlet } from "../agent/delivery.ts";
import { leave, RETURN_AFTER_MS } from "../agent/leave.ts";
import type { Notices } from "../agent/leave-notice.ts";
import { isShuttingDown } from "../agent/shutdown.ts";
import { FOLLOW_EVERY_MS } from "../agent/spec-follower.ts";
import { openSpool } from "../agent/spool.ts";
import { openStatus, type Status } from "../agent/status.ts";
import type { Polled } from "../agent/watch-polled.ts";
import type { LeaveReason } from "../report/departure.ts";
import { makeSubject, openWatch, sleep } from "./agent-parts.ts";
import type { HostCollection } from "./collection.ts";
import { type FollowedCollection, SPEC_CHANGED } from "./followed-collection.ts";
import type { Io } from "./io.ts";
import { prepareToGiveBack } from "./page-out.ts";
import { VERSION } from "./version.ts";

/** How long a report that is being sent has when the host leaves, and then the departure; ms. systemd kills after 30 s (TimeoutStopSec). */
const STOP_GRACE_MS = 5000;
const LEAVE_MS = 20_000;

/** How long after a look memory is given back; the report is on its way then. And how often later: what waits for notices needs some as well. */
const GIVE_BACK_AFTER_MS = 2000;
const GIVE_BACK_EVERY_MS = 30_000;

/** Folders that the status lists, at most. */
const MAX_POLLED = 20;

interface HostAgentOptions {
  readonly collection: HostCollection | FollowedCollection;
  readonly outlet: Outlet;
  readonly notices: Notices;
  /** For what must survive a restart. */
  readonly folder: string;
  readonly log: Logger;
  readonly io: Io;
  readonly earlier: Status | undefined;
  /** This boot of this machine. */
  readonly madeOn: string;
}

/** Runs an agent, and keeps its status. */
export class HostAgent {
  readonly #options: HostAgentOptions;
  readonly #status: ReturnType<typeof openStatus>;
  #state: Status;
  #looked = new AbortController();
  #prepared: ReturnType<typeof prepareToGiveBack> | undefined;

  constructor(options: HostAgentOptions) {
    const { folder, outlet, collection, io, earlier } = options;
    this.#options = options;
    this.#status = openStatus(folder);
    this.#state = {
      pid: process.pid,
      version: VERSION,
      target: outlet.location,
      spec: collection.specDigest,
      started_at: toText(io.clock()),
      ...(earlier?.host !== undefined && { host: earlier.host }),
      ...(earlier?.sent_at !== undefined && { sent_at: earlier.sent_at }),
      ...(earlier?.left_at !== undefined && { left_at: earlier.left_at }),
    };
  }

  async run(): Promise<void> {
    const { io } = this.#options;
    while (!io.signal.aborted) {
      await this.#awaitReturn();
      const reason = await this.#stay();
      await this.#depart(reason);
      if (!io.signal.aborted) await this.#options.notices.awaitNone(io.signal);
    }
  }

  /** What a look needed is not needed until the next one, which begins anew here. */
  async #giveMemoryBack(): Promise<void> {
    const { io, log } = this.#options;
    this.#looked.abort();
    this.#looked = new AbortController();
    const signal = AbortSignal.any([this.#looked.signal, io.signal]);
    try {
      this.#prepared ??= prepareToGiveBack();
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
    const { clock, signal } = this.#options.io;
    const { left_at: leftAt } = this.#state;
    const waitMs = leftAt === undefined ? 0 : Date.parse(leftAt) + RETURN_AFTER_MS - clock();
    if (waitMs > 0) await sleep(Math.min(waitMs, RETURN_AFTER_MS), signal);
  }

  /** Reports until the host leaves. @returns why */
  async #stay(): Promise<LeaveReason> {
    const { collection, io, log } = this.#options;
    const ending = new AbortController();
    const end = () => ending.abort();
    io.signal.addEventListener("abort", end, { once: true });
    const delivery = this.#openDelivery();
    await delivery.restore();
    const reporting = runAgent(
      {
        subject: makeSubject(collection),
        delivery,
        watch: (onChange) => {
          void this.#follow(() => onChange(SPEC_CHANGED, SPEC_CHANGED), ending.signal);
          return openWatch(collection.host, { onChange, onPolled: (polled) => this.#notePolled(polled), log });
        },
        clock: io.clock,
        monotonic: collection.host.monotonic,
        random: Math.random,
        uptime: collection.host.machine.uptime() * 1000,
        sleep,
        onError: (err) => log.error({ err }, "this host could not be looked at; trying again"),
        onLook: (report, nextHeartbeatMs) => {
          void this.#note({
            host: report.id,
            spec: collection.specDigest,
            spec_edition: "check" in collection ? collection.edition : undefined,
            spec_refused: "check" in collection ? collection.refused : undefined,
            looked_at: toText(io.clock()),
            next_heartbeat_at: toText(io.clock() + nextHeartbeatMs),
          });
          void this.#giveMemoryBack();
        },
      },
      ending.signal,
    );
    const notice = await this.#options.notices.awaitNotice(ending.signal);
    if (notice) log.warn({ reason: notice }, "this host was told that it will end; it leaves the roll");
    end();
    await reporting;
    await delivery.stop(STOP_GRACE_MS);
    io.signal.removeEventListener("abort", end);
    return notice ?? ((await isShuttingDown()) ? "shutdown" : "stopped");
  }

  /** Looks for published specs now and then. */
  async #follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { collection, log } = this.#options;
    if (!("check" in collection)) return;
    while (!signal.aborted) {
      await sleep(FOLLOW_EVERY_MS * (2 / 3 + (Math.random() * 2) / 3), signal);
      try {
        if (!signal.aborted && (await collection.check())) onChange();
      } catch (err) {
        log.warn({ err }, "the published spec could not be read; trying again in some minutes");
      }
    }
  }

  #openDelivery(): Delivery {
    const { outlet, folder, io, log } = this.#options;
    const delivery: Delivery = createDelivery({
      outlet,
      spool: openSpool(folder),
      madeOn: this.#options.madeOn,
      onDropped: (why) => log.info({ why }, "a report that waited is not sent any more"),
      clock: io.clock,
      random: Math.random,
      sleep,
      onSent: ({ id, bytes }) => {
        log.info({ id, bytes: bytes.length }, "reported");
        void this.#note({
          sent_at: toText(io.clock()),
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

  async #depart(reason: LeaveReason): Promise<void> {
    const { outlet, log, io } = this.#options;
    const { host: id, sent_at: sentAt } = this.#state;
    // A host that never reported is not in the roll.
    if (id === undefined || sentAt === undefined) return;
    const timeout = AbortSignal.timeout(LEAVE_MS);
    const onFailure = (err: unknown) => log.warn({ err }, "the departure could not be sent");
    const isSent = await leave({ outlet, random: Math.random, sleep, onFailure }, { id, reason }, timeout);
    if (!isSent) return log.error("the host could not leave; it will be silent in the roll after the window");
    log.info({ id, reason }, "the host has left the roll");
    await this.#note({ left_at: toText(io.clock()), next_heartbeat_at: undefined });
  }

  #notePolled(polled: readonly Polled[]): void {
    const shown = polled.slice(0, MAX_POLLED).map(({ folder, reason }) => `${folder}: ${reason}`);
    const more = polled.length - shown.length;
    if (more > 0) shown.push(`and ${more} more`);
    void this.#note({ polled: shown.length > 0 ? shown : undefined });
  }

  async #note(changes: { readonly [Name in keyof Status]?: Status[Name] | undefined }): Promise<void> {
    const merged = Object.entries({ ...this.#state, ...changes }).filter(([, value]) => value !== undefined);
    this.#state = Object.fromEntries(merged) as unknown as Status;
    await this.#status.save(this.#state).catch((err: unknown) => {
      this.#options.log.debug({ err, file: join(this.#options.folder, "status.json") }, "the status cannot be written");
    });
  }
}

function toText(time: number): string {
  return new Date(time).toISOString();
}
