// Fleets for the benchmarks: reports of 650 bytes, and buckets full of them.

const HOUR = 3_600_000;

/** Ids spread over their digits as EC2's are. */
export const hostId = (index) =>
  `i-0${((index * 2_654_435_761) % 2 ** 40).toString(16).padStart(10, "0")}abcdef`;

export const reportKey = (index) => `reports/v1/123456789012/AROAEXAMPLEROLE:${hostId(index)}.json`;

/** One report, 650 bytes. */
export function makeReport(index, version = "1.2.3") {
  const report = {
    update_date: new Date().toISOString(),
    os_start_date: "2023-12-11 19:11:22",
    instance_id: hostId(index),
    instance_name: `prod_service${index % 9}_instance${index}`,
    instance_type: "g4dn.2xlarge",
    instance_life_cycle: index % 3 ? "spot" : "ondemand",
    app_version: version,
    processes: Array.from({ length: 4 }, (_, process) => ({
      module_A_filename: `A_red_1.${(index + process) % 12}`,
      module_B_filename: `B_blue_1.8.${index % 7}`,
      port: 8000 + process,
    })),
    note: "",
  };
  const length = Buffer.byteLength(JSON.stringify(report));
  report.note = "x".repeat(Math.max(0, 650 - length));
  return Buffer.from(JSON.stringify(report));
}

/**
 * Puts reports at full speed. @param indexes which @param version of the application, in each
 * report
 */
export async function putReports(store, indexes, version) {
  const waiting = indexes[Symbol.iterator]();
  const work = async () => {
    for (const index of waiting) await store.put(reportKey(index), makeReport(index, version));
  };
  await Promise.all(Array.from({ length: 100 }, work));
}

export function* range(count, step = 1) {
  for (let index = 0; index < count; index += step) yield index;
}

/** A store whose reports are made as they are asked for; a tenth of them is four hours old. */
export function makeGeneratedStore(count) {
  const now = Date.now();
  const lastModified = (index) => (index % 10 === 9 ? now - 4 * HOUR : now - 1000);
  const key = (index) => `reports/v1/local/i-0${index.toString(16).padStart(16, "0")}.json`;
  const body = (index) =>
    Buffer.from(
      makeReport(index)
        .toString()
        .replace(hostId(index), `i-0${index.toString(16).padStart(16, "0")}`),
    );
  const etag = (index) => (index * 7919).toString(16).padStart(32, "0");
  return {
    location: "generated:",
    async *list(prefix, { shallow } = {}) {
      if (shallow || prefix !== "reports/v1/") return;
      for (let at = 0; at < count; at += 1000) {
        yield Array.from({ length: Math.min(1000, count - at) }, (_, index) => ({
          key: key(at + index),
          etag: etag(at + index),
          size: body(at + index).length,
          lastModified: lastModified(at + index),
        }));
      }
    },
    async get(name) {
      const index = Number.parseInt(name.slice(-21, -5), 16);
      const bytes = body(index);
      return {
        key: name,
        etag: etag(index),
        size: bytes.length,
        lastModified: lastModified(index),
        body: bytes,
      };
    },
  };
}
