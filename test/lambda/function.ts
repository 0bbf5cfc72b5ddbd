// Runs the built Lambda bundle as Lambda does: AWS's runtime interface client on Node 24, fed by
// the runtime API on loopback, stopped between events.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RUNTIME = join(ROOT, "node_modules/.cache/lambda-runtime/node_modules");
const NODE = join(RUNTIME, `node-linux-${process.arch}/bin/node`);
const CLIENT = join(RUNTIME, "aws-lambda-ric");

/** What a function sent in answer to one event. */
export interface Invocation {
  /** As it arrives: the head of a streamed answer first. */
  readonly body: AsyncIterable<Buffer>;
  readonly contentType: string;
  readonly isStreamed: boolean;
  /** Of a function that failed; of a streamed answer, known once the body was read. */
  readError(): string | undefined;
}

export interface LambdaFunction {
  /**
   * Sends an event; one at a time, as Lambda does. @throws Error if the function's process ends
   * without an answer
   */
  invoke(event: unknown): Promise<Invocation>;
  readonly pid: number;
  /** Of the process so far; ms. */
  measureCpu(): number;
  /** Bytes that are resident. */
  measureMemory(): number;
  /** As Lambda ends a function that has run out of time. */
  kill(): void;
  /** What it has logged. */
  readonly log: string;
  stop(): Promise<void>;
}

export interface FunctionOptions {
  /** `index.read` */
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMb?: number;
  /** Has the index.js; else the one that was built. */
  readonly folder?: string;
}

interface Waiting {
  readonly event: string;
  readonly resolve: (invocation: Invocation) => void;
  readonly reject: (error: Error) => void;
}

const RUNTIME_PATH =
  /^\/2018-06-01\/runtime\/(?:invocation\/(?<id>[^/]+)\/(?<what>response|error)|(?<next>invocation\/next)|(?<init>init\/error))$/;

/**
 * Starts a function and waits until it asks for its first event, which is what Lambda calls init.
 *
 * @throws Error if it does not get there
 */
export async function startFunction({
  handler,
  env,
  memoryMb = 1024,
  folder = join(ROOT, "dist/lambda"),
}: FunctionOptions): Promise<LambdaFunction> {
  if (!existsSync(NODE)) throw new Error("run node scripts/install-lambda-runtime.mjs first");
  const native = join(CLIENT, "rapid-client.node");
  mkdirSync(native, { recursive: true });
  cpSync(join(ROOT, "test/lambda/rapid-client.cjs"), join(native, "index.cjs"));
  // A folder is a module too, where its package.json says what it begins with.
  writeFileSync(join(native, "package.json"), '{ "main": "index.cjs" }\n');

  const runtime = new RuntimeApi();
  const address = await runtime.listen();
  const child = spawn(NODE, [join(CLIENT, "index.mjs"), handler], {
    env: {
      AWS_LAMBDA_RUNTIME_API: address,
      AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true",
      AWS_LAMBDA_FUNCTION_NAME: "rollcall-reader",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/rollcall-reader",
      AWS_LAMBDA_LOG_STREAM_NAME: "2026/01/01/[$LATEST]0123456789abcdef",
      AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
      AWS_REGION: "us-east-1",
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: handler,
      TZ: ":UTC",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  runtime.attach(child);
  await runtime.awaitInit();
  return {
    pid: child.pid ?? 0,
    invoke: (event) => runtime.invoke(event),
    measureCpu: () => measureCpu(child),
    measureMemory: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024,
    kill: () => child.kill("SIGKILL"),
    get log() {
      return runtime.log;
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      runtime.close();
    },
  };
}

/** proc_pid_stat(5): fields 14 and 15, in hundredths of a second. */
function measureCpu({ pid }: ChildProcess): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The runtime API, as AWS documents it, for one function process. */
class RuntimeApi {
  readonly #server: Server;
  #child: ChildProcess | undefined;
  #asking: ServerResponse | undefined;
  #waiting: Waiting | undefined;
  #running: Waiting | undefined;
  #ended: Error | undefined;
  #events = 0;
  #ready: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  readonly #init = new Promise<void>((resolve, reject) => {
    this.#ready = resolve;
    this.#failed = reject;
  });
  log = "";

  constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 0;
    this.#init.catch(() => undefined);
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  attach(child: ChildProcess): void {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        this.log += bytes.toString();
      });
    }
    child.on("exit", (code, signal) => {
      const error = new Error(`the function's process ended (${signal ?? code})\n${this.log.slice(-2000)}`);
      this.#ended = error;
      this.#failed(error);
      this.#running?.reject(error);
      this.#waiting?.reject(error);
    });
  }

  awaitInit(): Promise<void> {
    return this.#init;
  }

  invoke(event: unknown): Promise<Invocation> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#waiting = { event: JSON.stringify(event), resolve, reject };
      this.#hand();
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { next, init, what } = RUNTIME_PATH.exec(request.url ?? "")?.groups ?? {};
    if (next !== undefined) {
      this.#asking = response;
      this.#ready();
      this.#hand();
      this.#freeze();
      return;
    }
    // Not before: an answer that is under way when its request has been answered is thrown away.
    request.once("end", () => {
      response.writeHead(202).end();
      this.#running = undefined;
      this.#freeze();
    });
    request.once("error", () => response.destroy());
    if (init !== undefined) {
      request.resume();
      this.#failed(new Error(`the function did not start\n${this.log}`));
    }
    this.#running?.resolve(readInvocation(request, what === "error"));
  }

  /** Between two events Lambda stops the process. */
  #freeze(): void {
    if (this.#asking && !this.#running && this.#events > 0) this.#child?.kill("SIGSTOP");
  }

  #hand(): void {
    if (!this.#asking || !this.#waiting) return;
    const [asking, waiting] = [this.#asking, this.#waiting];
    this.#asking = undefined;
    this.#waiting = undefined;
    this.#running = waiting;
    this.#child?.kill("SIGCONT");
    asking.writeHead(200, {
      "content-type": "application/json",
      "lambda-runtime-aws-request-id": `event-${++this.#events}`,
      "lambda-runtime-deadline-ms": String(Date.now() + 29_000),
      "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:123456789012:function:rollcall-reader",
    });
    asking.end(waiting.event);
  }
}

function readInvocation(request: IncomingMessage, isError: boolean): Invocation {
  return {
    body: request,
    contentType: request.headers["content-type"] ?? "",
    isStreamed: request.headers["lambda-runtime-function-response-mode"] === "streaming",
    readError: () =>
      isError
        ? String(request.headers["lambda-runtime-function-error-type"])
        : (request.trailers["lambda-runtime-function-error-type"] as string | undefined),
  };
}
