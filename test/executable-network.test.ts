// The executable behind proxies and private CAs.
import { beforeAll } from "vitest";
import { BUILD_TIMEOUT_MS, buildExecutables, EXECUTABLE } from "./executable-build.ts";
import { describeNetwork } from "./network.ts";

beforeAll(async () => void (await buildExecutables()), BUILD_TIMEOUT_MS);

describeNetwork("the executable", EXECUTABLE);
