// Why what a service asks of others did not come.

import { CodedError } from "../report/coded-error.ts";

/**
 * `ec2_refused`: EC2 has answered with an error. `ec2_failed`: it could not be asked.
 * `ec2_too_many`: it has more instances than are read.
 */
export type ServiceErrorCode = "ec2_refused" | "ec2_failed" | "ec2_too_many";

export class ServiceError extends CodedError<ServiceErrorCode> {
  override name = "ServiceError";
}
