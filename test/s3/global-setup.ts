// Starts one S3 server for the whole test run; tests find it with inject("s3") (vitest.config.ts).
import type { TestProject } from "vitest/node";
import { type S3Server, startS3Server } from "./server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    s3: Omit<S3Server, "stop">;
  }
}

/** Vitest calls this before the first test, and what it returns after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, ...server } = await startS3Server();
  project.provide("s3", server);
  return stop;
}
