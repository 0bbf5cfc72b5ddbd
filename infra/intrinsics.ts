// Fills in a template as CloudFormation does when it deploys, as far as these templates go; for
// tests.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

interface JsonObject {
  readonly [name: string]: Json;
}

export interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default?: Json }>>;
  readonly Conditions?: JsonObject;
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Condition?: string; readonly Properties: JsonObject }>
  >;
  readonly Outputs: Readonly<Record<string, { readonly Condition?: string; readonly Value: Json }>>;
}

/** Where a stack is deployed, and with what. */
export interface Deployment {
  readonly account: string;
  readonly region: string;
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** Stands for a property that is left out. */
const NO_VALUE = Symbol("AWS::NoValue");

type Value =
  | null
  | boolean
  | number
  | string
  | symbol
  | readonly Value[]
  | { readonly [name: string]: Value };

/**
 * Gives the resources that a deployment makes, filled in. @throws Error for what a template has
 * that is not known here
 */
export function deploy(
  template: Template,
  deployment: Deployment,
): Record<string, { Type: string; Properties: JsonObject }> {
  const resolver = new Resolver(template, deployment);
  return Object.fromEntries(
    Object.entries(template.Resources)
      .filter(([, { Condition }]) => Condition === undefined || resolver.holds({ Condition }))
      .map(([name, { Type, Properties }]) => [
        name,
        { Type, Properties: resolver.resolve(Properties) as JsonObject },
      ]),
  );
}

class Resolver {
  readonly #template: Template;
  readonly #deployment: Deployment;

  constructor(template: Template, deployment: Deployment) {
    for (const name of Object.keys(deployment.parameters)) {
      if (!(name in template.Parameters)) throw new Error(`the template has no parameter ${name}`);
    }
    this.#template = template;
    this.#deployment = deployment;
  }

  resolve(value: Json): Value {
    if (Array.isArray(value))
      return value.map((item) => this.resolve(item as Json)).filter((item) => item !== NO_VALUE);
    if (typeof value !== "object" || value === null) return value as Value;
    const object = value as JsonObject;
    const [name = "", ...others] = Object.keys(object);
    if (others.length === 0 && (name === "Ref" || name.startsWith("Fn::")))
      return this.#call(name, object[name] as Json);
    const resolved = Object.entries(object).map(([key, item]) => [key, this.resolve(item)] as const);
    return Object.fromEntries(resolved.filter(([, item]) => item !== NO_VALUE));
  }

  #call(name: string, argument: Json): Value {
    if (name === "Ref") return this.#refer(argument as string);
    const list = argument as readonly Json[];
    switch (name) {
      case "Fn::If":
        return this.resolve(list[this.holds({ Condition: list[0] as string }) ? 1 : 2] as Json);
      case "Fn::Join":
        return (this.resolve(list[1] as Json) as readonly Value[]).map(String).join(list[0] as string);
      case "Fn::Split":
        return String(this.resolve(list[1] as Json)).split(list[0] as string);
      case "Fn::GetAtt":
        return this.#attribute(list[0] as string, list[1] as string);
      default:
        throw new Error(`${name} is not known here`);
    }
  }

  #refer(name: string): Value {
    const { account, region, parameters } = this.#deployment;
    const pseudo: Record<string, Value> = {
      "AWS::AccountId": account,
      "AWS::Region": region,
      "AWS::Partition": "aws",
      "AWS::URLSuffix": "amazonaws.com",
      "AWS::StackName": "stack",
      "AWS::NoValue": NO_VALUE,
    };
    if (name in pseudo) return pseudo[name] as Value;
    const parameter = this.#template.Parameters[name];
    if (parameter) {
      const value = parameters[name] ?? parameter.Default;
      if (value === undefined) throw new Error(`the parameter ${name} has no default`);
      return value as Value;
    }
    const resource = this.#template.Resources[name];
    if (!resource) throw new Error(`nothing is called ${name}`);
    // Of what this is asked for, a bucket alone says what it is called.
    return resource.Type === "AWS::S3::Bucket" ? this.resolve(resource.Properties.BucketName as Json) : name;
  }

  #attribute(name: string, attribute: string): Value {
    const { Type } = this.#template.Resources[name] ?? {};
    if (Type === "AWS::S3::Bucket" && attribute === "Arn") return `arn:aws:s3:::${String(this.#refer(name))}`;
    const { account, region } = this.#deployment;
    return attribute === "Arn"
      ? `arn:aws:${Type?.split("::")[1]?.toLowerCase()}:${region}:${account}:${name}`
      : `${name}.${attribute}`;
  }

  /** Whether a condition holds. */
  holds(expression: Json): boolean {
    const [[name, argument] = ["", null]] = Object.entries(expression as JsonObject);
    const list = argument as readonly Json[];
    switch (name) {
      case "Condition":
        return this.holds(this.#template.Conditions?.[argument as string] as Json);
      case "Fn::Equals":
        return String(this.resolve(list[0] as Json)) === String(this.resolve(list[1] as Json));
      case "Fn::And":
        return list.every((one) => this.holds(one));
      case "Fn::Or":
        return list.some((one) => this.holds(one));
      case "Fn::Not":
        return !this.holds(list[0] as Json);
      default:
        throw new Error(`${name} is not known here`);
    }
  }
}
