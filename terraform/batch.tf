# Where converters run: one Batch job per document, on Fargate.

resource "aws_batch_compute_environment" "fargate" {
  # A prefix, since an environment that must be replaced has to exist beside the one that the queue still uses.
  compute_environment_name_prefix = "${local.name}-fargate-"
  type                            = "MANAGED"
  # No service_role: Batch's service-linked role has just the rights it needs.
  tags = local.tags

  compute_resources {
    type = "FARGATE"
    # Caps converters.
    max_vcpus          = var.max_vcpus.fargate
    subnets            = var.subnet_ids
    security_group_ids = [aws_security_group.tasks.id]
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = var.max_vcpus.fargate >= local.largest_vcpu
      error_message = "max_vcpus.fargate is below the vCPU of the largest size class: its documents would wait for ever."
    }
  }
}

resource "aws_batch_compute_environment" "fargate_spot" {
  count = var.max_vcpus.fargate_spot > 0 ? 1 : 0

  compute_environment_name_prefix = "${local.name}-fargate-spot-"
  type                            = "MANAGED"
  tags                            = local.tags

  compute_resources {
    # Cheaper, and reclaimed at will: the second retry rule is for that.
    type               = "FARGATE_SPOT"
    max_vcpus          = var.max_vcpus.fargate_spot
    subnets            = var.subnet_ids
    security_group_ids = [aws_security_group.tasks.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_batch_job_queue" "statements" {
  name     = local.name
  state    = "ENABLED"
  priority = 1
  tags     = local.tags

  # Spot first, when there is any: on demand is for what no longer fits there.
  dynamic "compute_environment_order" {
    for_each = concat(aws_batch_compute_environment.fargate_spot[*].arn, [aws_batch_compute_environment.fargate.arn])
    content {
      order               = compute_environment_order.key
      compute_environment = compute_environment_order.value
    }
  }

  # A job that can never begin would block what waits behind it until somebody looks. Batch acts on these three reasons
  # only; everything else that is stuck is an alarm (alarms.tf) and an event (events.tf).
  #
  # None where connections are counted: a job that waits for them is RUNNABLE, too, AWS does not say which reason it has then, only that
  # such a limit reaches it, and it must never be cancelled. There the sweep cancels what is misconfigured, as long as connections are free.
  dynamic "job_state_time_limit_action" {
    for_each = [for limit in local.runnable_limits : limit if !local.counts_connections]
    content {
      reason           = job_state_time_limit_action.value.reason
      state            = "RUNNABLE"
      max_time_seconds = job_state_time_limit_action.value.seconds
      action           = "CANCEL"
    }
  }
}

locals {
  runnable_limits = [
    { reason = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", seconds = var.runnable_limit_seconds.misconfigured },
    { reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", seconds = var.runnable_limit_seconds.misconfigured },
    # AWS mostly has capacity again after a while: it gets longer than our own mistakes.
    { reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", seconds = var.runnable_limit_seconds.capacity },
  ]
}

locals {
  converter_container = {
    image = local.image.converter
    # No command: the enqueuer gives `--job ID`, and a converter without it refuses to start. The override has vCPU, memory
    # and timeout of the size class, too; what stands here is for a job that somebody submits by hand.
    resourceRequirements = [
      { type = "VCPU", value = local.sizes[0].vcpu },
      { type = "MEMORY", value = local.sizes[0].memory_mib },
    ]

    environment = [for name, value in local.converter_settings : { name = name, value = value }]
    secrets     = local.container_secrets

    # As the image says; here as well, so that no image runs as root by mistake.
    user                   = local.user
    readonlyRootFilesystem = true
    volumes                = [{ name = "tmp" }]
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    ephemeralStorage       = { sizeInGiB = var.ephemeral_storage_gib }

    executionRoleArn = aws_iam_role.converter_execution.arn
    jobRoleArn       = aws_iam_role.converter_task.arn

    networkConfiguration = { assignPublicIp = "DISABLED" }
    # Named, not LATEST, so that a new platform is a change that somebody made. Larger disks need 1.4.0.
    fargatePlatformConfiguration = { platformVersion = local.platform_version }
    runtimePlatform              = { operatingSystemFamily = "LINUX", cpuArchitecture = var.cpu_architecture }

    logConfiguration = local.log_configuration.converter
  }

  # Nobody's number on purpose: distroless images call it nonroot. /tmp of both images is 1777 and a VOLUME, since Fargate
  # takes owner and mode of an empty volume from there.
  user             = "65532:65532"
  platform_version = "1.4.0"
}

resource "aws_batch_job_definition" "converter" {
  name                  = "${local.name}-converter"
  type                  = "container"
  platform_capabilities = ["FARGATE"]
  container_properties  = jsonencode(local.converter_container)
  # Tags of the job (run, period, size class) are on its task, too, and so on the bill.
  propagate_tags = true
  # An array of the month end under way goes on with the revision it was submitted with; a rollback needs the old one.
  deregister_on_new_revision = false
  tags                       = local.tags

  # Three attempts, five rules, in this order; names.json has them, as the local queue does.
  retry_strategy {
    attempts = local.names.retry_strategy.attempts

    dynamic "evaluate_on_exit" {
      for_each = local.names.retry_strategy.evaluateOnExit
      content {
        action           = evaluate_on_exit.value.action
        on_exit_code     = lookup(evaluate_on_exit.value, "onExitCode", null)
        on_reason        = lookup(evaluate_on_exit.value, "onReason", null)
        on_status_reason = lookup(evaluate_on_exit.value, "onStatusReason", null)
      }
    }
  }

  # Of a job submitted by hand; the enqueuer sends its class's own.
  timeout {
    attempt_duration_seconds = max([for size in local.sizes : size.timeout_seconds]...)
  }

  lifecycle {
    precondition {
      condition     = length(local.unknown_to_converter) == 0
      error_message = "The converter does not know ${join(", ", local.unknown_to_converter)}: names.json has its settings."
    }
  }
}
