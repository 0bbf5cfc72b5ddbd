// Who is told of alarms: one e-mail address, by SNS, where one is given.
import { Aws, type CfnCondition, Fn, Stack } from "aws-cdk-lib";
import type { Alarm, CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyDocument } from "aws-cdk-lib/aws-iam";
import { CfnSubscription, CfnTopic, CfnTopicPolicy } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

/**
 * Sends a message for each alarm and its end. SNS encrypts what it keeps; a key of one's own costs
 * a dollar a month and guards a few sentences.
 */
export function sendMail(
  scope: Construct,
  alarms: readonly Alarm[],
  { email, hasEmail }: { readonly email: string; readonly hasEmail: CfnCondition },
): void {
  const topic = new CfnTopic(scope, "Topic", { displayName: "Rollcall" });
  const from = { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } };
  const policy = new CfnTopicPolicy(scope, "TopicPolicy", {
    topics: [topic.ref],
    policyDocument: PolicyDocument.fromJson({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "AlarmsPublish",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: topic.ref,
          Condition: from,
        },
        {
          Sid: "NoPlainHttp",
          Effect: "Deny",
          Principal: { AWS: "*" },
          Action: "sns:Publish",
          Resource: topic.ref,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
  });
  const subscription = new CfnSubscription(scope, "Subscription", {
    topicArn: topic.ref,
    protocol: "email",
    endpoint: email,
  });
  for (const resource of [topic, policy, subscription]) resource.cfnOptions.condition = hasEmail;
  const actions = Stack.of(scope).resolve(Fn.conditionIf(hasEmail.logicalId, [topic.ref], Aws.NO_VALUE));
  for (const alarm of alarms) {
    const resource = alarm.node.defaultChild as CfnAlarm;
    resource.addPropertyOverride("AlarmActions", actions);
    resource.addPropertyOverride("OKActions", actions);
  }
}
