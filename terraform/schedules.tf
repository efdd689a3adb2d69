# Who starts the enqueuer. Every event may come late or twice: that is harmless (README of the project, On AWS).
#
# `run` comes every 15 minutes within the window: a source that is not ready yet (exit 75), or a task that could not start,
# has the next event. Once the month is recorded a further run finds nothing due.

locals {
  # ECS has no time limit for tasks: the program ends itself. What even that does not end (a frozen task) loses its lease, and what it
  # keeps from happening is told by month-not-started and sweep-silent.
  time_limit = {
    for command, seconds in var.time_limit_seconds : command => ["--time-limit-seconds", tostring(seconds)]
  }

  # Whose statements are made, as long as not everybody's are.
  rollout = concat(
    flatten([for group in var.rollout.groups : ["--group", group]]),
    var.rollout.kind == null ? [] : ["--kind", var.rollout.kind],
  )

  # Every schedule as a person reads it: the output `schedules`, and what `enqueuer check` lists.
  schedules_listed = [
    for name, schedule in local.schedules : {
      name     = name
      group    = schedule.group
      cron     = schedule.cron
      timezone = var.business_timezone
      command  = schedule.command
      enabled  = var.schedules_enabled
    }
  ]

  schedules = {
    run = {
      group       = aws_scheduler_schedule_group.month_end.name
      cron        = "cron(0/15 ${var.window.hours} ${var.window.days} * ? *)"
      command     = concat(["run", "--at", "<aws.scheduler.scheduled-time>"], local.rollout, local.time_limit.run)
      description = "Finds what is due of the last complete month and submits it, every 15 minutes in the window."
      # Until the next event, which does the same.
      late_seconds = 900
    }
    sweep = {
      group        = aws_scheduler_schedule_group.month_end.name
      cron         = "cron(* ${var.window.hours} ${var.window.days} * ? *)"
      command      = concat(["sweep"], local.time_limit.sweep)
      description  = "Settles, forecasts and tells, every minute in the window."
      late_seconds = 60
    }
    # What is resubmitted or reissued in mid-month is settled by it, and what the window left open. It is also the heartbeat
    # that the alarm sweep-silent listens for: a database or a secret that breaks is known before the month's end.
    sweep-hourly = {
      group        = aws_scheduler_schedule_group.always.name
      cron         = "cron(30 * * * ? *)"
      command      = concat(["sweep"], local.time_limit.sweep)
      description  = "Settles, forecasts and tells, every hour of the month."
      late_seconds = 1800
    }
  }
}

resource "aws_scheduler_schedule_group" "month_end" {
  name = "${local.name}-month-end"
  tags = local.tags
}

# Apart, so that the metrics of the group above say when the window is open: the alarm month-not-started needs that.
resource "aws_scheduler_schedule_group" "always" {
  name = "${local.name}-always"
  tags = local.tags
}

resource "aws_scheduler_schedule" "enqueuer" {
  #checkov:skip=CKV_AWS_297:What Scheduler keeps is the command, "run --at …": nothing secret. A key would be one more thing by which a month could fail to start.
  for_each = local.schedules

  name                         = each.key
  group_name                   = each.value.group
  description                  = each.value.description
  schedule_expression          = each.value.cron
  schedule_expression_timezone = var.business_timezone
  # Nothing to run before the images and the ledger are there.
  state = var.schedules_enabled ? "ENABLED" : "DISABLED"

  # To the minute: the deadline counts from here.
  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_ecs_cluster.enqueuer.arn
    role_arn = aws_iam_role.scheduler.arn
    # jsonencode writes < and > as \u003c and \u003e, and Scheduler would not find <aws.scheduler.scheduled-time> then.
    input = replace(replace(
      jsonencode({ containerOverrides = [{ name = local.enqueuer_container.name, command = each.value.command }] }),
    "\\u003c", "<"), "\\u003e", ">")

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.enqueuer.arn
      launch_type         = "FARGATE"
      platform_version    = local.platform_version
      task_count          = 1
      propagate_tags      = "TASK_DEFINITION"

      network_configuration {
        subnets          = var.subnet_ids
        security_groups  = [aws_security_group.tasks.id]
        assign_public_ip = false
      }
    }

    # Throttled or refused: again until the next event would come, then into the queue that the alarm
    # schedule-undelivered watches.
    retry_policy {
      maximum_event_age_in_seconds = each.value.late_seconds
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = aws_sqs_queue.undelivered_schedules.arn
    }
  }
}

# Events that never became a task. Nothing reads it but people: the message says what refused.
resource "aws_sqs_queue" "undelivered_schedules" {
  name = "${local.name}-undelivered-schedules"
  # The longest there is: longer than a weekend and a holiday.
  message_retention_seconds = 1209600
  kms_master_key_id         = aws_kms_key.data.arn
  tags                      = local.tags
}

locals {
  undelivered_schedules_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered_schedules.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # What comes here raises an alarm: nobody else puts anything in.
        Sid       = "OnlyScheduler"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered_schedules.arn
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = aws_iam_role.scheduler.arn } }
      },
    ]
  }
}

resource "aws_sqs_queue_policy" "undelivered_schedules" {
  queue_url = aws_sqs_queue.undelivered_schedules.url
  policy    = jsonencode(local.undelivered_schedules_policy)
}
