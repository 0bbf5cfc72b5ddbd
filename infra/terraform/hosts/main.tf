# Made by npm run templates (infra/terraform.ts) from rollcall-hosts.template.json.
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
    Bucket              = var.bucket
    LegacyBucket        = var.legacy_bucket
    HostName            = var.host_name
    CreateRole          = var.create_role
    RoleNames           = var.role_names
    PermissionsBoundary = var.permissions_boundary
    RolePath            = var.role_path
  }
  # What is not given is CloudFormation's to say.
  given = { for name, value in local.parameters : name => tostring(value) if value != null }
}

resource "aws_cloudformation_stack" "this" {
  name          = var.stack_name
  template_body = file("${var.templates}/rollcall-hosts.template.json")
  parameters    = local.given
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags
}
