# Made by npm run templates (infra/terraform.ts) from rollcall-store.template.json.
variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "rollcall-store"
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

variable "name" {
  description = "The bucket is called NAME-ACCOUNT-REGION. CloudFormation's default: rollcall."
  type        = string
  default     = null
}

variable "expiry_days" {
  description = "Reports and departures are removed so many days after they came, at the next midnight UTC. CloudFormation's default: 1."
  type        = number
  default     = null
}

variable "organization_id" {
  description = "Hosts in all accounts of this organisation may report, those of new accounts too."
  type        = string
  default     = null
}

variable "accounts" {
  description = "Hosts in these accounts may report; name the bucket's own account too if hosts are there."
  type        = string
  default     = null
}

variable "require_instance" {
  description = "A second lock: take reports only where AWS says which instance signed (ec2:SourceInstanceARN). Recommended where all hosts are EC2 instances. Try it with one host first. CloudFormation's default: false."
  type        = string
  default     = null

  validation {
    condition     = var.require_instance == null ? true : contains(["false", "true"], tostring(var.require_instance))
    error_message = "One of false, true."
  }
}

variable "operator_roles" {
  description = "Instances write their own report and departure alone. Those of these roles of the bucket's account may write what their role grants: a bastion that publishes specs, a server."
  type        = string
  default     = null
}
