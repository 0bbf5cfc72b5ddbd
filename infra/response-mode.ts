// How an answer passes API Gateway: streamed, or held until it is whole. One parameter decides, and
// all that depends on it is here.
import { Aws, type CfnCondition, Fn, type IResolvable, Token } from "aws-cdk-lib";

/** What goes with a mode. */
interface Mode {
  /** Of the program; see Program. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  /**
   * API Gateway guide, "Set up a Lambda proxy integration with payload response streaming":
   * streaming has an address of its own.
   */
  readonly invocations: string;
}

/** API Gateway waits up to 15 minutes for a stream; so large a roll does not fit the function. */
const STREAM: Mode = {
  handler: "index.read",
  timeoutSeconds: 120,
  invocations: "2021-11-15/functions/FUNCTION/response-streaming-invocations",
};

/** API Gateway gives up after 29 s (API Gateway quotas, "Integration timeout"). */
const BUFFERED: Mode = {
  handler: "index.readBuffered",
  timeoutSeconds: 29,
  invocations: "2015-03-31/functions/FUNCTION/invocations",
};

/** Makes what depends on the response mode, all of it decided when the stack is deployed. */
export class ResponseMode {
  readonly #isStream: CfnCondition;

  /** @param isStream holds where answers are streamed */
  constructor(isStream: CfnCondition) {
    this.#isStream = isStream;
  }

  get handler(): string {
    return this.choose(STREAM.handler, BUFFERED.handler).toString();
  }

  get timeoutSeconds(): number {
    return Token.asNumber(this.choose(STREAM.timeoutSeconds, BUFFERED.timeoutSeconds));
  }

  get timeoutMs(): number {
    return Token.asNumber(this.choose(STREAM.timeoutSeconds * 1000, BUFFERED.timeoutSeconds * 1000));
  }

  get transferMode(): string {
    return this.choose("STREAM", "BUFFERED").toString();
  }

  /** Without this a buffered answer's gzip would be taken for text. A stream passes as it is. */
  get binaryMediaTypes(): string[] {
    return Token.asList(this.choose(Aws.NO_VALUE, ["*/*"]));
  }

  /** Where API Gateway calls the function. */
  invocationUri(functionArn: string): string {
    const toUri = ({ invocations }: Mode) =>
      `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/${invocations.replace("FUNCTION", functionArn)}`;
    return this.choose(toUri(STREAM), toUri(BUFFERED)).toString();
  }

  choose(stream: unknown, buffered: unknown): IResolvable {
    return Fn.conditionIf(this.#isStream.logicalId, stream, buffered);
  }
}
