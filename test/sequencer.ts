// The order of the test files: those that take long begin first, so that the workers end together.
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take more than some 10 s by themselves, the longest first. What is not named comes
 * after them, the built program's before the parts'.
 */
const LONG: readonly string[] = [
  "test/executable.test.ts",
  "test/agent-harsh.test.ts",
  "test/aws/deploy.test.ts",
  "test/agent.test.ts",
  "test/executable-private-network.test.ts",
  "test/private-network.test.ts",
  "test/executable-hostile.test.ts",
  "test/executable-network.test.ts",
  "test/lambda/lambda.test.ts",
  "test/s3/same-answers.test.ts",
  "test/s3/store-tampered.test.ts",
  "test/s3/store-faults.test.ts",
  "test/s3/faults.test.ts",
  "test/daemons/daemons.test.ts",
  "test/hostile/server.test.ts",
  "test/hostile/door.test.ts",
  "test/hostile/terminal.test.ts",
  "test/hostile/hanging-store.test.ts",
  "test/hostile/attacks.test.ts",
  "test/network.test.ts",
  "test/serve.test.ts",
  "test/s3/two-readers.test.ts",
  "test/s3/store-init.test.ts",
  "test/key-rotation.test.ts",
  "src/publish/docbase-faults.test.ts",
  "src/publish/docbase.test.ts",
  "src/store/file-lock.test.ts",
  "src/roll/snapshot.test.ts",
  "src/cli/commands/caller-flood.test.ts",
  "src/store/file.test.ts",
  "src/collect/formats/cost.test.ts",
  "src/api/server.test.ts",
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
