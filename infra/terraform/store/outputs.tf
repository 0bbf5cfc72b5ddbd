# Made by npm run templates (infra/terraform.ts) from rollcall-store.template.json.

output "bucket_name" {
  description = "BucketName"
  value       = lookup(aws_cloudformation_stack.this.outputs, "BucketName", null)
}

output "store_url" {
  description = "What hosts name as their store"
  value       = lookup(aws_cloudformation_stack.this.outputs, "StoreUrl", null)
}
