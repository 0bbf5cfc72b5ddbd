# Made by npm run templates (infra/terraform.ts) from rollcall-hosts.template.json.
variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "rollcall-hosts"
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

variable "bucket" {
  description = "The output BucketName of the stack rollcall-store."
  type        = string
}

variable "legacy_bucket" {
  description = "Hosts may also put INSTANCE_ID.json to its top, as --legacy-key and --legacy-store do. Nothing ties such a key to the host that writes it."
  type        = string
  default     = null
}

variable "host_name" {
  description = "Of the managed policy, and of the role and instance profile. The same in all accounts, so that others can name them. CloudFormation's default: rollcall-host."
  type        = string
  default     = null
}

variable "create_role" {
  description = "Makes a role and an instance profile with the policy. Say false to attach the policy to roles of your own. CloudFormation's default: true."
  type        = string
  default     = null

  validation {
    condition     = var.create_role == null ? true : contains(["true", "false"], tostring(var.create_role))
    error_message = "One of true, false."
  }
}

variable "role_names" {
  description = "The policy is attached to these roles of the account too, split by commas. An account that lacks one of them gets none of the stack. They must trust ec2.amazonaws.com alone."
  type        = string
  default     = null
}

variable "permissions_boundary" {
  description = "Of all roles that the stack makes: the name, not the ARN, of a managed policy of the account, so that a stack set can say it for all accounts."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Of all roles, policies and instance profiles that the stack makes. CloudFormation's default: /."
  type        = string
  default     = null
}
