// Bad days of the executable: a server's, bad clients, hostile values on a terminal.
import { beforeAll } from "vitest";
import { BUILD_TIMEOUT_MS, buildExecutables, EXECUTABLE } from "./executable-build.ts";
import { describeDoor } from "./hostile/door.ts";
import { describeServer } from "./hostile/server.ts";
import { describeTerminal } from "./hostile/terminal.ts";

beforeAll(async () => void (await buildExecutables()), BUILD_TIMEOUT_MS);

describeServer("the executable", EXECUTABLE);
describeDoor("the executable", EXECUTABLE);
describeTerminal("the executable", EXECUTABLE);
