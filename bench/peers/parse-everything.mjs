// The plain way to the same answer: read every file, parse it, filter by age, write one array. node
// parse-everything.mjs FOLDER
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const folder = join(process.argv[2], "reports/v1/local");
const now = Date.now();
const reports = [];
for (const name of readdirSync(folder)) {
  const path = join(folder, name);
  if (now - statSync(path).mtimeMs <= 7_200_000) reports.push(JSON.parse(readFileSync(path, "utf8")));
}
process.stdout.write(JSON.stringify(reports));
