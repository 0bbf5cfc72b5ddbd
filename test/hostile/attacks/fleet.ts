// Honest hosts among the attackers: what they reported is what must be read afterwards.
import type { Arena, Server } from "./arena.ts";

/** A report as a host of today sends it. */
export function makeReport(id: string, more: object = {}): Record<string, unknown> & { instance_id: string } {
  return {
    update_date: new Date().toISOString(),
    os_start_date: "2023-12-11 19:11:22",
    instance_id: id,
    instance_name: `prod_service1_${id}`,
    instance_type: "g4dn.2xlarge",
    instance_life_cycle: "spot",
    app_version: "1.2.3",
    processes: [{ module_A_filename: "A_red_1.1", module_B_filename: "B_red_1.8.5" }],
    rollcall: { schema: 1, agent: "0.1.0" },
    ...more,
  };
}

/** Sends a report. @returns the status */
export async function putReport(
  arena: Arena,
  { url }: Pick<Server, "url">,
  key: string,
  report: { instance_id: string },
) {
  const body = JSON.stringify(report);
  const { status } = await arena.ask(`${url}/v1/reports/${report.instance_id}`, { method: "PUT", key, body });
  return status;
}

export interface HonestFleet {
  /**
   * Asks for the roll: it is whole and holds these hosts as they are, or that is wrong. @param
   * isWhole false where 503 is an answer as well
   */
  check(server: Pick<Server, "url">, when: string, isWhole?: boolean): Promise<void>;
}

/** Puts some honest hosts into a server's roll. */
export async function enlistHosts(
  arena: Arena,
  server: Server,
  keys: { ingest: string; read: string },
  count = 20,
): Promise<HonestFleet> {
  const ids = Array.from({ length: count }, (_, at) => `i-honest-${at}`);
  for (const id of ids) {
    const status = await putReport(arena, server, keys.ingest, makeReport(id, { app_version: `of ${id}` }));
    if (status !== 200) throw new Error(`an honest report was answered ${status}`);
  }
  return {
    async check({ url }, when, isWhole = true) {
      const { status, body } = await arena.ask(`${url}/v1/reports`, { key: keys.read });
      if (status === 503 && !isWhole) return;
      if (status !== 200) return arena.wrong(`${when}: the roll was answered ${status}`);
      let reports: { instance_id?: unknown; app_version?: unknown }[];
      try {
        reports = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
      } catch (error) {
        return arena.wrong(`${when}: the roll is no JSON: ${String(error)}`);
      }
      const seen = new Map(reports.map((report) => [report.instance_id, report.app_version]));
      if (seen.size !== reports.length) arena.wrong(`${when}: a host stands twice`);
      for (const id of ids)
        if (seen.get(id) !== `of ${id}`) arena.wrong(`${when}: ${id} is not as it reported`);
      arena.count("rolls whole");
    },
  };
}
