// Errors that a program tells apart by a code, and a person by the message.

/** Every part names its codes, and what each of them means, in a file of its own. */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code;

  /** @param message for people: what is wrong, and what to do; no secret */
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
