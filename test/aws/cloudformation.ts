// For tests: CloudFormation as the AWS CLI sees it when it deploys. It holds stacks, keeps
// parameters that it is not told, refuses what templates refuse, rolls back what is said to fail,
// and makes nothing.

export interface Template {
  readonly Parameters: Readonly<Record<string, TemplateParameter>>;
  readonly Rules?: Readonly<
    Record<string, { readonly Assertions: ReadonlyArray<{ readonly Assert: unknown }> }>
  >;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

interface TemplateParameter {
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly unknown[];
}

export interface Stack {
  status: string;
  template: Template;
  parameters: Readonly<Record<string, string>>;
}

/** What is to become of a stack. The type is CREATE or UPDATE. */
interface ChangeSet {
  readonly stackName: string;
  readonly type: string;
  readonly template: Template;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What AWS answers 400 with. */
export class ValidationError extends Error {
  override name = "ValidationError";
}

export interface CloudFormationOptions {
  /** What was uploaded for a TemplateURL. */
  readonly fetchTemplate: (url: string) => string;
  /** Whether a deployment fails half way. */
  readonly fails: (deployment: ChangeSet) => boolean;
}

type Answer = Readonly<Record<string, unknown>>;

export class CloudFormation {
  readonly stacks = new Map<string, Stack>();
  readonly #changeSets = new Map<string, ChangeSet>();
  readonly #options: CloudFormationOptions;

  constructor(options: CloudFormationOptions) {
    this.#options = options;
  }

  /** Does what a request asks. @throws ValidationError */
  answer(request: URLSearchParams): Answer {
    const stackName = request.get("StackName") ?? "";
    switch (request.get("Action")) {
      case "DescribeStacks":
        return { Stacks: [this.#describe(stackName)] };
      case "GetTemplateSummary":
        return {
          Parameters: Object.keys(this.#find(stackName).template.Parameters).map((name) => ({
            ParameterKey: name,
          })),
        };
      case "CreateChangeSet":
        return { Id: this.#createChangeSet(stackName, request) };
      case "DescribeChangeSet":
        return this.#describeChangeSet(request.get("ChangeSetName") ?? "");
      case "ExecuteChangeSet":
        this.#execute(request.get("ChangeSetName") ?? "");
        return {};
      case "DeleteStack":
        this.stacks.delete(stackName);
        return {};
      // Stack sets are only looked at as requests.
      case "CreateStackSet":
        return { StackSetId: "set" };
      case "CreateStackInstances":
        return { OperationId: "operation" };
      default:
        throw new ValidationError(`this double does not know ${request.get("Action")}`);
    }
  }

  #find(name: string): Stack {
    const stack = this.stacks.get(name);
    if (!stack) throw new ValidationError(`Stack with id ${name} does not exist`);
    return stack;
  }

  #describe(name: string): Answer {
    const { status, template, parameters } = this.#find(name);
    return {
      StackName: name,
      StackStatus: status,
      CreationTime: "2024-12-31T14:59:59Z",
      Parameters: Object.entries(parameters).map(([key, value]) => ({
        ParameterKey: key,
        ParameterValue: value,
      })),
      Outputs: Object.keys(template.Outputs ?? {}).map((key) => ({
        OutputKey: key,
        OutputValue: `${name}-${key.toLowerCase()}`,
      })),
    };
  }

  #createChangeSet(stackName: string, request: URLSearchParams): string {
    const type = request.get("ChangeSetType") ?? "";
    const stack = this.stacks.get(stackName);
    if (type === "UPDATE" && stack?.status === "ROLLBACK_COMPLETE")
      throw new ValidationError(`Stack:${stackName} is in ${stack.status} state and can not be updated.`);
    const url = request.get("TemplateURL");
    const template = JSON.parse(
      url ? this.#options.fetchTemplate(url) : (request.get("TemplateBody") ?? ""),
    ) as Template;
    const parameters = settle(template, readGiven(request), stack?.parameters ?? {});
    const id = `arn:aws:cloudformation:::changeSet/${this.#changeSets.size + 1}`;
    this.#changeSets.set(id, { stackName, type, template, parameters });
    return id;
  }

  #describeChangeSet(id: string): Answer {
    const { stackName, template, parameters, type } = this.#changeSet(id);
    const stack = this.stacks.get(stackName);
    const isSame =
      JSON.stringify([template, parameters]) === JSON.stringify([stack?.template, stack?.parameters]);
    return type === "UPDATE" && isSame
      ? { Status: "FAILED", StatusReason: "The submitted information didn't contain changes." }
      : { Status: "CREATE_COMPLETE" };
  }

  #execute(id: string): void {
    const changeSet = this.#changeSet(id);
    const { stackName, template, parameters, type } = changeSet;
    const fails = this.#options.fails(changeSet);
    if (type === "CREATE")
      this.stacks.set(stackName, {
        status: fails ? "ROLLBACK_COMPLETE" : "CREATE_COMPLETE",
        template,
        parameters,
      });
    else if (fails) this.#find(stackName).status = "UPDATE_ROLLBACK_COMPLETE";
    else this.stacks.set(stackName, { status: "UPDATE_COMPLETE", template, parameters });
  }

  #changeSet(id: string): ChangeSet {
    const changeSet = this.#changeSets.get(id);
    if (!changeSet) throw new ValidationError(`ChangeSet [${id}] does not exist`);
    return changeSet;
  }
}

/** The parameters of a request; undefined for one that keeps its value. */
function readGiven(request: URLSearchParams): Map<string, string | undefined> {
  const given = new Map<string, string | undefined>();
  for (let n = 1; ; n++) {
    const member = `Parameters.member.${n}`;
    const name = request.get(`${member}.ParameterKey`);
    if (name === null) return given;
    const keeps = request.get(`${member}.UsePreviousValue`) === "true";
    given.set(name, keeps ? undefined : (request.get(`${member}.ParameterValue`) ?? ""));
  }
}

function settle(
  template: Template,
  given: ReadonlyMap<string, string | undefined>,
  before: Readonly<Record<string, string>>,
) {
  const unknown = [...given.keys()].filter((name) => !(name in template.Parameters));
  if (unknown.length > 0) throw new ValidationError(`Parameters: [${unknown}] do not exist in the template`);
  const parameters: Record<string, string> = {};
  for (const [name, { Default, AllowedPattern, AllowedValues }] of Object.entries(template.Parameters)) {
    const kept = given.has(name) ? before[name] : undefined;
    const value = given.get(name) ?? kept ?? (Default === undefined ? undefined : String(Default));
    if (value === undefined) throw new ValidationError(`Parameters: [${name}] must have values`);
    if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value))
      throw new ValidationError(`Parameter ${name} failed to satisfy constraint`);
    if (AllowedValues && !AllowedValues.map(String).includes(value))
      throw new ValidationError(`Parameter ${name} must be one of ${AllowedValues}`);
    parameters[name] = value;
  }
  for (const [name, { Assertions }] of Object.entries(template.Rules ?? {}))
    if (!Assertions.every(({ Assert }) => evaluate(Assert, parameters)))
      throw new ValidationError(`Rule ${name} is not satisfied`);
  return parameters;
}

/** As much of the language of rules as the templates use. */
function evaluate(expression: unknown, parameters: Readonly<Record<string, string>>): unknown {
  if (typeof expression !== "object" || expression === null) return expression;
  const [[name = "", operand] = []] = Object.entries(expression);
  if (name === "Ref") return parameters[String(operand)];
  const operands = (operand as unknown[]).map((each) => evaluate(each, parameters));
  switch (name) {
    case "Fn::Equals":
      return operands[0] === operands[1];
    case "Fn::Not":
      return operands[0] !== true;
    case "Fn::And":
      return operands.every((each) => each === true);
    case "Fn::Or":
      return operands.includes(true);
    default:
      throw new ValidationError(`this double does not know ${name}`);
  }
}
