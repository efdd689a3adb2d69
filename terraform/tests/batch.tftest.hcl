# Where converters run: retries, sizes, the queue, and what a container may do.

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
  # The rules as AWS gets them, against the README's words: not against names.json, which they are read from.
  assert {
    condition = jsonencode([
      for rule in aws_batch_job_definition.converter.retry_strategy[0].evaluate_on_exit :
      [upper(rule.action), rule.on_exit_code, rule.on_status_reason, rule.on_reason]
      ]) == jsonencode([
      ["RETRY", "75", null, null],
      ["RETRY", null, "Your Spot Task was interrupted*", null],
      ["RETRY", null, null, "CannotPullContainer*"],
      ["RETRY", null, "Task failed to start*", null],
      ["EXIT", null, null, "*"],
    ])
    error_message = "The retry rules are not the five of the README in their order."
  }

  assert {
    condition     = aws_batch_job_definition.converter.retry_strategy[0].attempts == 3
    error_message = "A job has three attempts."
  }

  assert {
    # The longest of the default classes.
    condition     = aws_batch_job_definition.converter.timeout[0].attempt_duration_seconds == 14400
    error_message = "A job submitted by hand must end, too, and not before one of the largest class."
  }

  assert {
    condition = (
      aws_batch_job_definition.converter.platform_capabilities == toset(["FARGATE"]) &&
      aws_batch_job_definition.converter.propagate_tags && !aws_batch_job_definition.converter.deregister_on_new_revision
    )
    error_message = "On Fargate, tags on the task, old revisions kept for arrays under way and for rollbacks."
  }

  assert {
    condition = jsonencode(jsondecode(aws_batch_job_definition.converter.container_properties)) == jsonencode({
      ephemeralStorage             = { sizeInGiB = 21 }
      environment                  = jsondecode(aws_batch_job_definition.converter.container_properties).environment
      executionRoleArn             = "arn:aws:iam::123456789012:role/statement-export-converter-execution"
      fargatePlatformConfiguration = { platformVersion = "1.4.0" }
      image                        = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/statement-export/converter:1.4.0"
      jobRoleArn                   = "arn:aws:iam::123456789012:role/statement-export-converter"
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = "/statement-export/converter"
          awslogs-region        = "ap-northeast-1"
          awslogs-stream-prefix = "converter"
          max-buffer-size       = "4m"
          mode                  = "non-blocking"
        }
      }
      mountPoints            = [{ containerPath = "/tmp", readOnly = false, sourceVolume = "tmp" }]
      networkConfiguration   = { assignPublicIp = "DISABLED" }
      readonlyRootFilesystem = true
      resourceRequirements   = [{ type = "VCPU", value = "0.25" }, { type = "MEMORY", value = "512" }]
      runtimePlatform        = { cpuArchitecture = "X86_64", operatingSystemFamily = "LINUX" }
      secrets = [
        { name = "DATABASE_URL", valueFrom = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/database-url-AbCdEf" },
        { name = "SOURCE_DATABASE_URL", valueFrom = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/source-database-url-AbCdEf" },
      ]
      user    = "65532:65532"
      volumes = [{ name = "tmp" }]
    })
    error_message = "The converter's container is another one: ${aws_batch_job_definition.converter.container_properties}"
  }

  assert {
    condition = (
      aws_batch_compute_environment.fargate.compute_resources[0].type == "FARGATE" &&
      aws_batch_compute_environment.fargate.compute_resources[0].max_vcpus == 32 &&
      aws_batch_compute_environment.fargate.compute_resources[0].security_group_ids == toset(["sg-tasks"]) &&
      aws_batch_compute_environment.fargate.compute_resources[0].subnets == toset(["subnet-1", "subnet-2"])
    )
    error_message = "Converters run on Fargate, in the private subnets and the tasks' group, at most as many as max_vcpus allows."
  }

  assert {
    condition = (
      length(aws_batch_compute_environment.fargate_spot) == 0 &&
      [for step in aws_batch_job_queue.statements.compute_environment_order : step.compute_environment] == [aws_batch_compute_environment.fargate.arn]
    )
    error_message = "Without Spot the queue has the one environment."
  }

  assert {
    condition = jsonencode([
      for limit in aws_batch_job_queue.statements.job_state_time_limit_action :
      [limit.state, limit.reason, limit.max_time_seconds, limit.action]
      ]) == jsonencode([
      ["RUNNABLE", "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE", 900, "CANCEL"],
      ["RUNNABLE", "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", 900, "CANCEL"],
      ["RUNNABLE", "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", 7200, "CANCEL"],
    ])
    error_message = "A job that cannot begin must not block the queue for ever."
  }

  assert {
    condition     = output.database_connections_at_peak == 128
    error_message = "32 vCPU at 0.25 each are 128 converters, one connection to each database."
  }

  assert {
    condition = alltrue([
      for repository in aws_ecr_repository.program :
      repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push &&
      repository.encryption_configuration[0].kms_key == aws_kms_key.data.arn
    ]) && keys(aws_ecr_repository.program) == ["converter", "enqueuer"]
    error_message = "Two repositories: immutable tags, scanned, encrypted with our key."
  }

  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.program : jsondecode(policy.policy).rules[*].selection.tagStatus == ["untagged"]])
    error_message = "Tagged images stay: old documents are verified with them."
  }
}

run "with_spot" {
  variables {
    max_vcpus = { fargate = 8, fargate_spot = 64 }
  }

  assert {
    condition = [for step in aws_batch_job_queue.statements.compute_environment_order : step.compute_environment] == [
      aws_batch_compute_environment.fargate_spot[0].arn, aws_batch_compute_environment.fargate.arn,
    ] && [for step in aws_batch_job_queue.statements.compute_environment_order : step.order] == [0, 1]
    error_message = "Spot first, then on demand."
  }

  assert {
    condition = (
      aws_batch_compute_environment.fargate_spot[0].compute_resources[0].type == "FARGATE_SPOT" &&
      aws_batch_compute_environment.fargate_spot[0].compute_resources[0].max_vcpus == 64
    )
    error_message = "The Spot environment is one of Spot."
  }

  assert {
    condition     = output.database_connections_at_peak == 288
    error_message = "Spot's converters connect, too."
  }
}

run "on_arm" {
  variables {
    cpu_architecture = "ARM64"
    size_classes     = "all::4:30720:7200"
  }

  assert {
    condition = (
      jsondecode(aws_batch_job_definition.converter.container_properties).runtimePlatform.cpuArchitecture == "ARM64" &&
      aws_ecs_task_definition.enqueuer.runtime_platform[0].cpu_architecture == "ARM64"
    )
    error_message = "Both images are of one architecture."
  }

  assert {
    condition = (
      jsondecode(aws_batch_job_definition.converter.container_properties).resourceRequirements == [{ type = "VCPU", value = "4" }, { type = "MEMORY", value = "30720" }] &&
      aws_batch_job_definition.converter.timeout[0].attempt_duration_seconds == 7200 &&
      output.environment.enqueuer.SIZE_CLASSES == "all::4:30720:7200"
    )
    error_message = "Size classes reach the job definition and the enqueuer."
  }
}

# The architecture is the job definition's; an environment of Fargate has none.
run "spot_on_arm" {
  variables {
    cpu_architecture = "ARM64"
    max_vcpus        = { fargate = 8, fargate_spot = 64 }
  }

  assert {
    condition = (
      jsondecode(aws_batch_job_definition.converter.container_properties).runtimePlatform == { cpuArchitecture = "ARM64", operatingSystemFamily = "LINUX" } &&
      aws_batch_compute_environment.fargate_spot[0].compute_resources[0].type == "FARGATE_SPOT" &&
      [for step in aws_batch_job_queue.statements.compute_environment_order : step.compute_environment] == [
        aws_batch_compute_environment.fargate_spot[0].arn, aws_batch_compute_environment.fargate.arn,
      ] &&
      aws_ecs_task_definition.enqueuer.runtime_platform[0].cpu_architecture == "ARM64" &&
      aws_ecs_task_definition.converter.runtime_platform[0].cpu_architecture == "ARM64"
    )
    error_message = "Jobs for ARM64 go to Spot first, too, and operators' tasks have the images' architecture."
  }
}

run "architecture_of_no_image" {
  command         = plan
  expect_failures = [var.cpu_architecture]
  variables {
    cpu_architecture = "RISCV64"
  }
}

run "no_environment_below_its_largest_class" {
  command         = plan
  expect_failures = [aws_batch_compute_environment.fargate]
  variables {
    max_vcpus = { fargate = 1 }
  }
}

# Fargate's table: the ends of each row pass, what lies beside them does not.
run "pairs_at_the_ends" {
  command = plan
  variables {
    size_classes = "a:1:0.25:512:60,b:2:0.25:2048:60,c:3:0.5:1024:60,d:4:0.5:4096:60,e:5:1:2048:60,f:6:1:8192:60,g:7:2:4096:60,h:8:2:16384:60,i:9:4:8192:60,j:10:4:30720:60,k:11:8:16384:60,l:12:8:61440:60,m:13:16:32768:60,n::16:122880:604800"
  }
}

run "pair_too_large" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "all::0.25:4096:900"
  }
}

run "pair_between_steps" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "all::8:18432:900"
  }
}

run "pair_that_does_not_exist" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "all::3:4096:900"
  }
}

run "timeout_too_short" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "all::1:2048:59"
  }
}

run "classes_that_do_not_rise" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "small:10:0.25:512:900,larger:5:1:2048:900,large::1:2048:900"
  }
}

run "last_class_with_an_end" {
  command         = plan
  expect_failures = [var.size_classes]
  variables {
    size_classes = "all:10:0.25:512:900"
  }
}

run "enqueuer_of_no_size" {
  command         = plan
  expect_failures = [var.enqueuer_size]
  variables {
    enqueuer_size = { cpu = 256, memory = 4096 }
  }
}

run "disk_too_small" {
  command         = plan
  expect_failures = [var.ephemeral_storage_gib]
  variables {
    ephemeral_storage_gib = 20
  }
}

run "limit_too_short" {
  command         = plan
  expect_failures = [var.runnable_limit_seconds]
  variables {
    runnable_limit_seconds = { capacity = 300 }
  }
}

run "tag_that_moves" {
  command         = plan
  expect_failures = [var.image_tag]
  variables {
    image_tag = "latest"
  }
}
