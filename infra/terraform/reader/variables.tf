# Made by npm run templates (infra/terraform.ts) from rollcall-reader.template.json.
variable "stack_name" {
  description = "The name of the CloudFormation stack."
  type        = string
  default     = "rollcall-reader"
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

variable "within" {
  description = "How old a fresh report may be. CloudFormation's default: 2h."
  type        = string
  default     = null
}

variable "max_age" {
  description = "An answer may be so old; the store is then not listed for each question. CloudFormation's default: 10s."
  type        = string
  default     = null
}

variable "response_mode" {
  description = "STREAM has no limit of 29 s and 6 MB. BUFFERED is for regions without it; larger answers are then fetched from the bucket. CloudFormation's default: STREAM."
  type        = string
  default     = null

  validation {
    condition     = var.response_mode == null ? true : contains(["STREAM", "BUFFERED"], tostring(var.response_mode))
    error_message = "One of STREAM, BUFFERED."
  }
}

variable "refresh_rate" {
  description = "How often the snapshot is brought up to date. CloudFormation's default: rate(1 minute)."
  type        = string
  default     = null
}

variable "memory_size" {
  description = "Megabytes, of each function. A CPU goes with 1,769 of them. CloudFormation's default: 1024."
  type        = number
  default     = null
}

variable "reserved_concurrency" {
  description = "How many questions are answered at a time. 0 reserves nothing, which an account needs whose limit is 10 in all: AWS keeps some unreserved. CloudFormation's default: 10."
  type        = number
  default     = null
}

variable "log_level" {
  description = "LogLevel CloudFormation's default: info."
  type        = string
  default     = null

  validation {
    condition     = var.log_level == null ? true : contains(["trace", "debug", "info", "warn", "error", "fatal"], tostring(var.log_level))
    error_message = "One of trace, debug, info, warn, error, fatal."
  }
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

variable "endpoint_type" {
  description = "PRIVATE is not on the internet: the API is reached through the VPC endpoints (of execute-api) that VpcEndpoints names. CloudFormation's default: REGIONAL."
  type        = string
  default     = null

  validation {
    condition     = var.endpoint_type == null ? true : contains(["REGIONAL", "PRIVATE"], tostring(var.endpoint_type))
    error_message = "One of REGIONAL, PRIVATE."
  }
}

variable "vpc_endpoints" {
  description = "With PRIVATE: the endpoints, of any account, through which the API is reached."
  type        = string
  default     = null
}

variable "allowed_cidrs" {
  description = "Answers these networks alone; with PRIVATE those within the VPC. Nothing: all that reach the API."
  type        = string
  default     = null
}

variable "authorization" {
  description = "API_KEY is the header x-api-key; AWS_IAM are requests that are signed (curl --aws-sigv4) by whoever may execute-api:Invoke; JWT are tokens of your identity provider (Authorization: Bearer). CloudFormation's default: API_KEY."
  type        = string
  default     = null

  validation {
    condition     = var.authorization == null ? true : contains(["API_KEY", "AWS_IAM", "JWT"], tostring(var.authorization))
    error_message = "One of API_KEY, AWS_IAM, JWT."
  }
}

variable "jwt_issuer" {
  description = "With JWT: what tokens have in iss, to the letter."
  type        = string
  default     = null
}

variable "jwt_audience" {
  description = "With JWT: what tokens must have in aud; one of several."
  type        = string
  default     = null
}

variable "jwt_keys" {
  description = "With JWT: the address of the JWKS, on the internet, where the issuer has no /.well-known/openid-configuration."
  type        = string
  default     = null
}

variable "jwt_algorithms" {
  description = "With JWT: by which tokens may be signed. CloudFormation's default: RS256,ES256."
  type        = string
  default     = null
}

variable "sign_in_scopes" {
  description = "With JWT: CLAIM=VALUE:read, of which a token must have one. Nothing: all tokens of the issuer for this audience."
  type        = string
  default     = null
}

variable "caller_organization_id" {
  description = "With AWS_IAM: callers of other accounts of this organization may ask too, where their own policies say so."
  type        = string
  default     = null
}

variable "cors_origin" {
  description = "Scripts of web pages from there may read answers (CORS). * is any page."
  type        = string
  default     = null
}

variable "rate_limit" {
  description = "Of each key; and of all together for each method of a path. CloudFormation's default: 10."
  type        = number
  default     = null
}

variable "burst_limit" {
  description = "Likewise. CloudFormation's default: 20."
  type        = number
  default     = null
}

variable "quota_per_day" {
  description = "For each key. 0 is no limit. CloudFormation's default: 100000."
  type        = number
  default     = null
}

variable "domain_name" {
  description = "Answer as https://DOMAIN/v1/reports too. You point the name at the output DomainTarget."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "Of the domain name."
  type        = string
  default     = null
}

variable "alarm_email" {
  description = "Gets a message to confirm, then one for each alarm and its end."
  type        = string
  default     = null
}

variable "alarm_not_fresh_percent" {
  description = "An alarm when so many percent of the hosts of the last day, but for those that left, are not fresh. 100 is an empty roll, for which there is an alarm in any case. CloudFormation's default: 50."
  type        = number
  default     = null
}

variable "alarm_silent_accounts" {
  description = "An alarm when so many accounts had hosts within a day and have no fresh one. CloudFormation's default: 1."
  type        = number
  default     = null
}

variable "account_metrics" {
  description = "So many accounts, those with most hosts first, get two metrics of their own, which CloudWatch bills ($0.60 a month). The refresher's log has the counts of accounts anyway. CloudFormation's default: 0."
  type        = number
  default     = null
}

variable "set_api_gateway_log_role" {
  description = "Sets the role by which API Gateway logs, for the whole account and region. Say false where one is set already. CloudFormation's default: true."
  type        = string
  default     = null

  validation {
    condition     = var.set_api_gateway_log_role == null ? true : contains(["true", "false"], tostring(var.set_api_gateway_log_role))
    error_message = "One of true, false."
  }
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
