# Made by npm run templates (infra/terraform.ts) from rollcall-publisher.template.json.
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
    Name                = var.name
    Bucket              = var.bucket
    AlsoReadBucket      = var.also_read_bucket
    KmsKeyArn           = var.kms_key_arn
    Publishers          = var.publishers
    PublishRate         = var.publish_rate
    ParameterPath       = var.parameter_path
    Within              = var.within
    Labels              = var.labels
    MemorySize          = var.memory_size
    LogRetentionDays    = var.log_retention_days
    AlarmEmail          = var.alarm_email
    S3Bucket            = var.s3_bucket
    S3Key               = var.s3_key
    PermissionsBoundary = var.permissions_boundary
    RolePath            = var.role_path
  }
  # What is not given is CloudFormation's to say.
  given = { for name, value in local.parameters : name => tostring(value) if value != null }
}

resource "aws_s3_object" "template" {
  bucket       = var.template_bucket
  key          = "templates/${filesha256("${var.templates}/rollcall-publisher.template.json")}-rollcall-publisher.template.json"
  source       = "${var.templates}/rollcall-publisher.template.json"
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
