# The second way to the alerts, without a line of our code: what Batch and ECS themselves say, as EventBridge has it. It tells
# when the enqueuer cannot.
#
# Messages are made of ids and of AWS's own words only. The free text of an event (why a job was cancelled, why a task
# stopped) is left out: an operator may have written a customer's name into it, and a quotation mark would break the message.

locals {
  event_rule_names = { for event in local.names.events : event => "${local.name}-${event}" }
  event_rule_arns = {
    for event, name in local.event_rule_names :
    event => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}"
  }

  # By their names in names.json; a test holds both together.
  events = {
    job-failed = {
      description = "A job has failed, and Batch does not try it again"
      pattern = {
        source        = ["aws.batch"]
        "detail-type" = ["Batch Job State Change"]
        detail = {
          jobQueue = [aws_batch_job_queue.statements.arn]
          status   = ["FAILED"]
          # Whoever runs `check` hears from it what its probe found.
          jobName = [{ "anything-but" = { prefix = local.names.probe_jobs } }]
          # Only children of an array have an index. The array itself fails once its children have ended: one message
          # instead of 10,000.
          arrayProperties = { index = [{ exists = false }] }
        }
      }
      paths = { job = "$.detail.jobId", name = "$.detail.jobName" }
      # A thread of its own per job: the event may come twice.
      thread = "<job>"
      title  = "Batch job failed: <name>"
      text   = "Job <job> has failed, or slots of it have. The next sweep settles its documents and tells of them by cause; if nothing follows within minutes, sweeps are what is wrong."
      step   = "aws batch describe-jobs --jobs <job> --query 'jobs[].[jobName, status, statusReason, arrayProperties.statusSummary]'"
    }

    queue-blocked = {
      description = "A job at the head of the queue cannot begin"
      pattern = {
        source        = ["aws.batch"]
        "detail-type" = ["Batch Job Queue Blocked"]
        detail = merge(
          { jobQueue = [aws_batch_job_queue.statements.arn] },
          # Where connections are counted, a job that waits for them may be at the head, for a reason that Batch gives nowhere. The sweep
          # tells it from one that is stuck; this rule keeps to the reasons that are never the database's.
          { for name, pattern in { statusReason = [{ prefix = "MISCONFIGURATION:" }, { prefix = "CAPACITY:" }] } : name => pattern if local.counts_connections },
        )
      }
      # This reason is one of Batch's own sentences, and says which mend it takes.
      paths  = { job = "$.detail.jobId", name = "$.detail.jobName", reason = "$.detail.statusReason" }
      thread = "<job>"
      title  = "Batch queue blocked"
      text   = "Batch finds no host for job <name>, and all others wait behind it. Batch says: <reason>"
      step   = "aws batch get-job-queue-snapshot --job-queue ${aws_batch_job_queue.statements.name}"
    }

    enqueuer-task-failed = {
      description = "A task of the enqueuer was not started, or ended otherwise than with exit code 0 or 75"
      pattern = {
        source        = ["aws.ecs"]
        "detail-type" = ["ECS Task State Change"]
        detail = {
          clusterArn = [aws_ecs_cluster.enqueuer.arn]
          lastStatus = ["STOPPED"]
          # Operators' tasks have this group. They see the exit code themselves, and `certificate` or `check` end with
          # others than 0 to say what they found. Tasks of schedules, or of anybody else, have a group of another name.
          group = [{ "anything-but" = ["operator"] }]
          "$or" = [
            # Not 75: the next event tries that again, and a ledger that is away would be a message a minute. When it lasts
            # sweep-silent and month-not-started tell it, once. By name, because AWS adds containers of its own (GuardDuty), which it
            # kills.
            { containers = { name = ["enqueuer"], exitCode = [{ "anything-but" = [0, local.names.exit_codes.retry] }] } },
            # No exit code: the container never ran (no image, no secret, no capacity).
            { containers = { exitCode = [{ exists = false }] } },
            { stopCode = ["TaskFailedToStart"] },
          ]
        }
      }
      paths = {
        command = "$.detail.overrides.containerOverrides[0].command[0]"
        stop    = "$.detail.stopCode"
        task    = "$.detail.taskArn"
      }
      # A thread for all would end up below a message of months ago, where nobody looks.
      thread = "<task>"
      title  = "enqueuer task failed: <command>"
      # Its exit code is not here: the first container of the event may be one of AWS's own. The step has them by name.
      text = "ECS says: <stop>. The step below has its exit code (none: it never ran). The next event of the schedule does the same again; 78 waits for whoever mends the settings."
      step = "aws ecs describe-tasks --cluster ${aws_ecs_cluster.enqueuer.name} --tasks <task> --query 'tasks[].[stopCode, stoppedReason, containers[].[name, exitCode, reason]]'"
    }
  }

  # Custom notifications of Amazon Q Developer in chat applications, as the enqueuer sends them itself.
  notifications = {
    for event, it in local.events : event => {
      version = "1.0"
      source  = "custom"
      content = {
        textType    = "client-markdown"
        title       = it.title
        description = it.text
        nextSteps   = ["Runbook: runbooks/${event}.md", "`${it.step}`"]
        keywords    = [event, local.name]
      }
      metadata = {
        threadId          = it.thread
        summary           = it.title
        additionalContext = { cause = event, runbook = event }
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "alerts" {
  for_each = local.events

  name          = local.event_rule_names[each.key]
  description   = "${each.value.description}. Runbook: runbooks/${each.key}.md"
  event_pattern = jsonencode(each.value.pattern)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "alerts" {
  for_each = local.events

  rule      = aws_cloudwatch_event_rule.alerts[each.key].name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  input_transformer {
    input_paths = each.value.paths
    # jsonencode writes < and > as escapes, which EventBridge does not take for the marks of its variables.
    input_template = replace(replace(jsonencode(local.notifications[each.key]), "\\u003c", "<"), "\\u003e", ">")
  }

  retry_policy {
    # By default a day: alerts that late would be taken for new ones.
    maximum_event_age_in_seconds = 4 * 3600
    # The most there is: age decides.
    maximum_retry_attempts = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered_events.arn
  }
}

# What could not be told. The dashboard shows it; an alarm would have to go the very way that is broken.
resource "aws_sqs_queue" "undelivered_events" {
  name = "${local.name}-undelivered-events"
  # SQS's own key: the messages hold ids only, and EventBridge needs no right on it that could be missing.
  sqs_managed_sse_enabled = true
  # The longest there is.
  message_retention_seconds = 14 * 24 * 3600
  tags                      = local.tags
}

resource "aws_sqs_queue_policy" "undelivered_events" {
  queue_url = aws_sqs_queue.undelivered_events.url
  policy    = jsonencode(local.undelivered_events_policy)
}

locals {
  undelivered_events_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.undelivered_events.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "EventRulesLeaveWhatTheyCannotDeliver"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.undelivered_events.arn
        Condition = { ArnEquals = { "aws:SourceArn" = values(local.event_rule_arns) } }
      },
    ]
  }
}
