# Made by npm run templates (infra/terraform.ts) from rollcall-reader.template.json.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

locals {
  parameters = {
    Name                 = var.name
    Bucket               = var.bucket
    AlsoReadBucket       = var.also_read_bucket
    KmsKeyArn            = var.kms_key_arn
    Within               = var.within
    MaxAge               = var.max_age
    ResponseMode         = var.response_mode
    RefreshRate          = var.refresh_rate
    MemorySize           = var.memory_size
    ReservedConcurrency  = var.reserved_concurrency
    LogLevel             = var.log_level
    LogRetentionDays     = var.log_retention_days
    EndpointType         = var.endpoint_type
    VpcEndpoints         = var.vpc_endpoints
    AllowedCidrs         = var.allowed_cidrs
    Authorization        = var.authorization
    JwtIssuer            = var.jwt_issuer
    JwtAudience          = var.jwt_audience
    JwtKeys              = var.jwt_keys
    JwtAlgorithms        = var.jwt_algorithms
    SignInScopes         = var.sign_in_scopes
    CallerOrganizationId = var.caller_organization_id
    CorsOrigin           = var.cors_origin
    RateLimit            = var.rate_limit
    BurstLimit           = var.burst_limit
    QuotaPerDay          = var.quota_per_day
    DomainName           = var.domain_name
    CertificateArn       = var.certificate_arn
    AlarmEmail           = var.alarm_email
    AlarmNotFreshPercent = var.alarm_not_fresh_percent
    AlarmSilentAccounts  = var.alarm_silent_accounts
    AccountMetrics       = var.account_metrics
    SetApiGatewayLogRole = var.set_api_gateway_log_role
    S3Bucket             = var.s3_bucket
    S3Key                = var.s3_key
    PermissionsBoundary  = var.permissions_boundary
    RolePath             = var.role_path
  }
  # What is not given is CloudFormation's to say.
  given = { for name, value in local.parameters : name => tostring(value) if value != null }
}

resource "aws_s3_object" "template" {
  bucket       = var.template_bucket
  key          = "templates/${filesha256("${var.templates}/rollcall-reader.template.json")}-rollcall-reader.template.json"
  source       = "${var.templates}/rollcall-reader.template.json"
  content_type = "application/json"
}

data "aws_s3_bucket" "template" {
  bucket = var.template_bucket
}

locals {
  template_url = "https://${data.aws_s3_bucket.template.bucket_regional_domain_name}/${aws_s3_object.template.key}"
}

resource "aws_cloudformation_stack" "this" {
  name         = var.stack_name
  template_url = local.template_url
  parameters   = local.given
  capabilities = ["CAPABILITY_NAMED_IAM"]
  tags         = var.tags
}
