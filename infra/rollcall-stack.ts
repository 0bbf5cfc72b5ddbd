// What all stacks have in common: names without hashes, parameters in groups, the same templates on
// every machine.
import { type CfnElement, CfnParameter, type CfnParameterProps, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";

/** A parameter, and what the console calls it. */
export interface ParameterSpec extends Omit<CfnParameterProps, "allowedValues"> {
  readonly label: string;
  readonly allowedValues?: readonly string[];
}

/** Parameters under one heading of the console. By name. */
export interface ParameterGroup {
  readonly heading: string;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
}

/** The names of all parameters of some groups. */
export type ParameterName<G extends readonly ParameterGroup[]> = G[number] extends infer Group
  ? Group extends ParameterGroup
    ? keyof Group["parameters"] & string
    : never
  : never;

/** A stack whose resources are named by their place: `Api/Stage` is ApiStage. */
export class RollcallStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { readonly description: string }) {
    super(scope, id, props);
    this.templateOptions.templateFormatVersion = "2010-09-09";
  }

  /**
   * CDK adds a hash to each name, for trees whose names would collide. These are small, and CDK
   * refuses a name that comes twice.
   */
  protected override allocateLogicalId(element: CfnElement): string {
    const path = element.node.scopes.slice(element.stack.node.scopes.length).map(({ node }) => node.id);
    return path
      .filter((id) => id !== "Resource" && id !== "Default")
      .join("")
      .replace(/[^A-Za-z0-9]/g, "");
  }

  /** Declares parameters, and how the console groups them. */
  protected declareParameters<const G extends readonly ParameterGroup[]>(
    groups: G,
  ): Record<ParameterName<G>, CfnParameter> {
    const all = groups.flatMap(({ parameters }) => Object.entries<ParameterSpec>(parameters));
    this.templateOptions.metadata = {
      "AWS::CloudFormation::Interface": {
        ParameterGroups: groups.map(({ heading, parameters }) => ({
          Label: { default: heading },
          Parameters: Object.keys(parameters),
        })),
        ParameterLabels: Object.fromEntries(all.map(([name, { label }]) => [name, { default: label }])),
      },
    };
    const declare = (name: string, { label: _, allowedValues, ...props }: ParameterSpec) =>
      new CfnParameter(this, name, { ...props, ...(allowedValues && { allowedValues: [...allowedValues] }) });
    return Object.fromEntries(all.map(([name, spec]) => [name, declare(name, spec)])) as Record<
      ParameterName<G>,
      CfnParameter
    >;
  }
}
