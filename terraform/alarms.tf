# Alarms, by their names in names.json. Each says its runbook. The enqueuer tells more, and sooner, of what it sees itself; these
# are for what it does not see: that it does not run, or cannot tell.

locals {
  alarm_names = { for alarm in local.names.alarms : alarm => "${local.name}-${alarm}" }
  alarm_arns = {
    for alarm, name in local.alarm_names :
    alarm => "arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${name}"
  }

  # `run` comes every 15 minutes of the window and `sweep` every minute, so that 15 minutes of it hold 16 attempts to invoke or,
  # with retries, more. Scheduler's metrics are best effort, hence not all 16.
  attempts_of_a_period_in_the_window = 12
}

# A month that never starts fails nothing and says nothing. Nor do runs that end with 75: no event tells of them (events.tf).
#
# CloudWatch's windows slide from minute to minute, and it does not say how FILL treats a metric that never was. Hence:
#
#   attempts  invocations by the window's schedules; no data outside of the window
#   outside   0 where a 15-minute period lies in the window by three quarters or more, 1 where by less; no data where `attempts`
#             has none
#   runs      runs that recorded the month or found it recorded; no data where none did, ever
#   started   SUM over both, which leaves out what has no data:
#               in the window, with a run:          0 + n  >= 1   OK
#               in the window, without one:         0      <  1   ALARM, also when `runs` never had any data
#               at the window's edges:              1      >= 1   OK
#               outside:                            no data       OK, by treat_missing_data
#
# Two periods, so that one run that failed and was tried again by the next event is no alarm: 30 minutes, less what the first
# one may lie before the window. What this does not see is a window whose schedules were switched off by hand.
resource "aws_cloudwatch_metric_alarm" "month_not_started" {
  #checkov:skip=CKV_AWS_319:While the schedules are off no month is expected to start; the actions go on with them.
  alarm_name        = local.alarm_names["month-not-started"]
  alarm_description = "For 30 minutes of the month-end window no run has recorded the month: nothing is submitted. Runbook: runbooks/month-not-started.md"

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  # Outside of the window there is no data, and nothing to start.
  treat_missing_data = "notBreaching"

  metric_query {
    id          = "started"
    expression  = "SUM([outside, runs])"
    label       = "runs in the window"
    return_data = true
  }

  metric_query {
    id         = "outside"
    expression = "IF(attempts >= ${local.attempts_of_a_period_in_the_window}, 0, 1)"
  }

  metric_query {
    id = "attempts"
    metric {
      namespace   = "AWS/Scheduler"
      metric_name = "InvocationAttemptCount"
      dimensions  = { ScheduleGroup = aws_scheduler_schedule_group.month_end.name }
      stat        = "Sum"
      period      = 900
    }
  }

  metric_query {
    id = "runs"
    metric {
      namespace   = local.names.metrics.namespace
      metric_name = local.names.metrics.runs
      stat        = "Sum"
      period      = 900
    }
  }

  # While the schedules are off nobody expects a month to start.
  actions_enabled = var.schedules_enabled
  alarm_actions   = [aws_sns_topic.alerts.arn]
  # So that the channel sees the end of it, too.
  ok_actions = [aws_sns_topic.alerts.arn]
  tags       = local.tags
}

# Sweeps settle, submit again and tell. Outside of the window the hourly one is their heartbeat; in it they come every minute, and
# 15 minutes without one that reached its end are too many. An alarm counts periods of one length only, hence two, and one that
# tells of either by its name.
resource "aws_cloudwatch_composite_alarm" "sweep_silent" {
  #checkov:skip=CKV_AWS_319:While the schedules are off silence is as it should be; the actions go on with them.
  alarm_name        = local.alarm_names["sweep-silent"]
  alarm_description = "No sweep has reached its end for 15 minutes of the month-end window, or for 3 hours: nothing is settled or submitted again, and no alert by cause is sent. Runbook: runbooks/sweep-silent.md"
  alarm_rule        = join(" OR ", [for alarm in local.sweep_silent_parts : "ALARM(\"${alarm}\")"])

  actions_enabled = var.schedules_enabled
  alarm_actions   = [aws_sns_topic.alerts.arn]
  # So that the channel sees the end of it, too.
  ok_actions = [aws_sns_topic.alerts.arn]
  tags       = local.tags
}

locals {
  sweep_silent_parts = [
    aws_cloudwatch_metric_alarm.sweep_silent_in_window.alarm_name,
    aws_cloudwatch_metric_alarm.sweep_silent_for_hours.alarm_name,
  ]
}

# As month-not-started, of sweeps instead of runs; one period, since 15 minutes are as many sweeps. It also tells of sweeps that
# end with 75, of which no event does (events.tf).
resource "aws_cloudwatch_metric_alarm" "sweep_silent_in_window" {
  #checkov:skip=CKV_AWS_319:The alarm of both tells.
  alarm_name        = "${local.alarm_names["sweep-silent"]}-in-window"
  alarm_description = "No sweep has reached its end for 15 minutes of the month-end window. Tells by the alarm ${local.alarm_names["sweep-silent"]}. Runbook: runbooks/sweep-silent.md"

  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # Outside of the window there is no data, and no sweep a minute.
  treat_missing_data = "notBreaching"

  metric_query {
    id          = "swept"
    expression  = "SUM([outside, sweeps])"
    label       = "sweeps in the window"
    return_data = true
  }

  metric_query {
    id         = "outside"
    expression = "IF(attempts >= ${local.attempts_of_a_period_in_the_window}, 0, 1)"
  }

  metric_query {
    id = "attempts"
    metric {
      namespace   = "AWS/Scheduler"
      metric_name = "InvocationAttemptCount"
      dimensions  = { ScheduleGroup = aws_scheduler_schedule_group.month_end.name }
      stat        = "Sum"
      period      = 900
    }
  }

  metric_query {
    id = "sweeps"
    metric {
      namespace   = local.names.metrics.namespace
      metric_name = local.names.metrics.sweeps
      stat        = "Sum"
      period      = 900
    }
  }

  tags = local.tags
}

resource "aws_cloudwatch_metric_alarm" "sweep_silent_for_hours" {
  #checkov:skip=CKV_AWS_319:The alarm of both tells.
  alarm_name        = "${local.alarm_names["sweep-silent"]}-for-hours"
  alarm_description = "No sweep has reached its end for 3 hours. Tells by the alarm ${local.alarm_names["sweep-silent"]}. Runbook: runbooks/sweep-silent.md"

  namespace           = local.names.metrics.namespace
  metric_name         = local.names.metrics.sweeps
  statistic           = "Sum"
  period              = 3600
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  # One hourly sweep may fail, and two; at the third it is no accident.
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  # Silence is what this alarm is about. While the schedules are off it is as it should be: the alarm rests in OK, so that it can
  # begin, and tell, once they are on. (Switched on without any sweep of the last hours it begins at once; the first one ends it.)
  treat_missing_data = var.schedules_enabled ? "breaching" : "notBreaching"

  tags = local.tags
}

# The alerts by cause say more; this one also comes when they do not arrive.
resource "aws_cloudwatch_metric_alarm" "documents_failed" {
  alarm_name        = local.alarm_names["documents-failed"]
  alarm_description = "${var.documents_failed_threshold} or more documents of a period have failed: their customers have none. Runbook: runbooks/documents-failed.md"

  namespace   = local.names.metrics.namespace
  metric_name = local.names.metrics.documents
  dimensions  = { state = local.failed_state }
  # Each sweep writes how many there are, not how many are new.
  statistic = "Maximum"
  # Sweeps outside of the window come once an hour: with a shorter period the alarm would end and begin with each.
  period              = 3600
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.documents_failed_threshold
  evaluation_periods  = 1
  # No run is open: nothing is counted.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alerts.arn]
  # So that the channel sees the end of it, too.
  ok_actions = [aws_sns_topic.alerts.arn]
  tags       = local.tags
}

# In a long month end the last document waits long, and rightly; what is stuck waits while nothing works.
resource "aws_cloudwatch_metric_alarm" "queue_stuck" {
  alarm_name        = local.alarm_names["queue-stuck"]
  alarm_description = "Documents have waited for more than ${var.queue_age_threshold_seconds} s while no converter works. Runbook: runbooks/queue-stuck.md"

  comparison_operator = "GreaterThanThreshold"
  threshold           = var.queue_age_threshold_seconds
  # The age alone says that it lasts.
  evaluation_periods = 1
  # No run is open: nothing waits.
  treat_missing_data = "notBreaching"

  metric_query {
    id          = "stuck"
    expression  = "IF(running > 0, 0, age)"
    label       = "age of the oldest waiting document while none is made"
    return_data = true
  }

  # Both are of the same sweep, so that there is never one without the other.
  metric_query {
    id = "age"
    metric {
      namespace   = local.names.metrics.namespace
      metric_name = local.names.metrics.queue_age
      stat        = "Maximum"
      period      = 300
    }
  }

  metric_query {
    id = "running"
    metric {
      namespace   = local.names.metrics.namespace
      metric_name = local.names.metrics.documents
      dimensions  = { state = local.running_state }
      # None in all five minutes, rather than none at one instant between two jobs.
      stat   = "Maximum"
      period = 300
    }
  }

  alarm_actions = [aws_sns_topic.alerts.arn]
  # So that the channel sees the end of it, too.
  ok_actions = [aws_sns_topic.alerts.arn]
  tags       = local.tags
}

# A schedule's event that could not start its task, in all its retries.
resource "aws_cloudwatch_metric_alarm" "schedule_undelivered" {
  alarm_name        = local.alarm_names["schedule-undelivered"]
  alarm_description = "A schedule could not start its run or sweep in the last hour; the events lie in the queue ${aws_sqs_queue.undelivered_schedules.name}. Runbook: runbooks/schedule-undelivered.md"

  namespace = "AWS/SQS"
  # How many came, not how many lie there: it ends by itself, and the next one tells again, whether or not somebody has cleared
  # the queue. (SQS does not count here what it moves itself; Scheduler sends.)
  metric_name         = "NumberOfMessagesSent"
  dimensions          = { QueueName = aws_sqs_queue.undelivered_schedules.name }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # One in 75 minutes: hourly sweeps that all fail are one alarm, not one each hour. Also because SQS gives the metrics of a queue
  # that was untouched for hours up to 15 minutes late.
  evaluation_periods  = 15
  datapoints_to_alarm = 1
  # SQS says nothing of queues that were empty and untouched for hours.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alerts.arn]
  # So that the channel sees the end of it, too.
  ok_actions = [aws_sns_topic.alerts.arn]
  tags       = local.tags
}

locals {
  # States by their names in the code: when one is renamed there this is an error here, instead of an alarm on nothing.
  failed_state  = local.names.dimensions.state[index(local.names.dimensions.state, "failed")]
  running_state = local.names.dimensions.state[index(local.names.dimensions.state, "running")]
}
