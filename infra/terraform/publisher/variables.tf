# Made by npm run templates (infra/terraform.ts) from rollcall-publisher.template.json.
variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "rollcall-publisher"
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

variable "template_bucket" {
  description = "Where the template is put, too large for a request as it is. The store's own will do."
  type        = string
}

variable "name" {
  description = "The name that rollcall-store was given: its bucket is NAME-ACCOUNT-REGION. CloudFormation's default: rollcall."
  type        = string
  default     = null
}

variable "bucket" {
  description = "Another bucket of this account and region, in the place of that one."
  type        = string
  default     = null
}

variable "also_read_bucket" {
  description = "A bucket of this region that is read beside, and never written: one that you move from."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Where another bucket is encrypted with a key of yours: the key, which may then be used through S3."
  type        = string
  default     = null
}

variable "publishers" {
  description = "JSON, as in the configuration file (docs/publish.md). Tokens are named by token_parameter."
  type        = string
}

variable "publish_rate" {
  description = "All publishers are published so often. CloudFormation's default: rate(1 hour)."
  type        = string
  default     = null
}

variable "parameter_path" {
  description = "The function may read parameters below /WORD/ of Systems Manager's Parameter Store, and no others. CloudFormation's default: rollcall."
  type        = string
  default     = null
}

variable "within" {
  description = "How old a fresh report may be. CloudFormation's default: 2h."
  type        = string
  default     = null
}

variable "labels" {
  description = "JSON, as in the configuration file (docs/versions.md). Nothing: env and service of instance_name."
  type        = string
  default     = null
}

variable "memory_size" {
  description = "Megabytes. CloudFormation's default: 1024."
  type        = number
  default     = null
}

variable "log_retention_days" {
  description = "LogRetentionDays CloudFormation's default: 30."
  type        = number
  default     = null

  validation {
    condition     = var.log_retention_days == null ? true : contains(["1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365"], tostring(var.log_retention_days))
    error_message = "One of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365."
  }
}

variable "alarm_email" {
  description = "Gets a message to confirm, then one for each alarm and its end."
  type        = string
  default     = null
}

variable "s3_bucket" {
  description = "Where rollcall-lambda.zip lies, so that what scans functions sees the program as it is. Nothing: the program is in the template, compressed."
  type        = string
  default     = null
}

variable "s3_key" {
  description = "Another one for each version: a function is brought up to date where the key changes."
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
