# What is told to whom: topic, Slack, events, alarms, dashboard.

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

# Names are those of the programs' lines: a scenario of the tests reads them as CloudWatch does.
run "queries" {
  assert {
    condition = jsonencode({ for name, query in aws_cloudwatch_query_definition.saved : name => [query.name, query.log_group_names] }) == jsonencode({
      alerts              = ["statement-export/alerts", ["/statement-export/enqueuer"]]
      attempts-by-outcome = ["statement-export/attempts-by-outcome", ["/statement-export/converter"]]
      errors              = ["statement-export/errors", ["/statement-export/enqueuer", "/statement-export/converter"]]
      failures-by-cause   = ["statement-export/failures-by-cause", ["/statement-export/converter"]]
      one-document        = ["statement-export/one-document", ["/statement-export/enqueuer", "/statement-export/converter"]]
      slowest-documents   = ["statement-export/slowest-documents", ["/statement-export/converter"]]
    })
    error_message = "Each question is saved, with the log that answers it."
  }

  assert {
    condition = alltrue(flatten([
      for query in aws_cloudwatch_query_definition.saved : [
        for line in split("\n", trimspace(query.query_string)) :
        can(regex("^([|] )?(fields|filter|stats|sort|limit) ", line))
      ]
      ])) && strcontains(aws_cloudwatch_query_definition.saved["slowest-documents"].query_string, "| sort AttemptDuration desc") && strcontains(
      aws_cloudwatch_query_definition.saved["attempts-by-outcome"].query_string, "stats sum(Attempts) as attempts, pct(AttemptDuration, 50)"
    )
    error_message = "A query has a command that Logs Insights does not know, or asks for another metric."
  }
}

run "names_are_those_of_the_code_and_each_has_its_runbook" {
  assert {
    condition     = toset(keys(output.alarm_arns)) == toset(local.names.alarms)
    error_message = "alarms are not those of names.json"
  }
  assert {
    condition = toset([
      for alarm in [
        aws_cloudwatch_metric_alarm.documents_failed,
        aws_cloudwatch_metric_alarm.month_not_started,
        aws_cloudwatch_metric_alarm.queue_stuck,
        aws_cloudwatch_metric_alarm.schedule_undelivered,
        aws_cloudwatch_composite_alarm.sweep_silent,
      ] : alarm.alarm_name
    ]) == toset([for alarm in local.names.alarms : "statement-export-${alarm}"])
    error_message = "an alarm of names.json is missing, or has another name"
  }
  assert {
    condition = alltrue([
      for alarm in [
        aws_cloudwatch_metric_alarm.documents_failed,
        aws_cloudwatch_metric_alarm.month_not_started,
        aws_cloudwatch_metric_alarm.queue_stuck,
        aws_cloudwatch_metric_alarm.schedule_undelivered,
        aws_cloudwatch_composite_alarm.sweep_silent,
      ] : endswith(alarm.alarm_description, " Runbook: runbooks/${trimprefix(alarm.alarm_name, "statement-export-")}.md") && length(alarm.alarm_description) <= 1024
    ])
    error_message = "an alarm's description does not end in its runbook"
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_event_rule.alerts)) == toset(local.names.events)
    error_message = "event rules are not those of names.json"
  }
  assert {
    condition = alltrue([
      for event, rule in aws_cloudwatch_event_rule.alerts :
      rule.name == "statement-export-${event}" && endswith(rule.description, ". Runbook: runbooks/${event}.md")
    ])
    error_message = "a rule has another name or runbook than its event"
  }
  assert {
    condition = alltrue([
      for name in concat(local.names.alarms, local.names.events) : length(regexall(
        "(?s)^# [^\n]+\n\n## Meaning\n.*\n## Impact\n.*\n## Diagnosis\n.*```.*\n## Mitigation\n", try(file("${path.module}/../runbooks/${name}.md"), "")
      )) == 1 && length(regexall("(?m)^## ", try(file("${path.module}/../runbooks/${name}.md"), ""))) == 4
    ])
    error_message = "a runbook is missing, has other headings than Meaning, Impact, Diagnosis, Mitigation, or nothing to paste"
  }
}

run "only_ours_publish_and_only_with_tls" {
  assert {
    condition     = aws_sns_topic.alerts.arn == local.alerts_topic_arn && aws_sns_topic.alerts.name == "statement-export-alerts"
    error_message = "the policies speak of another topic than the one that is made"
  }
  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == aws_kms_key.alerts.arn && aws_kms_key.alerts.enable_key_rotation && aws_kms_key.alerts.deletion_window_in_days == 30
    error_message = "the topic is not encrypted with its own key, or the key does not change"
  }
  assert {
    condition     = { for it in jsondecode(aws_sns_topic_policy.alerts.policy).Statement : it.Sid => it.Effect } == { DenyWithoutTls = "Deny", EnqueuerPublishes = "Allow", AlarmsPublish = "Allow", EventRulesPublish = "Allow" }
    error_message = "the topic has other statements than these four"
  }
  assert {
    condition = alltrue([
      for it in jsondecode(aws_sns_topic_policy.alerts.policy).Statement :
      it.Action == "sns:Publish" && it.Resource == aws_sns_topic.alerts.arn && (it.Effect == "Deny" || it.Principal != "*")
    ])
    error_message = "the topic allows more than to publish on it, or allows everybody"
  }
  assert {
    condition = { for it in jsondecode(aws_sns_topic_policy.alerts.policy).Statement : it.Sid => it.Principal } == {
      DenyWithoutTls    = "*"
      EnqueuerPublishes = { AWS = aws_iam_role.enqueuer_task.arn }
      AlarmsPublish     = { Service = "cloudwatch.amazonaws.com" }
      EventRulesPublish = { Service = "events.amazonaws.com" }
    }
    error_message = "somebody else may publish, or one of ours may not"
  }
  assert {
    condition = { for it in jsondecode(aws_sns_topic_policy.alerts.policy).Statement : it.Sid => try(it.Condition, null) } == {
      DenyWithoutTls    = { Bool = { "aws:SecureTransport" = "false" } }
      EnqueuerPublishes = null
      AlarmsPublish = {
        StringEquals = { "aws:SourceAccount" = "123456789012" }
        ArnEquals    = { "aws:SourceArn" = [for alarm in local.names.alarms : "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm:statement-export-${alarm}"] }
      }
      EventRulesPublish = {
        ArnEquals = { "aws:SourceArn" = [for event in local.names.events : "arn:aws:events:ap-northeast-1:123456789012:rule/statement-export-${event}"] }
      }
    }
    error_message = "alarms and rules of others may publish, or ours may not"
  }
  assert {
    condition = { for it in jsondecode(aws_kms_key.alerts.policy).Statement : it.Sid => it.Principal } == {
      AccountAdministersByIam = { AWS = "arn:aws:iam::123456789012:root" }
      EnqueuerSendsAlerts     = { AWS = aws_iam_role.enqueuer_task.arn }
      AlarmsSendAlerts        = { Service = "cloudwatch.amazonaws.com" }
      EventRulesSendAlerts    = { Service = "events.amazonaws.com" }
    }
    error_message = "the key serves others than the topic's publishers, or not all of them"
  }
  assert {
    condition     = alltrue([for it in jsondecode(aws_kms_key.alerts.policy).Statement : it.Action == ["kms:Decrypt", "kms:GenerateDataKey*"] if it.Sid != "AccountAdministersByIam"])
    error_message = "a publisher has other rights on the key than SNS asks for in its name"
  }
  assert {
    # SNS: with aws:SourceAccount or aws:SourceArn nothing of EventBridge arrives.
    condition = { for it in jsondecode(aws_kms_key.alerts.policy).Statement : it.Sid => try(it.Condition, null) } == {
      AccountAdministersByIam = null
      EnqueuerSendsAlerts     = { StringEquals = { "kms:ViaService" = "sns.ap-northeast-1.amazonaws.com" } }
      AlarmsSendAlerts        = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
      EventRulesSendAlerts    = null
    }
    error_message = "the key's conditions let others in, or ask something of EventBridge that it cannot meet"
  }
}

run "slack_and_mail_are_asked_for" {
  assert {
    condition     = length(aws_chatbot_slack_channel_configuration.alerts) == 0 && length(aws_iam_role.slack) == 0 && length(aws_sns_topic_subscription.email) == 0
    error_message = "somebody is told who was not named"
  }
}

run "slack_reads_and_no_more" {
  variables {
    slack        = { team_id = "T07EA123LEP", channel_id = "C07EZ1ABC23" }
    alert_emails = ["night@firm.example", "platform@firm.example"]
  }
  assert {
    condition = (
      aws_chatbot_slack_channel_configuration.alerts[0].slack_team_id == "T07EA123LEP" &&
      aws_chatbot_slack_channel_configuration.alerts[0].slack_channel_id == "C07EZ1ABC23" &&
      aws_chatbot_slack_channel_configuration.alerts[0].sns_topic_arns == toset([aws_sns_topic.alerts.arn]) &&
      aws_chatbot_slack_channel_configuration.alerts[0].iam_role_arn == aws_iam_role.slack[0].arn
    )
    error_message = "the channel does not hear the topic"
  }
  assert {
    condition = (
      aws_chatbot_slack_channel_configuration.alerts[0].guardrail_policy_arns == tolist([aws_iam_policy.slack[0].arn]) &&
      aws_chatbot_slack_channel_configuration.alerts[0].user_authorization_required &&
      aws_chatbot_slack_channel_configuration.alerts[0].logging_level == "ERROR"
    )
    error_message = "the channel has no guardrail of ours, or lets anybody run commands"
  }
  assert {
    condition     = jsondecode(aws_iam_role.slack[0].assume_role_policy).Statement[0].Principal == { Service = "chatbot.amazonaws.com" } && length(jsondecode(aws_iam_role.slack[0].assume_role_policy).Statement) == 1
    error_message = "somebody else may take the channel's role"
  }
  assert {
    condition = toset(flatten([for it in jsondecode(aws_iam_policy.slack[0].policy).Statement : it.Action])) == toset([
      "cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics",
    ])
    error_message = "the channel may do more than look at alarms"
  }
  assert {
    condition     = { for address, it in aws_sns_topic_subscription.email : address => "${it.protocol} ${it.endpoint}" } == { "night@firm.example" = "email night@firm.example", "platform@firm.example" = "email platform@firm.example" }
    error_message = "an address is not subscribed"
  }
}

run "a_workspace_by_its_name_is_refused" {
  command = plan
  variables {
    slack = { team_id = "my-workspace", channel_id = "C07EZ1ABC23" }
  }
  expect_failures = [var.slack]
}

run "a_channel_by_its_name_is_refused" {
  command = plan
  variables {
    slack = { team_id = "T07EA123LEP", channel_id = "#alerts" }
  }
  expect_failures = [var.slack]
}

run "addresses_that_are_none_are_refused" {
  command = plan
  variables {
    alert_emails = ["night@firm"]
  }
  expect_failures = [var.alert_emails]
}

run "thresholds_that_always_or_never_hold_are_refused" {
  command = plan
  variables {
    documents_failed_threshold  = 0
    queue_age_threshold_seconds = 60
  }
  expect_failures = [var.documents_failed_threshold, var.queue_age_threshold_seconds]
}

run "events_are_those_that_matter" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alerts["job-failed"].event_pattern) == {
      source        = ["aws.batch"]
      "detail-type" = ["Batch Job State Change"]
      detail = {
        status          = ["FAILED"]
        jobName         = [{ "anything-but" = { prefix = "probe-" } }]
        jobQueue        = ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"]
        arrayProperties = { index = [{ exists = false }] }
      }
    }
    error_message = "job-failed: failed jobs of our queue that are no children of an array, and no probes of `check`"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alerts["queue-blocked"].event_pattern) == {
      source        = ["aws.batch"]
      "detail-type" = ["Batch Job Queue Blocked"]
      detail        = { jobQueue = ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"] }
    }
    error_message = "queue-blocked: our queue"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alerts["enqueuer-task-failed"].event_pattern) == {
      source        = ["aws.ecs"]
      "detail-type" = ["ECS Task State Change"]
      detail = {
        clusterArn = ["arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer"]
        lastStatus = ["STOPPED"]
        group      = [{ "anything-but" = ["operator"] }]
        "$or" = [
          { containers = { name = ["enqueuer"], exitCode = [{ "anything-but" = [0, 75] }] } },
          { containers = { exitCode = [{ exists = false }] } },
          { stopCode = ["TaskFailedToStart"] },
        ]
      }
    }
    error_message = "enqueuer-task-failed: tasks of our cluster, not operators', with another exit code than 0 and 75 (which every event of a bad night would have) or none"
  }
  assert {
    condition     = contains([for container in jsondecode(aws_ecs_task_definition.enqueuer.container_definitions) : container.name], "enqueuer")
    error_message = "the pattern looks for a container that the task definition does not have"
  }
}

run "events_become_messages_that_slack_shows" {
  assert {
    condition     = alltrue([for event, rule in aws_cloudwatch_event_rule.alerts : aws_cloudwatch_event_target.alerts[event].rule == rule.name && aws_cloudwatch_event_target.alerts[event].arn == aws_sns_topic.alerts.arn])
    error_message = "a rule has no target, or another one than the topic"
  }
  assert {
    # Amazon Q Developer shows nothing at all of what is not of its form.
    condition = alltrue([
      for event, target in aws_cloudwatch_event_target.alerts : (
        jsondecode(target.input_transformer[0].input_template).version == "1.0" &&
        jsondecode(target.input_transformer[0].input_template).source == "custom" &&
        jsondecode(target.input_transformer[0].input_template).content.textType == "client-markdown" &&
        length(jsondecode(target.input_transformer[0].input_template).content.title) <= 250 &&
        length(jsondecode(target.input_transformer[0].input_template).content.description) > 0 &&
        jsondecode(target.input_transformer[0].input_template).content.nextSteps[0] == "Runbook: runbooks/${event}.md" &&
        startswith(jsondecode(target.input_transformer[0].input_template).content.nextSteps[1], "`aws ") &&
        jsondecode(target.input_transformer[0].input_template).metadata.additionalContext.runbook == event
      )
    ])
    error_message = "a message is no custom notification of version 1.0 with its runbook"
  }
  assert {
    condition = alltrue([
      for event, target in aws_cloudwatch_event_target.alerts :
      toset(flatten(regexall("<([A-Za-z]+)>", target.input_transformer[0].input_template))) == toset(keys(target.input_transformer[0].input_paths)) &&
      !strcontains(target.input_transformer[0].input_template, "\\u003") &&
      length(target.input_transformer[0].input_template) <= 8192
    ])
    error_message = "a message has a variable without a path, a path without use, or marks that EventBridge does not read"
  }
  assert {
    # Free text may hold a customer's name, or a quotation mark that breaks the message.
    condition = { for event, target in aws_cloudwatch_event_target.alerts : event => join(" ", sort(values(target.input_transformer[0].input_paths))) } == {
      job-failed           = "$.detail.jobId $.detail.jobName"
      queue-blocked        = "$.detail.jobId $.detail.jobName $.detail.statusReason"
      enqueuer-task-failed = "$.detail.overrides.containerOverrides[0].command[0] $.detail.stopCode $.detail.taskArn"
    }
    error_message = "a message shows something else of an event than ids and AWS's own words"
  }
  assert {
    condition = alltrue([
      for event, target in aws_cloudwatch_event_target.alerts :
      target.dead_letter_config[0].arn == aws_sqs_queue.undelivered_events.arn &&
      target.retry_policy[0].maximum_event_age_in_seconds == 14400 && target.retry_policy[0].maximum_retry_attempts == 185
    ])
    error_message = "what cannot be delivered is lost"
  }
  assert {
    condition = aws_sqs_queue.undelivered_events.sqs_managed_sse_enabled && jsondecode(aws_sqs_queue_policy.undelivered_events.policy).Statement == [
      { Sid = "DenyWithoutTls", Effect = "Deny", Principal = "*", Action = "sqs:*", Resource = aws_sqs_queue.undelivered_events.arn, Condition = { Bool = { "aws:SecureTransport" = "false" } } },
      {
        Sid       = "EventRulesLeaveWhatTheyCannotDeliver", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.undelivered_events.arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for event in local.names.events : "arn:aws:events:ap-northeast-1:123456789012:rule/statement-export-${event}"] } }
      },
    ]
    error_message = "the queue of what could not be delivered is open to others, or not encrypted"
  }
}

run "a_month_that_never_starts_is_told" {
  assert {
    condition = { for it in aws_cloudwatch_metric_alarm.month_not_started.metric_query : it.id => it.expression if it.expression != null && it.expression != "" } == {
      started = "SUM([outside, runs])"
      outside = "IF(attempts >= 12, 0, 1)"
    }
    error_message = "month-not-started: 0 in the window without a run, no data outside of it (FILL on a metric that never was is not documented)"
  }
  assert {
    condition = { for it in aws_cloudwatch_metric_alarm.month_not_started.metric_query : it.id => [for metric in it.metric : "${metric.namespace} ${metric.metric_name} ${jsonencode(metric.dimensions == null ? {} : metric.dimensions)} ${metric.stat} ${metric.period}"] if length(it.metric) > 0 } == {
      attempts = ["AWS/Scheduler InvocationAttemptCount {\"ScheduleGroup\":\"${aws_scheduler_schedule_group.month_end.name}\"} Sum 900"]
      runs     = ["StatementExport Runs {} Sum 900"]
    }
    error_message = "month-not-started: attempts of the window's schedules and runs of the code, in periods of 15 minutes"
  }
  assert {
    condition     = [for it in aws_cloudwatch_metric_alarm.month_not_started.metric_query : it.id if it.return_data == true] == ["started"]
    error_message = "month-not-started must watch exactly one result"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.month_not_started.comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.month_not_started.threshold == 1 &&
      aws_cloudwatch_metric_alarm.month_not_started.evaluation_periods == 2 && aws_cloudwatch_metric_alarm.month_not_started.datapoints_to_alarm == 2 &&
      aws_cloudwatch_metric_alarm.month_not_started.treat_missing_data == "notBreaching"
    )
    error_message = "month-not-started: below 1 in two periods of 15 minutes; OK outside of the window"
  }
  assert {
    condition     = aws_scheduler_schedule_group.month_end.name != aws_scheduler_schedule_group.always.name
    error_message = "the hourly sweep in the window's group would look like the window"
  }
}

run "silence_of_sweeps_is_told_once_the_schedules_are_on" {
  variables {
    schedules_enabled = true
  }
  assert {
    condition = (
      aws_cloudwatch_composite_alarm.sweep_silent.alarm_rule == "ALARM(\"statement-export-sweep-silent-in-window\") OR ALARM(\"statement-export-sweep-silent-for-hours\")" &&
      aws_cloudwatch_metric_alarm.sweep_silent_in_window.alarm_name == "statement-export-sweep-silent-in-window" &&
      aws_cloudwatch_metric_alarm.sweep_silent_for_hours.alarm_name == "statement-export-sweep-silent-for-hours"
    )
    error_message = "sweep-silent: either of its two parts"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.sweep_silent_for_hours.namespace == "StatementExport" && aws_cloudwatch_metric_alarm.sweep_silent_for_hours.metric_name == "Sweeps" &&
      aws_cloudwatch_metric_alarm.sweep_silent_for_hours.statistic == "Sum" && aws_cloudwatch_metric_alarm.sweep_silent_for_hours.comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.sweep_silent_for_hours.threshold == 1 &&
      aws_cloudwatch_metric_alarm.sweep_silent_for_hours.period * aws_cloudwatch_metric_alarm.sweep_silent_for_hours.evaluation_periods == 3 * 3600 &&
      aws_cloudwatch_metric_alarm.sweep_silent_for_hours.datapoints_to_alarm == aws_cloudwatch_metric_alarm.sweep_silent_for_hours.evaluation_periods
    )
    error_message = "sweep-silent: no sweep in 3 hours"
  }
  assert {
    # As month-not-started, of sweeps.
    condition = (
      { for it in aws_cloudwatch_metric_alarm.sweep_silent_in_window.metric_query : it.id => it.expression if it.expression != null && it.expression != "" } == {
        swept   = "SUM([outside, sweeps])"
        outside = "IF(attempts >= 12, 0, 1)"
        } && { for it in aws_cloudwatch_metric_alarm.sweep_silent_in_window.metric_query : it.id => [for metric in it.metric : "${metric.namespace} ${metric.metric_name} ${jsonencode(metric.dimensions == null ? {} : metric.dimensions)} ${metric.stat} ${metric.period}"] if length(it.metric) > 0 } == {
        attempts = ["AWS/Scheduler InvocationAttemptCount {\"ScheduleGroup\":\"${aws_scheduler_schedule_group.month_end.name}\"} Sum 900"]
        sweeps   = ["StatementExport Sweeps {} Sum 900"]
      } && [for it in aws_cloudwatch_metric_alarm.sweep_silent_in_window.metric_query : it.id if it.return_data == true] == ["swept"]
    )
    error_message = "sweep-silent: 0 in the window without a sweep, no data outside of it, in periods of 15 minutes"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.sweep_silent_in_window.comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.sweep_silent_in_window.threshold == 1 &&
      aws_cloudwatch_metric_alarm.sweep_silent_in_window.evaluation_periods == 1 && aws_cloudwatch_metric_alarm.sweep_silent_in_window.treat_missing_data == "notBreaching"
    )
    error_message = "sweep-silent: below 1 in one period of 15 minutes of the window; OK outside of it"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.sweep_silent_for_hours.treat_missing_data == "breaching" && aws_cloudwatch_composite_alarm.sweep_silent.actions_enabled && aws_cloudwatch_metric_alarm.month_not_started.actions_enabled
    error_message = "silence is not told"
  }
}

run "nothing_is_told_of_schedules_that_are_off" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.sweep_silent_for_hours.treat_missing_data == "notBreaching" && !aws_cloudwatch_composite_alarm.sweep_silent.actions_enabled && !aws_cloudwatch_metric_alarm.month_not_started.actions_enabled
    error_message = "an alarm speaks before the schedules are on"
  }
  assert {
    condition     = alltrue([for alarm in [aws_cloudwatch_metric_alarm.documents_failed, aws_cloudwatch_metric_alarm.queue_stuck, aws_cloudwatch_metric_alarm.schedule_undelivered] : alarm.actions_enabled != false])
    error_message = "what operators start by hand must be told of, too"
  }
}

run "failures_and_waiting_are_told" {
  variables {
    documents_failed_threshold  = 5
    queue_age_threshold_seconds = 2400
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.documents_failed.namespace == "StatementExport" && aws_cloudwatch_metric_alarm.documents_failed.metric_name == "Documents" &&
      aws_cloudwatch_metric_alarm.documents_failed.dimensions == tomap({ state = "failed" }) && aws_cloudwatch_metric_alarm.documents_failed.statistic == "Maximum" &&
      aws_cloudwatch_metric_alarm.documents_failed.comparison_operator == "GreaterThanOrEqualToThreshold" && aws_cloudwatch_metric_alarm.documents_failed.threshold == 5 &&
      aws_cloudwatch_metric_alarm.documents_failed.treat_missing_data == "notBreaching"
    )
    error_message = "documents-failed: as many as the threshold, at any instant"
  }
  assert {
    # The hourly sweep must not let it end and begin again.
    condition     = aws_cloudwatch_metric_alarm.documents_failed.period >= 3600
    error_message = "documents-failed flaps between hourly sweeps"
  }
  assert {
    condition     = { for it in aws_cloudwatch_metric_alarm.queue_stuck.metric_query : it.id => it.expression if it.expression != null && it.expression != "" } == { stuck = "IF(running > 0, 0, age)" }
    error_message = "queue-stuck: the age while none is made"
  }
  assert {
    condition = { for it in aws_cloudwatch_metric_alarm.queue_stuck.metric_query : it.id => [for metric in it.metric : "${metric.namespace} ${metric.metric_name} ${jsonencode(metric.dimensions == null ? {} : metric.dimensions)} ${metric.stat} ${metric.period}"] if length(it.metric) > 0 } == {
      age     = ["StatementExport QueueAge {} Maximum 300"]
      running = ["StatementExport Documents {\"state\":\"running\"} Maximum 300"]
    }
    error_message = "queue-stuck: age and running documents, of the same periods"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.queue_stuck.comparison_operator == "GreaterThanThreshold" && aws_cloudwatch_metric_alarm.queue_stuck.threshold == 2400 &&
      aws_cloudwatch_metric_alarm.queue_stuck.treat_missing_data == "notBreaching" && [for it in aws_cloudwatch_metric_alarm.queue_stuck.metric_query : it.id if it.return_data == true] == ["stuck"]
    )
    error_message = "queue-stuck: longer than the threshold"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.schedule_undelivered.namespace == "AWS/SQS" && aws_cloudwatch_metric_alarm.schedule_undelivered.metric_name == "NumberOfMessagesSent" &&
      aws_cloudwatch_metric_alarm.schedule_undelivered.dimensions == tomap({ QueueName = aws_sqs_queue.undelivered_schedules.name }) && aws_cloudwatch_metric_alarm.schedule_undelivered.statistic == "Sum" &&
      aws_cloudwatch_metric_alarm.schedule_undelivered.comparison_operator == "GreaterThanThreshold" && aws_cloudwatch_metric_alarm.schedule_undelivered.threshold == 0 &&
      aws_cloudwatch_metric_alarm.schedule_undelivered.treat_missing_data == "notBreaching"
    )
    error_message = "schedule-undelivered: any message that came into the schedules' queue"
  }
  assert {
    # Longer than an hour, so that it does not end and begin with each hourly sweep; one event is enough.
    condition = (
      aws_cloudwatch_metric_alarm.schedule_undelivered.period * aws_cloudwatch_metric_alarm.schedule_undelivered.evaluation_periods > 3600 &&
      aws_cloudwatch_metric_alarm.schedule_undelivered.datapoints_to_alarm == 1
    )
    error_message = "schedule-undelivered flaps between hourly sweeps, or does not tell of a single event"
  }
  assert {
    condition = alltrue([
      for alarm in [
        aws_cloudwatch_metric_alarm.documents_failed, aws_cloudwatch_metric_alarm.month_not_started, aws_cloudwatch_metric_alarm.queue_stuck,
        aws_cloudwatch_metric_alarm.schedule_undelivered, aws_cloudwatch_composite_alarm.sweep_silent,
      ] : alarm.alarm_actions == toset([aws_sns_topic.alerts.arn]) && alarm.ok_actions == toset([aws_sns_topic.alerts.arn])
      ]) && alltrue([
      for part in [aws_cloudwatch_metric_alarm.sweep_silent_in_window, aws_cloudwatch_metric_alarm.sweep_silent_for_hours] :
      part.alarm_actions == null && part.ok_actions == null
    ])
    error_message = "an alarm does not tell its begin and its end, or sweep-silent tells them twice"
  }
}

run "the_dashboard_shows_what_the_code_writes" {
  assert {
    condition     = alltrue([for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : contains(["alarm", "metric", "text"], it.type) && it.x >= 0 && it.y >= 0 && it.width >= 1 && it.height >= 1 && it.x + it.width <= 24])
    error_message = "a widget is of no type that CloudWatch has, or stands off the grid"
  }
  assert {
    # Each of two widgets ends before the other begins, across or down.
    condition = alltrue([
      for pair in setproduct(range(length(local.widgets)), range(length(local.widgets))) : (
        pair[0] >= pair[1] ||
        local.widgets[pair[0]].x + local.widgets[pair[0]].width <= local.widgets[pair[1]].x || local.widgets[pair[1]].x + local.widgets[pair[1]].width <= local.widgets[pair[0]].x ||
        local.widgets[pair[0]].y + local.widgets[pair[0]].height <= local.widgets[pair[1]].y || local.widgets[pair[1]].y + local.widgets[pair[1]].height <= local.widgets[pair[0]].y
      )
    ])
    error_message = "widgets lie on each other"
  }
  assert {
    condition     = alltrue([for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : it.properties.region == "ap-northeast-1" && it.properties.view == "timeSeries" && length(it.properties.title) > 0 && length(it.properties.metrics) > 0 && it.properties.period % 60 == 0 if it.type == "metric"])
    error_message = "a graph lacks region, title, period or metrics"
  }
  assert {
    condition     = one([for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : toset(it.properties.alarms) if it.type == "alarm"]) == toset(values(output.alarm_arns))
    error_message = "an alarm is not on the dashboard"
  }
  assert {
    # Of a metric: namespace, name, pairs of dimensions, options at the end. Of an expression: options only.
    condition = alltrue(flatten([
      for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : [
        for metric in it.properties.metrics :
        can(metric[0].expression) ? length(metric) == 1 : length(metric) % 2 == 1 && can(keys(metric[length(metric) - 1])) && alltrue([for index in range(length(metric) - 1) : can(tostring(metric[index]))])
      ] if it.type == "metric"
    ]))
    error_message = "a metric is not of the form that dashboards have"
  }
  assert {
    condition = toset(flatten([
      for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : concat(
        [for metric in it.properties.metrics : metric[1] if try(metric[0] == local.names.metrics.namespace, false)],
        flatten([for metric in it.properties.metrics : regexall("MetricName=\"([A-Za-z]+)\"", try(metric[0].expression, ""))]),
      ) if it.type == "metric"
    ])) == toset([for key, metric in local.names.metrics : metric if key != "namespace"])
    error_message = "the dashboard does not show every metric of names.json, or one that is none"
  }
  assert {
    # A dimension that the code does not write is a line that is always empty.
    condition = alltrue(flatten([
      for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : [
        for metric in it.properties.metrics : [
          for index in range(2, length(metric) - 1, 2) : contains(lookup(local.names.dimensions, metric[index], []), metric[index + 1])
        ] if try(metric[0] == local.names.metrics.namespace, false)
      ] if it.type == "metric"
    ]))
    error_message = "a graph has a dimension or a value that names.json does not have"
  }
  assert {
    condition = alltrue(flatten([
      for it in jsondecode(aws_cloudwatch_dashboard.month_end.dashboard_body).widgets : [
        for metric in it.properties.metrics : [
          for id in flatten(regexall("\\b([a-z][a-z_]*[a-z])\\b", replace(try(metric[0].expression, ""), "/SEARCH.*/", ""))) :
          contains([for other in it.properties.metrics : try(other[length(other) - 1].id, "")], id)
        ]
      ] if it.type == "metric"
    ]))
    error_message = "an expression speaks of a metric that its graph does not have"
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.month_end.dashboard_body, "SEARCH('{StatementExport,cause} MetricName=\\\"FailedDocuments\\\"', 'Maximum', 300)")
    error_message = "failures are not shown by cause"
  }
  assert {
    condition     = output.dashboard_url == "https://ap-northeast-1.console.aws.amazon.com/cloudwatch/home?region=ap-northeast-1#dashboards/dashboard/statement-export" && output.alerts_topic_arn == aws_sns_topic.alerts.arn
    error_message = "an output leads elsewhere"
  }
}
