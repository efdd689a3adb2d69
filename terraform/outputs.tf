# Of alerts: outputs.alerts.tf.

output "operator_shell" {
  description = "The operators' shell, to be sourced in bash: the functions `enqueuer` and `converter`, which run a command as a task, and the variables of the runbooks."
  value       = local.operator_shell
}

output "repository_urls" {
  description = "Where the two images are pushed, by program."
  value       = { for program, repository in aws_ecr_repository.program : program => repository.repository_url }
}

output "secret_arns" {
  description = "The secrets that need values, by the setting each one is."
  value       = local.secret_arns
}

output "store_url" {
  description = "STORE_URL: where documents are published."
  value       = local.store_url
}

output "bucket_arn" {
  description = "The bucket of the documents, e.g. for the policy of a portal that mints links."
  value       = aws_s3_bucket.statements.arn
}

output "data_key_arn" {
  description = "The key of documents, secrets, logs and images: whoever reads a document needs kms:Decrypt on it."
  value       = aws_kms_key.data.arn
}

output "security_group_id" {
  description = "The group of all tasks: let it into the databases' groups."
  value       = aws_security_group.tasks.id
}

output "egress_ip" {
  description = "The fixed address that tasks have outside, if this module makes the NAT gateway."
  value       = one(aws_eip.nat[*].public_ip)
}

output "database_connections_at_peak" {
  description = "How many connections a database must bear when all converters have the smallest size class, and nothing counts them (database_connections): each holds one to the ledger and one to the source."
  value       = local.database_connections_at_peak
}

output "schedules" {
  description = "Every schedule: when, in which time zone, what the enqueuer is told to do, and whether it fires."
  value       = local.schedules_listed
}

output "operator_policy_arn" {
  description = "The operators' rights, to be attached to a role of yours or named in a permission set."
  value       = aws_iam_policy.operator.arn
}

output "operator_role_arn" {
  description = "The operators' role, if operator_principals names somebody."
  value       = one(aws_iam_role.operator[*].arn)
}

output "job_queue_arn" {
  description = "The Batch job queue."
  value       = aws_batch_job_queue.statements.arn
}

output "job_definition_arn" {
  description = "The converter's job definition, with its revision."
  value       = aws_batch_job_definition.converter.arn
}

output "task_definition_arn" {
  description = "The enqueuer's task definition, with its revision."
  value       = aws_ecs_task_definition.enqueuer.arn
}

output "environment" {
  description = "What each program has in its environment, without the secrets."
  value       = { converter = local.converter_settings, enqueuer = local.enqueuer_settings }
}
