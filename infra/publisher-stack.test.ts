// Tests of the function that publishes on a schedule.
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, it } from "vitest";
import { LOG_RETENTION_DAYS } from "./reader-parameters.ts";
import { deployTemplate, propertiesOf } from "./simulation.ts";
import { addStacks } from "./stacks.ts";

const publisher = Template.fromStack(
  addStacks(new App({ analyticsReporting: false }), { form: "plain" }).publisher,
);

/** What a function's environment may have in all (Lambda quotas, "Environment variables"). */
const MAX_ENVIRONMENT_BYTES = 4096;

function readParameter(name: string): {
  AllowedPattern: string;
  MaxLength: number;
  AllowedValues?: string[];
} {
  const parameter = publisher.findParameters(name)[name];
  if (!parameter) throw new Error(`the template has no parameter ${name}`);
  return parameter as ReturnType<typeof readParameter>;
}

describe("the publisher", () => {
  it("publishes at a rate that a schedule takes", () => {
    const pattern = new RegExp(readParameter("PublishRate").AllowedPattern);
    for (const good of [
      "rate(1 minute)",
      "rate(30 minutes)",
      "rate(1 hour)",
      "rate(2 hours)",
      "rate(7 days)",
    ])
      expect(good).toMatch(pattern);
    for (const bad of [
      "rate(0 minutes)",
      "rate(1 minutes)",
      "rate(2 hour)",
      "rate(01 hours)",
      "rate(1000 hours)",
      "hourly",
    ])
      expect(bad).not.toMatch(pattern);
  });

  it("keeps its log for as long as CloudWatch can be told to", () => {
    expect(readParameter("LogRetentionDays").AllowedValues).toEqual(LOG_RETENTION_DAYS);
  });

  it("has room for the longest settings that it takes", async () => {
    const fill = (name: string, [start, end]: string) =>
      `${start}${"x".repeat(readParameter(name).MaxLength - 2)}${end}`;
    const longest = {
      Bucket: "b".repeat(63),
      Publishers: fill("Publishers", "{}"),
      Labels: fill("Labels", "[]"),
      Within: "86400s",
    };
    for (const [name, value] of Object.entries(longest))
      expect(value).toMatch(new RegExp(readParameter(name).AllowedPattern));
    const { Environment } = propertiesOf<{ Environment: { Variables: Record<string, string> } }>(
      await deployTemplate("publisher", longest),
      "PublisherFunction",
    );
    expect(Environment.Variables.ROLLCALL_WITHIN).toBe("86400s");
    expect(Buffer.byteLength(JSON.stringify(Environment.Variables))).toBeLessThan(MAX_ENVIRONMENT_BYTES);
  });

  it("is not silent where it fails, and tells who is named", async () => {
    const without = await deployTemplate("publisher", { Publishers: "{}" });
    expect(without.PublisherFails?.Properties).toMatchObject({
      MetricName: "Errors",
      Dimensions: [{ Name: "FunctionName", Value: "PublisherFunction" }],
      Threshold: 1,
      // Runs may be days apart: it stands until one succeeds.
      TreatMissingData: "ignore",
    });
    expect(without.PublisherFails?.Properties).not.toHaveProperty("AlarmActions");
    const told = await deployTemplate("publisher", { Publishers: "{}", AlarmEmail: "ops@example.com" });
    expect(told.PublisherFails?.Properties).toMatchObject({ AlarmActions: ["Topic"], OKActions: ["Topic"] });
    expect(told.Subscription?.Properties).toMatchObject({ Protocol: "email", Endpoint: "ops@example.com" });
  });
});
