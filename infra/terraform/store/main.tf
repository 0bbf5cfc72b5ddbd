# Made by npm run templates (infra/terraform.ts) from rollcall-store.template.json.
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
    Name            = var.name
    ExpiryDays      = var.expiry_days
    OrganizationId  = var.organization_id
    Accounts        = var.accounts
    RequireInstance = var.require_instance
    OperatorRoles   = var.operator_roles
  }
  # What is not given is CloudFormation's to say.
  given = { for name, value in local.parameters : name => tostring(value) if value != null }
}

resource "aws_cloudformation_stack" "this" {
  name          = var.stack_name
  template_body = file("${var.templates}/rollcall-store.template.json")
  parameters    = local.given
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  tags          = var.tags
}
