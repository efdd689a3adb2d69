output "alerts_topic_arn" {
  description = "TOPIC_ARN of the runbooks. Whatever else shall hear the alerts (a pager, a ticket system) subscribes to it."
  value       = aws_sns_topic.alerts.arn
}

output "alarm_arns" {
  description = "ARNs of the alarms, by their names in names.json."
  value       = local.alarm_arns
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.month_end.dashboard_name}"
}

output "undelivered_events_queue_url" {
  description = "Where messages of the event rules wait that could not be published."
  value       = aws_sqs_queue.undelivered_events.url
}
