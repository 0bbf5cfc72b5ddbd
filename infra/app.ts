// What `cdk` runs: the stacks, with the built program as an asset. `-c data=delete` lets the bucket
// go with its stack.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { addStacks } from "./stacks.ts";

const programFolder = fileURLToPath(new URL("../dist/lambda", import.meta.url));
if (!existsSync(`${programFolder}/index.js`))
  throw new Error(`${programFolder} has no program: run npm run build first`);

const app = new App();
const data: unknown = app.node.tryGetContext("data") ?? "keep";
if (data !== "keep" && data !== "delete")
  throw new Error(`-c data=keep or -c data=delete, not ${String(data)}`);
addStacks(app, { form: "assets", programFolder, data });
