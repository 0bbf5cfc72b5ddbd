// Tests of words with dashes that are no options: fields and labels.
import { describe, expect, it } from "vitest";
import { readNamedWords } from "./named-words.ts";

const options = ["--json", "--same", "--reason", "--state", "--watch"];
const read = async (...given: string[]) =>
  await readNamedWords(given, { options, isLabel: async (name) => name === "region" });

describe("words with dashes", () => {
  it.each([
    [["--env", "prod"], ["env=prod"]],
    [["--env=prod"], ["env=prod"]],
    [
      ["app_version", "--instance_type", "g5.*", "state=all"],
      ["app_version", "instance_type=g5.*", "state=all"],
    ],
    [["--app_version", "lt:1.10"], ["app_version=lt:1.10"]],
    [["--app_version<1.10"], ["app_version<1.10"]],
    [["--processes.module_A_filename", "A_*"], ["processes.module_A_filename=A_*"]],
    [["--offset", "-5"], ["offset=-5"]],
    // Much like --reason, and a label.
    [["--region", "eu-west-1"], ["region=eu-west-1"]],
  ])("%j are filters", async (given, words) => {
    expect(await read(...given)).toEqual({ words });
  });

  it.each([
    [["--resaon", "misfiled"], "(Did you mean --reason?); if it is a field or label, write resaon=misfiled"],
    [["--jsn"], "unknown option '--jsn' (Did you mean --json?); if it is a field or label, write jsn=VALUE"],
    [["--name=web"], "(Did you mean --same?); if it is a field or label, write name=web"],
    [["--env"], "unknown option '--env'; if it is a field or label, write env=VALUE"],
    [["--env", "--json"], "write env=VALUE"],
    [["--env", "service=x"], "write env=VALUE"],
    [["-e", "prod"], "unknown option '-e'"],
    [["--=x"], "unknown option"],
  ])("%j is a mistake", async (given, mistake) => {
    expect(await read(...given)).toEqual({ mistake: expect.stringContaining(mistake) });
  });
});
