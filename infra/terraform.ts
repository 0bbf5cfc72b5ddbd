// Writes the Terraform modules from the templates, which stay the one source: a module says which
// parameters a template takes and which outputs it has, and leaves all else to CloudFormation.

interface Parameter {
  readonly Type: string;
  readonly Description?: string;
  readonly Default?: string | number;
  readonly AllowedValues?: readonly (string | number)[];
}

interface Output {
  readonly Description?: string;
}

interface Template {
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Outputs?: Readonly<Record<string, Output>>;
}

/** How a template gets to CloudFormation, by what it needs. */
interface Module {
  readonly template: string;
  readonly main: (template: Template) => string;
  readonly extra?: string;
}

const HEADER = "# Made by npm run templates (infra/terraform.ts) from";

/** @param version of the provider: 5.100 has account_filter_type, of a stack set's targets */
const writeTerraform = (version: string) => `terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= ${version}"
    }
  }
}
`;

const COMMON = `variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "STACK"
}

variable "templates" {
  description = "The folder of the templates: rollcall-aws, which rollcall aws init writes."
  type        = string
}

variable "tags" {
  description = "Tags of the stack and of what it makes."
  type        = map(string)
  default     = {}
}
`;

const TEMPLATE_BUCKET = `
variable "template_bucket" {
  description = "Where the template is put, too large for a request as it is. The store's own will do."
  type        = string
}
`;

const ORGANIZATION = `
variable "organizational_units" {
  description = "The roots and organizational units whose accounts have hosts: r-…, ou-…"
  type        = list(string)
}

variable "excluded_accounts" {
  description = "Accounts that are left out, such as those that have rollcall-hosts already."
  type        = list(string)
  default     = []
}
`;

const FROM_FILE = { template_body: `file("\${var.templates}/FILE")` };
const FROM_BUCKET = { template_url: "local.template_url" };

const MODULES: Readonly<Record<string, Module>> = {
  store: { template: "rollcall-store", main: writeStack(FROM_FILE) },
  reader: {
    template: "rollcall-reader",
    main: writeStack(FROM_BUCKET, true),
    extra: TEMPLATE_BUCKET,
  },
  publisher: {
    template: "rollcall-publisher",
    main: writeStack(FROM_BUCKET, true),
    extra: TEMPLATE_BUCKET,
  },
  hosts: { template: "rollcall-hosts", main: writeStack(FROM_FILE) },
  "hosts-organization": { template: "rollcall-hosts", main: writeStackSet, extra: ORGANIZATION },
};

/**
 * Makes all files of the modules.
 *
 * @param templates the text of each template by its file's name
 * @returns the text of each file by its path below `infra/terraform`
 */
export function makeTerraformModules(templates: ReadonlyMap<string, string>): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, { template: stack, main, extra = "" }] of Object.entries(MODULES)) {
    const file = `${stack}.template.json`;
    const text = templates.get(file);
    if (text === undefined) throw new Error(`there is no template ${file}`);
    const template = JSON.parse(text) as Template;
    const put = (path: string, body: string) =>
      files.set(
        `${name}/${path}`,
        `${HEADER} ${file}.\n${body.replaceAll("FILE", file).replaceAll("STACK", stack)}`,
      );
    put("main.tf", `${writeTerraform(main === writeStackSet ? "5.100" : "5.0")}\n${main(template)}`);
    const variables = `${COMMON}${extra}${writeVariables(template)}`;
    const names = [...variables.matchAll(/^variable "(\w+)"/gm)].map(([, variable]) => variable);
    if (new Set(names).size < names.length) throw new Error(`${name}: two variables have one name: ${names}`);
    put("variables.tf", variables);
    // Stacks of a stack set lie in other accounts, and have their outputs there.
    if (main !== writeStackSet) put("outputs.tf", writeOutputs(template));
  }
  return files;
}

/** `RateLimit` is `rate_limit`, as Terraform's style has it. */
function nameVariable(parameter: string): string {
  return parameter.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
}

/** Terraform's string: `${` and `%{` would be evaluated in it. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[$%](?=\{)/g, "$&$&");
}

function writeVariables({ Parameters }: Template): string {
  return Object.entries(Parameters)
    .map(([name, { Type, Description = name, Default, AllowedValues = [] }]) => {
      const isNeeded = Default === undefined;
      const usual = isNeeded || Default === "" ? "" : ` CloudFormation's default: ${Default}.`;
      const variable = nameVariable(name);
      const lines = [
        `  description = ${quote(`${Description}${usual}`)}`,
        `  type        = ${Type === "Number" ? "number" : "string"}`,
        // Null is left out, so that the template's own default counts.
        ...(isNeeded ? [] : ["  default     = null"]),
        ...(AllowedValues.length > 0 ? writeValidation(variable, AllowedValues.map(String)) : []),
      ];
      return `\nvariable "${variable}" {\n${lines.join("\n")}\n}\n`;
    })
    .join("");
}

function writeValidation(variable: string, allowed: readonly string[]): string[] {
  const list = `[${allowed.map(quote).join(", ")}]`;
  return [
    "",
    "  validation {",
    `    condition     = var.${variable} == null ? true : contains(${list}, tostring(var.${variable}))`,
    `    error_message = ${quote(`One of ${allowed.join(", ")}.`)}`,
    "  }",
  ];
}

function writeOutputs({ Outputs = {} }: Template): string {
  return Object.entries(Outputs)
    .map(([name, { Description = name }]) =>
      [
        `\noutput "${nameVariable(name)}" {`,
        `  description = ${quote(Description)}`,
        // Null where the stack has it under some conditions only.
        `  value       = lookup(aws_cloudformation_stack.this.outputs, "${name}", null)`,
        "}\n",
      ].join("\n"),
    )
    .join("");
}

function writeParameters({ Parameters }: Template): string {
  const values = Object.keys(Parameters).map((name) => [name, `var.${nameVariable(name)}`] as const);
  return [
    "locals {",
    "  parameters = {",
    alignArguments(Object.fromEntries(values), "    "),
    "  }",
    "  # What is not given is CloudFormation's to say.",
    "  given = { for name, value in local.parameters : name => tostring(value) if value != null }",
    "}\n",
  ].join("\n");
}

/** As `terraform fmt` has them. */
function alignArguments(values: Readonly<Record<string, string>>, indent = "  "): string {
  const width = Math.max(...Object.keys(values).map((name) => name.length));
  return Object.entries(values)
    .map(([name, value]) => `${indent}${name.padEnd(width)} = ${value}`)
    .join("\n");
}

/**
 * @param source where the stack has its template from
 * @param isUploaded whether the template is put into a bucket first
 */
function writeStack(source: Readonly<Record<string, string>>, isUploaded = false) {
  const upload = `
resource "aws_s3_object" "template" {
  bucket       = var.template_bucket
  key          = "templates/\${filesha256("\${var.templates}/FILE")}-FILE"
  source       = "\${var.templates}/FILE"
  content_type = "application/json"
}

data "aws_s3_bucket" "template" {
  bucket = var.template_bucket
}

locals {
  template_url = "https://\${data.aws_s3_bucket.template.bucket_regional_domain_name}/\${aws_s3_object.template.key}"
}
`;
  return (template: Template) => `${writeParameters(template)}${isUploaded ? upload : ""}
resource "aws_cloudformation_stack" "this" {
${alignArguments({
  name: "var.stack_name",
  ...source,
  parameters: "local.given",
  capabilities: '["CAPABILITY_NAMED_IAM"]',
  tags: "var.tags",
})}
}
`;
}

function writeStackSet(template: Template): string {
  return `${writeParameters(template)}
# Run in the management account, or as a delegated administrator of CloudFormation.
resource "aws_cloudformation_stack_set" "this" {
  name             = var.stack_name
  permission_model = "SERVICE_MANAGED"
  template_body    = file("\${var.templates}/FILE")
  parameters       = local.given
  capabilities     = ["CAPABILITY_NAMED_IAM"]
  tags             = var.tags

  auto_deployment {
    enabled                          = true
    retain_stacks_on_account_removal = false
  }

  lifecycle {
    # AWS fills it in, and the provider would take it out again each time.
    ignore_changes = [administration_role_arn]
  }
}

# In the provider's region: one is enough, since roles and policies have none.
resource "aws_cloudformation_stack_set_instance" "this" {
  stack_set_name = aws_cloudformation_stack_set.this.name

  deployment_targets {
    organizational_unit_ids = var.organizational_units
    accounts                = var.excluded_accounts
    account_filter_type     = length(var.excluded_accounts) == 0 ? "NONE" : "DIFFERENCE"
  }

  # One account that fails keeps no other from being reached.
  operation_preferences {
    failure_tolerance_percentage = 100
    max_concurrent_percentage    = 100
  }
}
`;
}
