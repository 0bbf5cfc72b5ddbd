// Why what a service asks of others did not come.

/**
 * `ec2_refused`: EC2 has answered with an error. `ec2_failed`: it could not be asked.
 * `ec2_too_many`: it has more instances than are read.
 */
export type ServiceErrorCode = "ec2_refused" | "ec2_failed" | "ec2_too_many";

/** The message is for people, and says what to do. */
export class ServiceError extends Error {
  override name = "ServiceError";
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
