// The order of the test files: those that take long begin first, so that the workers end together.
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take long, the longest first after the one that builds the executables. What is not
 * named comes after them, the built program's before the parts'.
 */
const LONG: readonly string[] = [
  "test/executable.test.ts",
  "test/aws/deploy.test.ts",
  "test/agent-harsh.test.ts",
  "test/private-network.test.ts",
  "test/s3/faults.test.ts",
  "test/page/shell.test.ts",
  "test/executable-private-network.test.ts",
  "test/agent.test.ts",
  "test/hostile/attacks.test.ts",
  "test/network.test.ts",
  "test/page/hosts.test.ts",
  "test/s3/store-faults.test.ts",
  "test/daemons/daemons.test.ts",
  "test/page/versions.test.ts",
  "test/hostile/server.test.ts",
  "test/s3/same-answers.test.ts",
  "test/lambda/lambda.test.ts",
  "test/s3/store-tampered.test.ts",
  "test/executable-hostile.test.ts",
  "src/collect/formats/cost.test.ts",
  "test/s3/moving.test.ts",
  "src/publish/docbase-faults.test.ts",
  "test/serve.test.ts",
  "src/publish/docbase.test.ts",
  "test/hostile/terminal.test.ts",
  "test/s3/conformance.test.ts",
  "src/questions/bounds.test.ts",
  "test/hostile/bad-inputs.test.ts",
  "test/unwritable-output.test.ts",
  "test/hostile/late-report.test.ts",
  "test/hostile/door.test.ts",
  "test/start.test.ts",
  "test/key-rotation.test.ts",
  "src/cli/commands/ask.test.ts",
  "test/publish.test.ts",
  "src/store/file.test.ts",
  "test/executable-network.test.ts",
  "test/enrol.test.ts",
  "test/hostile/hanging-store.test.ts",
  "test/page/columns.test.ts",
  "test/no-home.test.ts",
  "test/hostile/full-disk.test.ts",
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification): number => {
      const place = LONG.indexOf(relative(this.ctx.config.root, moduleId));
      if (place >= 0) return place;
      return LONG.length + (project.name === "parts" ? 1 : 0);
    };
    // The order within a rank is the one that Vitest gives: failed and long ones of the last run
    // first.
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => rank(a) - rank(b));
  }
}
