// The executable in a company's private network.
import { beforeAll } from "vitest";
import { BUILD_TIMEOUT_MS, buildExecutables, EXECUTABLE } from "./executable-build.ts";
import { describePrivateNetwork } from "./private-network.ts";

beforeAll(async () => void (await buildExecutables()), BUILD_TIMEOUT_MS);

describePrivateNetwork("the executable", EXECUTABLE);
