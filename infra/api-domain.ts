// A domain name of one's own for the API.
import { type CfnCondition, CfnOutput, Fn } from "aws-cdk-lib";
import { CfnBasePathMapping, CfnDomainName, type CfnStage } from "aws-cdk-lib/aws-apigateway";
import { Construct } from "constructs";

export interface ApiDomainProps {
  readonly isWanted: CfnCondition;
  readonly domainName: string;
  readonly certificateArn: string;
  readonly stage: CfnStage;
  readonly securityPolicy: string;
  readonly endpointAccessMode: string;
}

/** Paths are the same as at API Gateway's own address, whose first part is the stage's name. */
export class ApiDomain extends Construct {
  constructor(scope: Construct, id: string, props: ApiDomainProps) {
    super(scope, id);
    const { isWanted, domainName, certificateArn, stage, securityPolicy, endpointAccessMode } = props;
    const domain = new CfnDomainName(this, "Custom", {
      domainName,
      regionalCertificateArn: certificateArn,
      endpointConfiguration: { types: ["REGIONAL"] },
      securityPolicy,
      endpointAccessMode,
    });
    const mapping = new CfnBasePathMapping(this, "Mapping", {
      domainName: domain.ref,
      restApiId: stage.restApiId,
      stage: stage.ref,
      basePath: stage.ref,
    });
    for (const resource of [domain, mapping]) resource.cfnOptions.condition = isWanted;
    new CfnOutput(this, "Target", {
      value: Fn.getAtt(domain.logicalId, "RegionalDomainName").toString(),
      condition: isWanted,
      description: "Point the domain name here: a CNAME, or an alias",
    });
  }
}
