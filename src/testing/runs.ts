// For tests by chance: how many times they run. A moderate number at each `npm test`, and as many
// times more as ROLLCALL_TEST_RUNS says.

const factor = Number(process.env.ROLLCALL_TEST_RUNS ?? 1);
if (!(factor > 0)) throw new Error("ROLLCALL_TEST_RUNS: a number above 0 is wanted");

/** @param usual how many without ROLLCALL_TEST_RUNS */
export const runs = (usual: number): number => Math.max(1, Math.round(usual * factor));
