# Made by npm run templates (infra/terraform.ts) from rollcall-publisher.template.json.

output "log_command" {
  description = "Prints what the publisher logged"
  value       = lookup(aws_cloudformation_stack.this.outputs, "LogCommand", null)
}
