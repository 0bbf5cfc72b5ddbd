// Rights on the store, in the words of its keys.
import { PolicyStatement } from "aws-cdk-lib/aws-iam";

export interface StoreRights {
  /** Keys that may be read. A key's end may be `*`. */
  readonly get: readonly string[];
  readonly put: readonly string[];
  readonly delete?: readonly string[];
}

/**
 * The rights as statements, and the right to list: without it S3 answers 403 for a key that is not
 * there (S3 guide, "GetObject").
 */
export function listStoreRights(bucketArn: string, rights: StoreRights): PolicyStatement[] {
  const below = (keys: readonly string[]) => keys.map((key) => `${bucketArn}/${key}`);
  return [
    new PolicyStatement({ sid: "List", actions: ["s3:ListBucket"], resources: [bucketArn] }),
    new PolicyStatement({ sid: "Get", actions: ["s3:GetObject"], resources: below(rights.get) }),
    ...(rights.put.length > 0
      ? [new PolicyStatement({ sid: "Put", actions: ["s3:PutObject"], resources: below(rights.put) })]
      : []),
    ...(rights.delete
      ? [
          new PolicyStatement({
            sid: "Delete",
            actions: ["s3:DeleteObject"],
            resources: below(rights.delete),
          }),
        ]
      : []),
  ];
}
