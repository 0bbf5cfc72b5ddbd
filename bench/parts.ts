// What the benchmarks use of the product and its tests, bundled for plain Node by bench/build.mjs.
export { runAgent } from "../src/agent/agent.ts";
export { createDelivery } from "../src/agent/delivery.ts";
export { leave } from "../src/agent/leave.ts";
export { NO_SPOOL } from "../src/agent/spool.ts";
export { createWatch } from "../src/agent/watch.ts";
export { writeReports } from "../src/answers/array.ts";
export { parseQuery } from "../src/answers/query.ts";
export { selectReports } from "../src/answers/selection.ts";
export { digestContent } from "../src/collect/content-digest.ts";
export { openMachine } from "../src/collect/machine.ts";
export { createRounds } from "../src/collect/rounds.ts";
export { createRoll } from "../src/roll/roll.ts";
export { parseSpec } from "../src/spec/spec.ts";
export { openStore } from "../src/store/open.ts";
export { startFunction } from "../test/lambda/function.ts";
export { startGateway } from "../test/lambda/gateway.ts";
export { makeBucket, presign } from "../test/s3/bucket.ts";
export { startS3Server } from "../test/s3/server.ts";
