// The CloudFormation templates as cfn-lint reads them, with AWS's schemas: neither errors nor
// warnings.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "./packages.ts";
import { installPythonTool } from "./python-tool.ts";
import { run } from "./root.ts";

const FOLDER = join(ROOT, "infra/templates");

it.each(readdirSync(FOLDER))("cfn-lint has nothing to say of %s", (name) => {
  const { code, stdout, stderr } = run(installPythonTool("cfn-lint", "1.58.0"), [join(FOLDER, name)]);
  expect(code, stdout + stderr).toBe(0);
});
