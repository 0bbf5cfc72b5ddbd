# Made by npm run templates (infra/terraform.ts) from rollcall-hosts.template.json.

output "policy_arn" {
  description = "Attach it to roles of your own"
  value       = lookup(aws_cloudformation_stack.this.outputs, "PolicyArn", null)
}

output "instance_profile_name" {
  description = "InstanceProfileName"
  value       = lookup(aws_cloudformation_stack.this.outputs, "InstanceProfileName", null)
}

output "role_ids" {
  description = "ROLLCALL_ROLE_IDS, for hosts of this account in networks without STS"
  value       = lookup(aws_cloudformation_stack.this.outputs, "RoleIds", null)
}
