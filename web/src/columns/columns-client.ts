// The page's side of the worker that holds the table of hosts: one for the whole page, started when
// it is first asked.
import { Failure } from "../api/failure.ts";
import { startWorker } from "../trusted-script.ts";
import url from "./columns-worker.ts?worker&url";
import type { Request, Response, Responses } from "./messages.ts";

/** Another request of the same kind has come since; its answer is the one that counts. */
export class Overtaken extends Error {
  override name = "Overtaken";
}

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, Waiting>();

/** @throws Failure, Overtaken */
export async function askWorker<Kind extends Request["kind"]>(
  request: Extract<Request, { kind: Kind }>,
): Promise<Responses[Kind]> {
  worker ??= start();
  const number = ++last;
  const answer = new Promise<Responses[Kind]>((resolve, reject) => {
    waiting.set(number, { resolve, reject });
  });
  worker.postMessage({ number, request });
  return await answer;
}

function start(): Worker {
  const started = startWorker(url);
  started.onmessage = ({ data }: MessageEvent<Response>) => {
    const one = waiting.get(data.number);
    waiting.delete(data.number);
    if ("result" in data) one?.resolve(data.result as never);
    else if ("failure" in data) one?.reject(new Failure(data.failure.kind, data.failure));
    else one?.reject(new Overtaken());
  };
  started.onerror = () => {
    for (const { reject } of waiting.values()) reject(new Failure("unreadable", {}));
    waiting.clear();
    started.terminate();
    worker = undefined;
  };
  return started;
}
