output "operator_shell" {
  description = "To be sourced by operators: terraform output -raw operator_shell > operator.sh && . ./operator.sh"
  value       = module.statement_export.operator_shell
}

output "repository_urls" {
  description = "Where the images are pushed."
  value       = module.statement_export.repository_urls
}

output "secret_arns" {
  description = "The secrets that need values."
  value       = module.statement_export.secret_arns
}

output "databases_security_group_id" {
  description = "The group that ledger and source are put into."
  value       = aws_security_group.databases.id
}

output "database_connections_at_peak" {
  description = "How many connections a database must bear."
  value       = module.statement_export.database_connections_at_peak
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = module.statement_export.dashboard_url
}
