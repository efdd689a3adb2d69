# The enqueuer is a task that lives for seconds: Scheduler starts it (schedules.tf), and operators do (operator.tf),
# converters of theirs beside it.

resource "aws_ecs_cluster" "enqueuer" {
  #checkov:skip=CKV_AWS_65:Container Insights bills every task, and a sweep is one a minute; what matters of them are metrics of the programs (README, Logs and metrics).
  name = "${local.name}-enqueuer"
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

locals {
  enqueuer_container = {
    name      = "enqueuer"
    image     = local.image.enqueuer
    essential = true
    # Whoever starts the task says what it does; without a word it explains itself and changes nothing.
    command = ["--help"]

    environment = [for name, value in local.enqueuer_settings : { name = name, value = value }]
    secrets     = local.container_secrets

    user                   = local.user
    readonlyRootFilesystem = true
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]

    logConfiguration = local.log_configuration.enqueuer
  }
}

resource "aws_ecs_task_definition" "enqueuer" {
  #checkov:skip=CKV_AWS_97:There is no EFS volume; the one volume is the task's own encrypted disk.
  family                   = "${local.name}-enqueuer"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.enqueuer_size.cpu
  memory                   = var.enqueuer_size.memory
  execution_role_arn       = aws_iam_role.enqueuer_execution.arn
  task_role_arn            = aws_iam_role.enqueuer_task.arn
  container_definitions    = jsonencode([local.enqueuer_container])
  # The old revision stays, for a rollback and for a sweep that was started a moment ago.
  skip_destroy = true
  tags         = local.tags

  volume {
    name = "tmp"
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  lifecycle {
    precondition {
      condition     = length(local.unknown_to_enqueuer) == 0
      error_message = "The enqueuer does not know ${join(", ", local.unknown_to_enqueuer)}: names.json has its settings."
    }
  }
}
