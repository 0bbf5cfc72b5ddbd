# Made by npm run templates (infra/terraform.ts) from rollcall-hosts.template.json.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100"
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

# Run in the management account, or as a delegated administrator of CloudFormation.
resource "aws_cloudformation_stack_set" "this" {
  name             = var.stack_name
  permission_model = "SERVICE_MANAGED"
  template_body    = file("${var.templates}/rollcall-hosts.template.json")
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
