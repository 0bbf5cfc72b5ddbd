// Draws docs/images/growth.svg from docs/images/growth.json, which `node bench/s3.mjs growth`
// writes: node bench/plot.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const images = new URL("../docs/images/", import.meta.url);
const data = JSON.parse(readFileSync(new URL("growth.json", images), "utf8"));

const WORKS = {
  cold: "cold: list and read everything",
  warm: "warm: list, read the 1% that changed",
  list: "the bare listing",
  first: "new process, from the snapshot",
  memory: "full answer from memory",
};

const values = data.flatMap(({ reports, ...seconds }) =>
  Object.entries(WORKS).map(([work, name]) => ({ reports, work: name, seconds: seconds[work] })),
);

const chart = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  width: 560,
  height: 360,
  background: "white",
  padding: 12,
  title: { text: "Seconds, from 1,000 to 1,000,000 reports in a bucket", anchor: "start" },
  data: { values },
  mark: { type: "line", point: true },
  encoding: {
    x: {
      field: "reports",
      type: "quantitative",
      scale: { type: "log", nice: false },
      axis: { title: "reports", format: ",d", values: data.map(({ reports }) => reports) },
    },
    y: {
      field: "seconds",
      type: "quantitative",
      scale: { type: "log" },
      axis: { title: "seconds", format: "~g", values: [0.001, 0.01, 0.1, 1, 10, 100, 1000] },
    },
    color: {
      field: "work",
      type: "nominal",
      title: null,
      sort: Object.values(WORKS),
      legend: { labelLimit: 320, orient: "bottom", columns: 2 },
    },
    shape: { field: "work", type: "nominal", title: null, sort: Object.values(WORKS) },
  },
};

// Drawing is no work of the product, so its packages are none of the project's.
const folder = mkdtempSync(join(tmpdir(), "rollcall-plot-"));
try {
  execFileSync(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder, "vega@6", "vega-lite@6"],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const { resolve } = createRequire(join(folder, "package.json"));
  const load = (name) => import(pathToFileURL(resolve(name)).href);
  const [vega, vegaLite] = [await load("vega"), await load("vega-lite")];
  const view = new vega.View(vega.parse(vegaLite.compile(chart).spec), { renderer: "none" });
  writeFileSync(new URL("growth.svg", images), `${await view.toSVG()}\n`);
  console.log("wrote docs/images/growth.svg");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
