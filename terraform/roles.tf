# Who may do what. Per program two roles: the execution role is Fargate's, before the program starts (image, log, secrets);
# the other one is the program's own. Policies are written out here so that tests read what AWS gets.

locals {
  statements_arn = "${aws_s3_bucket.statements.arn}/${var.store_prefix}/*"

  # Tasks of this account only.
  assumed_by_tasks = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TasksOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn.ecs}:*" }
      }
    }]
  }

  execution_policy = {
    for program, group in {
      converter = aws_cloudwatch_log_group.converter.arn
      enqueuer  = aws_cloudwatch_log_group.enqueuer.arn
      } : program => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "LogIn"
          Effect = "Allow"
          Action = "ecr:GetAuthorizationToken"
          # A token is the registry's: AWS knows no resource here.
          Resource = "*"
        },
        {
          Sid      = "PullItsImage"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = aws_ecr_repository.program[program].arn
        },
        {
          Sid      = "WriteItsLog"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "${group}:log-stream:*"
        },
        {
          Sid      = "ReadItsSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = values(local.secret_arns)
        },
        {
          Sid       = "DecryptItsSecrets"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = aws_kms_key.data.arn
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
        },
      ]
    }
  }

  list_statements = {
    # Without it S3 says "access denied" where there is no object, and nothing could be published. Not narrowed to the
    # prefix: a look at one object has no prefix, and the condition would fail.
    Sid      = "TellAbsentFromForbidden"
    Effect   = "Allow"
    Action   = "s3:ListBucket"
    Resource = aws_s3_bucket.statements.arn
  }

  # Of the enqueuer, whose `check` looks whether jobs can begin, and of operators, for the diagnoses of the runbooks.
  see_batch = {
    Sid    = "SeeBatch"
    Effect = "Allow"
    Action = [
      "batch:DescribeComputeEnvironments",
      "batch:DescribeJobDefinitions",
      "batch:DescribeJobQueues",
      "batch:DescribeJobs",
      "batch:ListJobs",
    ]
    # AWS knows no resource here.
    Resource = "*"
  }

  converter_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        # Get: to adopt what an attempt before published. No right to delete, here or anywhere.
        Sid      = "PublishAndAdopt"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"]
        Resource = local.statements_arn
      },
      local.list_statements,
      {
        Sid       = "EncryptAndDecryptInS3"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.data.arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
    ]
  }

  enqueuer_policy = {
    Version = "2012-10-17"
    Statement = concat(local.see_connections_if_counted, [
      {
        Sid    = "SubmitConverters"
        Effect = "Allow"
        Action = "batch:SubmitJob"
        Resource = concat(
          [
            aws_batch_job_queue.statements.arn,
            # Of every revision: a rollback must not need a change of rights.
            "${local.arn.batch}:job-definition/${local.name}-converter:*",
          ],
          # What a job asks for is asked of whoever submits it.
          [for arn in [local.consumable_resource_arn] : arn if local.counts_connections],
        )
      },
      {
        # Run, period and size class. Batch has no finer name for a job than its id.
        Sid      = "TagJobs"
        Effect   = "Allow"
        Action   = "batch:TagResource"
        Resource = "${local.arn.batch}:job/*"
      },
      merge(local.see_batch, { Sid = "SeeJobs" }),
      {
        # `stop`, a held period, jobs that are stuck. Cancelled is what has not begun; terminated what has.
        Sid      = "EndJobs"
        Effect   = "Allow"
        Action   = ["batch:CancelJob", "batch:TerminateJob"]
        Resource = "${local.arn.batch}:job/*"
      },
      {
        # And look whether anybody would hear of it: `check`.
        Sid      = "TellPeople"
        Effect   = "Allow"
        Action   = ["sns:GetTopicAttributes", "sns:Publish"]
        Resource = aws_sns_topic.alerts.arn
      },
      {
        Sid       = "EncryptWhatIsTold"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.alerts.arn
        Condition = { StringEquals = { "kms:ViaService" = "sns.${local.region}.amazonaws.com" } }
      },
      # `certificate` counts what is published; no right to read a customer's document.
      local.list_statements,
    ])
  }

  # `link` alone needs to read documents, since a link has the rights of who signed it, and `certificate --deep`, which compares them.
  links_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SignLinks"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = local.statements_arn
      },
      local.list_statements,
      {
        Sid       = "DecryptInS3"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = aws_kms_key.data.arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.amazonaws.com" } }
      },
    ]
  }

  start_enqueuer = [
    {
      Sid      = "StartEnqueuer"
      Effect   = "Allow"
      Action   = "ecs:RunTask"
      Resource = "${local.arn.ecs}:task-definition/${local.name}-enqueuer:*"
      # Elsewhere the cluster is not ours, nor are its logs and alarms.
      Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.enqueuer.arn } }
    },
    {
      # The task gets the tags of its definition.
      Sid       = "TagEnqueuer"
      Effect    = "Allow"
      Action    = "ecs:TagResource"
      Resource  = "${local.arn.ecs}:task/${local.name}-enqueuer/*"
      Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } }
    },
  ]

  scheduler_policy = {
    Version = "2012-10-17"
    Statement = concat(local.start_enqueuer, [
      {
        Sid       = "GiveItsRoles"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = [aws_iam_role.enqueuer_task.arn, aws_iam_role.enqueuer_execution.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "KeepUndelivered"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.undelivered_schedules.arn
      },
      {
        Sid       = "EncryptUndelivered"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.data.arn
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.amazonaws.com" } }
      },
    ])
  }
}

resource "aws_iam_role" "converter_execution" {
  name               = "${local.name}-converter-execution"
  description        = "Fargate, before a converter starts: image, log, secrets"
  assume_role_policy = jsonencode(local.assumed_by_tasks)
  tags               = local.tags
}

resource "aws_iam_role_policy" "converter_execution" {
  name   = "start"
  role   = aws_iam_role.converter_execution.id
  policy = jsonencode(local.execution_policy.converter)
}

resource "aws_iam_role" "converter_task" {
  name               = "${local.name}-converter"
  description        = "Converters: publish documents"
  assume_role_policy = jsonencode(local.assumed_by_tasks)
  tags               = local.tags
}

resource "aws_iam_role_policy" "converter_task" {
  name   = "publish"
  role   = aws_iam_role.converter_task.id
  policy = jsonencode(local.converter_policy)
}

resource "aws_iam_role" "enqueuer_execution" {
  name               = "${local.name}-enqueuer-execution"
  description        = "Fargate, before an enqueuer starts: image, log, secrets"
  assume_role_policy = jsonencode(local.assumed_by_tasks)
  tags               = local.tags
}

resource "aws_iam_role_policy" "enqueuer_execution" {
  name   = "start"
  role   = aws_iam_role.enqueuer_execution.id
  policy = jsonencode(local.execution_policy.enqueuer)
}

resource "aws_iam_role" "enqueuer_task" {
  name               = "${local.name}-enqueuer"
  description        = "Enqueuers: submit, settle and tell"
  assume_role_policy = jsonencode(local.assumed_by_tasks)
  tags               = local.tags
}

resource "aws_iam_role_policy" "enqueuer_task" {
  name   = "submit-and-settle"
  role   = aws_iam_role.enqueuer_task.id
  policy = jsonencode(local.enqueuer_policy)
}

resource "aws_iam_role" "links_task" {
  name               = "${local.name}-links"
  description        = "`enqueuer link`, `certificate --deep`: sign links to documents, compare them"
  assume_role_policy = jsonencode(local.assumed_by_tasks)
  tags               = local.tags
}

resource "aws_iam_role_policy" "links_task" {
  name   = "sign-links"
  role   = aws_iam_role.links_task.id
  policy = jsonencode(local.links_policy)
}

resource "aws_iam_role" "scheduler" {
  name        = "${local.name}-scheduler"
  description = "EventBridge Scheduler: starts the enqueuer"
  tags        = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurSchedules"
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Scheduler names the group, never a single schedule.
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = local.account_id
          "aws:SourceArn"     = [aws_scheduler_schedule_group.month_end.arn, aws_scheduler_schedule_group.always.arn]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "start-enqueuer"
  role   = aws_iam_role.scheduler.id
  policy = jsonencode(local.scheduler_policy)
}
