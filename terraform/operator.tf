# What operators may do, and the shell they do it in: enqueuers and converters run as tasks of their own, so that nobody needs a
# way to the databases, nor the secrets.

# For `converter --document D --verify`. In the enqueuer's cluster; Batch has a definition of its own (batch.tf).
resource "aws_ecs_task_definition" "converter" {
  #checkov:skip=CKV_AWS_97:There is no EFS volume; the one volume is the task's own encrypted disk.
  family                   = "${local.name}-converter"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  # Of the largest class: whichever document is asked for, it has room.
  cpu                   = local.sizes[length(local.sizes) - 1].vcpu * 1024
  memory                = local.sizes[length(local.sizes) - 1].memory_mib
  execution_role_arn    = aws_iam_role.converter_execution.arn
  task_role_arn         = aws_iam_role.converter_task.arn
  container_definitions = jsonencode([local.converter_task_container])
  # As the enqueuer's: the old revision stays for a rollback.
  skip_destroy = true
  tags         = local.tags

  ephemeral_storage {
    size_in_gib = var.ephemeral_storage_gib
  }

  volume {
    name = "tmp"
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }
}

locals {
  converter_task_container = {
    name      = "converter"
    image     = local.image.converter
    essential = true
    # Whoever starts the task says what it does.
    command = ["--help"]

    environment = local.converter_container.environment
    secrets     = local.container_secrets

    user                   = local.user
    readonlyRootFilesystem = true
    mountPoints            = local.converter_container.mountPoints

    logConfiguration = local.log_configuration.converter
  }
}

locals {
  operator_policy = {
    Version = "2012-10-17"
    Statement = concat(local.start_enqueuer, local.see_connections_if_counted, [
      {
        Sid       = "StartConverter"
        Effect    = "Allow"
        Action    = "ecs:RunTask"
        Resource  = "${local.arn.ecs}:task-definition/${local.name}-converter:*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.enqueuer.arn } }
      },
      {
        # Links' besides: `enqueuer link` runs with it.
        Sid    = "GiveTheirRoles"
        Effect = "Allow"
        Action = "iam:PassRole"
        Resource = [
          aws_iam_role.enqueuer_task.arn, aws_iam_role.enqueuer_execution.arn, aws_iam_role.links_task.arn,
          aws_iam_role.converter_task.arn, aws_iam_role.converter_execution.arn,
        ]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "SeeItsTasks"
        Effect   = "Allow"
        Action   = "ecs:DescribeTasks"
        Resource = "${local.arn.ecs}:task/${local.name}-enqueuer/*"
      },
      {
        # What hangs, or was started by mistake: it ends in order (SIGTERM), and the next event goes on with it.
        Sid       = "StopItsTasks"
        Effect    = "Allow"
        Action    = "ecs:StopTask"
        Resource  = "${local.arn.ecs}:task/${local.name}-enqueuer/*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.enqueuer.arn } }
      },
      {
        # Also those that ended, for an hour. Without a container instance AWS knows no resource here, but the cluster.
        Sid       = "FindItsTasks"
        Effect    = "Allow"
        Action    = "ecs:ListTasks"
        Resource  = "*"
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.enqueuer.arn } }
      },
      {
        Sid      = "SeeSchedules"
        Effect   = "Allow"
        Action   = "scheduler:ListSchedules"
        Resource = "${local.arn.scheduler}:schedule/*/*"
      },
      {
        # Purge: once its reason is mended, so that the next one who looks finds new ones only.
        Sid      = "ReadAndClearUndelivered"
        Effect   = "Allow"
        Action   = ["sqs:PurgeQueue", "sqs:ReceiveMessage"]
        Resource = aws_sqs_queue.undelivered_schedules.arn
      },
      {
        Sid       = "DecryptUndelivered"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = aws_kms_key.data.arn
        Condition = { StringEquals = { "kms:ViaService" = "sqs.${local.region}.amazonaws.com" } }
      },
      {
        Sid    = "ReadLogs"
        Effect = "Allow"
        Action = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
        Resource = flatten([
          for group in [aws_cloudwatch_log_group.converter.arn, aws_cloudwatch_log_group.enqueuer.arn] :
          [group, "${group}:*"]
        ])
      },
      local.see_batch,
      {
        Sid      = "SeeQueue"
        Effect   = "Allow"
        Action   = "batch:GetJobQueueSnapshot"
        Resource = aws_batch_job_queue.statements.arn
      },
      {
        Sid      = "SeeWhoIsTold"
        Effect   = "Allow"
        Action   = "sns:ListSubscriptionsByTopic"
        Resource = aws_sns_topic.alerts.arn
      },
      ],
      # For links by a program of the operator's own, and to look at a document that a customer asks about.
      local.links_policy.Statement,
    )
  }
}

# Whoever has a role already gets this policy instead of the role below.
resource "aws_iam_policy" "operator" {
  name        = "${local.name}-operator"
  description = "Operating ${local.name}: run enqueuers and converters, read logs, jobs and documents"
  policy      = jsonencode(local.operator_policy)
  tags        = local.tags
}

resource "aws_iam_role" "operator" {
  count = length(var.operator_principals) > 0 ? 1 : 0

  name        = "${local.name}-operator"
  description = "Operators of ${local.name}"
  # A night: the default hour would end while `enqueuer run --wait` is watched. (Who comes by another role has an hour all the same.)
  max_session_duration = 12 * 3600
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NamedOperators"
      Effect    = "Allow"
      Principal = { AWS = var.operator_principals }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "operator" {
  count = length(var.operator_principals) > 0 ? 1 : 0

  role       = aws_iam_role.operator[0].name
  policy_arn = aws_iam_policy.operator.arn
}

locals {
  # The names that the runbooks use, and those of the functions below them. None of them is secret.
  operator_variables = {
    AWS_REGION = local.region
    # With its revision, as the enqueuer has it: what a job of today runs.
    BATCH_JOB_DEFINITION = aws_batch_job_definition.converter.arn
    BATCH_JOB_QUEUE      = aws_batch_job_queue.statements.name
    BUCKET               = aws_s3_bucket.statements.bucket
    COMPUTE_ENVIRONMENT  = aws_batch_compute_environment.fargate.compute_environment_name
    # Empty where connections are not counted.
    CONSUMABLE_RESOURCE = local.counts_connections ? local.consumable_resource_arn : ""
    # Empty without Spot.
    COMPUTE_ENVIRONMENT_SPOT     = join("", aws_batch_compute_environment.fargate_spot[*].compute_environment_name)
    DATABASE_CONNECTIONS_AT_PEAK = local.database_connections_at_peak
    # Families, so that a shell that was saved runs the newest revision, and with it the newest image.
    CONVERTER_TASK_DEFINITION = aws_ecs_task_definition.converter.family
    ENQUEUER_TASK_DEFINITION  = aws_ecs_task_definition.enqueuer.family
    ENQUEUER_CLUSTER          = aws_ecs_cluster.enqueuer.name
    ENQUEUER_LINKS_ROLE       = aws_iam_role.links_task.arn
    ENQUEUER_LOG_GROUP        = aws_cloudwatch_log_group.enqueuer.name
    ENQUEUER_NETWORK          = "awsvpcConfiguration={subnets=[${join(",", var.subnet_ids)}],securityGroups=[${aws_security_group.tasks.id}],assignPublicIp=DISABLED}"
    LOG_GROUP                 = aws_cloudwatch_log_group.converter.name
    STORE_URL                 = local.store_url
    TOPIC_ARN                 = aws_sns_topic.alerts.arn
    UNDELIVERED_QUEUE         = aws_sqs_queue.undelivered_schedules.url
  }

  operator_shell = join("\n", concat(
    [
      "# shellcheck shell=bash",
      "# For operators of ${local.name}, to be sourced in bash. Needs the AWS CLI (2) and jq, and the rights of the",
      "# policy ${local.name}-operator.",
      "",
    ],
    [for name, value in local.operator_variables : "export ${name}='${value}'"],
    [file("${path.module}/operator.sh")],
  ))
}
