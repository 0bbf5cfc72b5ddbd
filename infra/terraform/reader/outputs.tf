# Made by npm run templates (infra/terraform.ts) from rollcall-reader.template.json.

output "domain_target" {
  description = "Point the domain name here: a CNAME, or an alias"
  value       = lookup(aws_cloudformation_stack.this.outputs, "DomainTarget", null)
}

output "page_url" {
  description = "The page for people, in a browser"
  value       = lookup(aws_cloudformation_stack.this.outputs, "PageUrl", null)
}

output "url" {
  description = "Ask here"
  value       = lookup(aws_cloudformation_stack.this.outputs, "Url", null)
}

output "ask_command" {
  description = "Asks"
  value       = lookup(aws_cloudformation_stack.this.outputs, "AskCommand", null)
}

output "api_id" {
  description = "The id of the API"
  value       = lookup(aws_cloudformation_stack.this.outputs, "ApiId", null)
}

output "deploy_command" {
  description = "After a change of who reaches the API: API Gateway uses it from then on"
  value       = lookup(aws_cloudformation_stack.this.outputs, "DeployCommand", null)
}

output "api_key_id" {
  description = "The id of the key, which is no secret"
  value       = lookup(aws_cloudformation_stack.this.outputs, "ApiKeyId", null)
}

output "api_key_command" {
  description = "Prints the key itself"
  value       = lookup(aws_cloudformation_stack.this.outputs, "ApiKeyCommand", null)
}

output "usage_plan_id" {
  description = "Where further keys belong"
  value       = lookup(aws_cloudformation_stack.this.outputs, "UsagePlanId", null)
}

output "store_url" {
  description = "What is read, and what hosts name as their store"
  value       = lookup(aws_cloudformation_stack.this.outputs, "StoreUrl", null)
}

output "log_command" {
  description = "Prints what the reader logged"
  value       = lookup(aws_cloudformation_stack.this.outputs, "LogCommand", null)
}

output "authorizer_log_command" {
  description = "Prints why tokens were refused"
  value       = lookup(aws_cloudformation_stack.this.outputs, "AuthorizerLogCommand", null)
}
