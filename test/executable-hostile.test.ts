// Bad days of the executable: a server's, bad clients, slow ones over TLS, hostile values on a
// terminal.
import { beforeAll } from "vitest";
import { BUILD_TIMEOUT_MS, buildExecutables, EXECUTABLE } from "./executable-build.ts";
import { describeDoor } from "./hostile/door.ts";
import { describeServer } from "./hostile/server.ts";
import { describeTerminal } from "./hostile/terminal.ts";
import { describeTlsReaders } from "./hostile/tls-readers.ts";

beforeAll(async () => void (await buildExecutables()), BUILD_TIMEOUT_MS);

describeServer("the executable", EXECUTABLE);
describeDoor("the executable", EXECUTABLE);
describeTerminal("the executable", EXECUTABLE);
describeTlsReaders("the executable", EXECUTABLE);
