# One page for the month end: is all well, how far is it, what fails, how fast, what limits it.
#
# Kinds, outcomes and states are written out from names.json. SEARCH stands only where values are open (causes): it finds what
# had data in the last two weeks only, so that last month's end would be empty when it is looked at before the next one.

resource "aws_cloudwatch_dashboard" "month_end" {
  dashboard_name = local.name
  dashboard_body = jsonencode({
    # A night and the morning after it.
    start          = "-PT12H"
    periodOverride = "inherit"
    widgets        = local.widgets
  })
}

locals {
  metric_namespace = local.names.metrics.namespace
  outcomes         = local.names.dimensions.outcome
  kinds            = local.names.dimensions.kind
  succeeded        = local.outcomes[index(local.outcomes, "succeeded")]
  of_metrics       = { view = "timeSeries", region = local.region }

  # Whatever is not open: `excused` and `superseded` would dwarf the rest without saying how far it is.
  states_shown = [for state in local.names.dimensions.state : state if !contains(["excused", "superseded"], state)]

  widgets = [
    {
      type = "text", x = 0, y = 0, width = 24, height = 2
      properties = {
        markdown = "# ${local.name}\nA red alarm names its runbook. `enqueuer status` has the documents' errors; they may hold customers' amounts, so they are not here. The month-end window is in ${var.business_timezone}."
      }
    },
    {
      type = "alarm", x = 0, y = 2, width = 24, height = 2
      properties = {
        title  = "Alarms"
        alarms = values(local.alarm_arns)
      }
    },
    {
      type = "metric", x = 0, y = 4, width = 12, height = 6
      properties = merge(local.of_metrics, {
        title   = "Documents by state"
        stacked = true
        # Each sweep writes how many there are; of two periods at once the larger number is shown.
        stat   = "Maximum"
        period = 60
        metrics = [
          for state in local.states_shown :
          [local.metric_namespace, local.names.metrics.documents, "state", state, { label = state }]
        ]
      })
    },
    {
      type = "metric", x = 12, y = 4, width = 12, height = 6
      properties = merge(local.of_metrics, {
        title   = "Failed documents by cause"
        stacked = true
        period  = 300
        metrics = [[{
          id         = "causes"
          expression = "SEARCH('{${local.metric_namespace},cause} MetricName=\"${local.names.metrics.failed_documents}\"', 'Maximum', 300)"
        }]]
      })
    },
    {
      type = "metric", x = 0, y = 10, width = 12, height = 6
      properties = merge(local.of_metrics, {
        title  = "Attempts that ended, per minute"
        stat   = "Sum"
        period = 60
        metrics = concat(
          [
            for outcome in local.outcomes :
            [{ id = outcome, label = outcome, expression = "SUM([${join(", ", [for kind in local.kinds : "${outcome}_${kind}"])}])" }]
          ],
          [
            for pair in setproduct(local.outcomes, local.kinds) :
            [local.metric_namespace, local.names.metrics.attempts, "kind", pair[1], "outcome", pair[0], { id = "${pair[0]}_${pair[1]}", visible = false }]
          ],
        )
      })
    },
    {
      type = "metric", x = 12, y = 10, width = 12, height = 6
      properties = merge(local.of_metrics, {
        title  = "Time per published document, ms"
        period = 300
        metrics = [
          for pair in setproduct(local.kinds, ["p50", "p95"]) :
          [local.metric_namespace, local.names.metrics.attempt_duration, "kind", pair[0], "outcome", local.succeeded, { stat = pair[1], label = "${pair[0]} ${pair[1]}" }]
        ]
      })
    },
    {
      type = "metric", x = 0, y = 16, width = 8, height = 6
      properties = merge(local.of_metrics, {
        title  = "Rows published"
        stat   = "Sum"
        period = 300
        metrics = [
          for kind in local.kinds :
          [local.metric_namespace, local.names.metrics.document_rows, "kind", kind, "outcome", local.succeeded, { label = kind }]
        ]
      })
    },
    {
      type = "metric", x = 8, y = 16, width = 8, height = 6
      properties = merge(local.of_metrics, {
        title  = "Bytes published"
        stat   = "Sum"
        period = 300
        metrics = [
          for kind in local.kinds :
          [local.metric_namespace, local.names.metrics.document_bytes, "kind", kind, "outcome", local.succeeded, { label = kind }]
        ]
      })
    },
    {
      type = "metric", x = 16, y = 16, width = 8, height = 6
      properties = merge(local.of_metrics, {
        title   = "Age of the oldest waiting document, s"
        stat    = "Maximum"
        period  = 60
        metrics = [[local.metric_namespace, local.names.metrics.queue_age, { label = "age" }]]
        annotations = {
          horizontal = [{ value = var.queue_age_threshold_seconds, label = "queue-stuck, if none is made" }]
        }
      })
    },
    {
      type = "metric", x = 0, y = 22, width = 8, height = 6
      properties = merge(local.of_metrics, {
        # Batch has no metrics of its queues. These are the account's, so other uses of Fargate count, too, as they do for the quota.
        title  = "Fargate vCPUs in use, of the account"
        stat   = "Maximum"
        period = 60
        metrics = [
          ["AWS/Usage", "ResourceCount", "Type", "Resource", "Resource", "vCPU", "Service", "Fargate", "Class", "Standard/OnDemand", { id = "ondemand", label = "on demand" }],
          ["AWS/Usage", "ResourceCount", "Type", "Resource", "Resource", "vCPU", "Service", "Fargate", "Class", "Standard/Spot", { id = "spot", label = "Spot" }],
          [{ id = "quota", label = "quota, on demand", expression = "SERVICE_QUOTA(ondemand)" }],
        ]
        annotations = {
          horizontal = [{ value = var.max_vcpus.fargate + var.max_vcpus.fargate_spot, label = "max_vcpus" }]
        }
      })
    },
    {
      type = "metric", x = 8, y = 22, width = 8, height = 6
      properties = merge(local.of_metrics, {
        title  = "Runs and sweeps, per 15 minutes"
        stat   = "Sum"
        period = 900
        metrics = [
          [local.metric_namespace, local.names.metrics.runs, { label = "runs that recorded or found the month" }],
          [local.metric_namespace, local.names.metrics.sweeps, { label = "sweeps that reached their end" }],
          ["AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", aws_scheduler_schedule_group.month_end.name, { label = "attempts of the window's schedules" }],
          ["AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", aws_scheduler_schedule_group.always.name, { label = "attempts of the hourly schedule" }],
        ]
      })
    },
    {
      type = "metric", x = 16, y = 22, width = 8, height = 6
      properties = merge(local.of_metrics, {
        title  = "What could not be delivered"
        stat   = "Maximum"
        period = 300
        metrics = [
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.undelivered_schedules.name, { label = "events of schedules" }],
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.undelivered_events.name, { label = "alerts of event rules" }],
          ["AWS/SNS", "NumberOfNotificationsFailed", "TopicName", aws_sns_topic.alerts.name, { stat = "Sum", label = "deliveries of the topic" }],
        ]
      })
    },
  ]
}
