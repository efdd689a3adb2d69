# When the enqueuer runs, and what becomes of an event that does not arrive.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  image_tag   = "1.4.0"
  bucket_name = "firm-statements"
  vpc_id      = "vpc-1"
  subnet_ids  = ["subnet-1", "subnet-2"]
  databases   = { security_group_ids = ["sg-database"] }
}

run "as_given" {
  assert {
    condition = jsonencode({
      for name, schedule in aws_scheduler_schedule.enqueuer :
      name => [schedule.name, schedule.group_name, schedule.schedule_expression, schedule.schedule_expression_timezone]
      }) == jsonencode({
      run          = ["run", "statement-export-month-end", "cron(0/15 0-9 1-3 * ? *)", "Asia/Tokyo"]
      sweep        = ["sweep", "statement-export-month-end", "cron(* 0-9 1-3 * ? *)", "Asia/Tokyo"]
      sweep-hourly = ["sweep-hourly", "statement-export-always", "cron(30 * * * ? *)", "Asia/Tokyo"]
    })
    error_message = "A run every 15 minutes and a sweep every minute of the window, a sweep every hour; in the business time zone."
  }

  assert {
    # As text: Scheduler looks for the very characters <aws.scheduler.scheduled-time>.
    condition = { for name, schedule in aws_scheduler_schedule.enqueuer : name => schedule.target[0].input } == {
      run          = "{\"containerOverrides\":[{\"command\":[\"run\",\"--at\",\"<aws.scheduler.scheduled-time>\",\"--time-limit-seconds\",\"14400\"],\"name\":\"enqueuer\"}]}"
      sweep        = "{\"containerOverrides\":[{\"command\":[\"sweep\",\"--time-limit-seconds\",\"600\"],\"name\":\"enqueuer\"}]}"
      sweep-hourly = "{\"containerOverrides\":[{\"command\":[\"sweep\",\"--time-limit-seconds\",\"600\"],\"name\":\"enqueuer\"}]}"
    }
    error_message = "The commands of the schedules are others, or a context attribute is escaped."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.enqueuer : schedule.state == "DISABLED"])
    error_message = "Nothing fires before migrate and the images are there."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.enqueuer : schedule.flexible_time_window[0].mode == "OFF"])
    error_message = "Schedules fire to the minute."
  }

  assert {
    condition = { for name, schedule in aws_scheduler_schedule.enqueuer : name => schedule.target[0].retry_policy[0].maximum_event_age_in_seconds } == {
      run = 900, sweep = 60, sweep-hourly = 1800
      } && alltrue([
        for schedule in aws_scheduler_schedule.enqueuer :
        schedule.target[0].retry_policy[0].maximum_retry_attempts == 10 &&
        schedule.target[0].dead_letter_config[0].arn == aws_sqs_queue.undelivered_schedules.arn
    ])
    error_message = "Each event is tried again until the next one comes, then kept in the queue of undelivered ones."
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.enqueuer :
      schedule.target[0].arn == aws_ecs_cluster.enqueuer.arn &&
      schedule.target[0].role_arn == "arn:aws:iam::123456789012:role/statement-export-scheduler" &&
      schedule.target[0].ecs_parameters[0].task_definition_arn == aws_ecs_task_definition.enqueuer.arn &&
      schedule.target[0].ecs_parameters[0].launch_type == "FARGATE" &&
      schedule.target[0].ecs_parameters[0].task_count == 1
    ])
    error_message = "Each schedule starts one task of the enqueuer's definition in its cluster."
  }

  assert {
    condition     = aws_sqs_queue.undelivered_schedules.message_retention_seconds == 1209600 && aws_sqs_queue.undelivered_schedules.kms_master_key_id == aws_kms_key.data.arn
    error_message = "Undelivered events are kept for 14 days, encrypted."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_sqs_queue_policy.undelivered_schedules.policy).Statement : [statement.Effect, statement.Principal, statement.Action, statement.Condition]
      ]) == jsonencode([
      ["Deny", "*", "sqs:*", { Bool = { "aws:SecureTransport" = "false" } }],
      ["Deny", "*", "sqs:SendMessage", { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/statement-export-scheduler" } }],
    ])
    error_message = "TLS only, and nobody is let in by the queue's policy."
  }
}

run "at_another_time" {
  variables {
    schedules_enabled = true
    business_timezone = "America/New_York"
    window            = { days = "1,2,4-5", hours = "0-3,22-23" }
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.enqueuer :
      schedule.state == "ENABLED" && schedule.schedule_expression_timezone == "America/New_York"
    ])
    error_message = "Schedules are enabled as a whole, in the business time zone."
  }

  assert {
    condition     = aws_scheduler_schedule.enqueuer["run"].schedule_expression == "cron(0/15 0-3,22-23 1,2,4-5 * ? *)"
    error_message = "The window is in the cron expression."
  }

  assert {
    condition     = output.environment.converter.BUSINESS_TIMEZONE == "America/New_York" && output.environment.enqueuer.BUSINESS_TIMEZONE == "America/New_York"
    error_message = "Schedules and programs have one time zone."
  }
}

# As a test of the enqueuer reads it (cli/schedules.rs).
run "every_schedule_is_listed" {
  variables {
    schedules_enabled = true
    rollout           = { groups = ["pilot"], kind = "trade" }
  }

  assert {
    condition     = output.environment.enqueuer.SCHEDULES == jsonencode(output.schedules) && !contains(keys(output.environment.converter), "SCHEDULES")
    error_message = "The enqueuer is told of every schedule."
  }

  assert {
    condition = jsonencode(output.schedules) == jsonencode([
      { command = ["run", "--at", "<aws.scheduler.scheduled-time>", "--group", "pilot", "--kind", "trade", "--time-limit-seconds", "14400"], cron = "cron(0/15 0-9 1-3 * ? *)", enabled = true, group = "statement-export-month-end", name = "run", timezone = "Asia/Tokyo" },
      { command = ["sweep", "--time-limit-seconds", "600"], cron = "cron(* 0-9 1-3 * ? *)", enabled = true, group = "statement-export-month-end", name = "sweep", timezone = "Asia/Tokyo" },
      { command = ["sweep", "--time-limit-seconds", "600"], cron = "cron(30 * * * ? *)", enabled = true, group = "statement-export-always", name = "sweep-hourly", timezone = "Asia/Tokyo" },
    ])
    error_message = "The list of schedules is another one."
  }

  assert {
    condition = alltrue([
      for schedule in output.schedules :
      aws_scheduler_schedule.enqueuer[schedule.name].schedule_expression == schedule.cron &&
      aws_scheduler_schedule.enqueuer[schedule.name].group_name == schedule.group &&
      (aws_scheduler_schedule.enqueuer[schedule.name].state == "ENABLED") == schedule.enabled &&
      jsondecode(aws_scheduler_schedule.enqueuer[schedule.name].target[0].input).containerOverrides[0].command == schedule.command
    ]) && length(output.schedules) == length(aws_scheduler_schedule.enqueuer)
    error_message = "The list says what the schedules are."
  }
}

run "several_groups" {
  variables {
    rollout = { groups = ["pilot", "branch 3"] }
  }

  assert {
    condition = jsondecode(aws_scheduler_schedule.enqueuer["run"].target[0].input).containerOverrides[0].command == [
      "run", "--at", "<aws.scheduler.scheduled-time>", "--group", "pilot", "--group", "branch 3", "--time-limit-seconds", "14400",
    ]
    error_message = "Each group is a flag of the run."
  }
}

run "group_that_is_a_flag" {
  command         = plan
  expect_failures = [var.rollout]
  variables {
    rollout = { groups = ["--resume"] }
  }
}

run "kind_that_is_none" {
  command         = plan
  expect_failures = [var.rollout]
  variables {
    rollout = { kind = "margin" }
  }
}

run "limits_of_their_own" {
  variables {
    time_limit_seconds = { run = 7200, sweep = 300, operator = 3600 }
  }

  assert {
    condition = (
      strcontains(aws_scheduler_schedule.enqueuer["run"].target[0].input, "\"--time-limit-seconds\",\"7200\"]") &&
      strcontains(aws_scheduler_schedule.enqueuer["sweep"].target[0].input, "[\"sweep\",\"--time-limit-seconds\",\"300\"]") &&
      aws_scheduler_schedule.enqueuer["sweep-hourly"].target[0].input == aws_scheduler_schedule.enqueuer["sweep"].target[0].input &&
      output.environment.enqueuer.TIME_LIMIT_SECONDS == "3600" && !contains(keys(output.environment.converter), "TIME_LIMIT_SECONDS")
    )
    error_message = "Each command of the schedules has its time limit, and what operators start theirs."
  }
}

run "sweep_that_outlives_its_alarm" {
  command         = plan
  expect_failures = [var.time_limit_seconds]
  variables {
    time_limit_seconds = { sweep = 900 }
  }
}

run "limit_that_ends_everything" {
  command         = plan
  expect_failures = [var.time_limit_seconds]
  variables {
    time_limit_seconds = { run = 0 }
  }
}

run "day_that_some_months_lack" {
  command         = plan
  expect_failures = [var.window]
  variables {
    window = { days = "29-31" }
  }
}

run "hour_that_no_day_has" {
  command         = plan
  expect_failures = [var.window]
  variables {
    window = { hours = "0-24" }
  }
}

run "no_cron_injection" {
  command         = plan
  expect_failures = [var.window]
  variables {
    window = { days = "1 * ? *) cron(1" }
  }
}

run "zone_that_is_an_offset" {
  command         = plan
  expect_failures = [var.business_timezone]
  variables {
    business_timezone = "+09:00"
  }
}
