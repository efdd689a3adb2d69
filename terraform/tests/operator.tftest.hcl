# The operators' shell. What its function does is tested by tests/operator-shell.sh.

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
    condition = { for line in regexall("(?m)^export ([A-Z_]+)='([^']*)'$", output.operator_shell) : line[0] => line[1] } == {
      AWS_REGION                   = "ap-northeast-1"
      BATCH_JOB_DEFINITION         = "arn:aws:batch:ap-northeast-1:123456789012:job-definition/statement-export-converter:7"
      BATCH_JOB_QUEUE              = "statement-export"
      BUCKET                       = "firm-statements"
      COMPUTE_ENVIRONMENT          = "statement-export-fargate-1"
      COMPUTE_ENVIRONMENT_SPOT     = ""
      CONSUMABLE_RESOURCE          = ""
      CONVERTER_TASK_DEFINITION    = "statement-export-converter"
      DATABASE_CONNECTIONS_AT_PEAK = "128"
      ENQUEUER_CLUSTER             = "statement-export-enqueuer"
      ENQUEUER_LINKS_ROLE          = "arn:aws:iam::123456789012:role/statement-export-links"
      ENQUEUER_LOG_GROUP           = "/statement-export/enqueuer"
      ENQUEUER_NETWORK             = "awsvpcConfiguration={subnets=[subnet-1,subnet-2],securityGroups=[sg-tasks],assignPublicIp=DISABLED}"
      ENQUEUER_TASK_DEFINITION     = "statement-export-enqueuer"
      LOG_GROUP                    = "/statement-export/converter"
      STORE_URL                    = "s3://firm-statements/statements"
      TOPIC_ARN                    = "arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts"
      UNDELIVERED_QUEUE            = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/statement-export-undelivered-schedules"
    }
    error_message = "The variables of the runbooks are others: ${output.operator_shell}"
  }

  assert {
    condition     = length(regexall("(?m)^export ", output.operator_shell)) == 18 && flatten(regexall("(?m)^([a-z_]+)\\(\\) \\{", output.operator_shell)) == ["enqueuer", "converter", "run_as_task"]
    error_message = "The shell has its variables, a function for each program, and the one that both are."
  }

  assert {
    # Read by whoever may read the outputs.
    condition     = !strcontains(output.operator_shell, "secret") && !strcontains(output.operator_shell, "postgres")
    error_message = "No secret is in the shell, nor where it lies."
  }
}

run "with_spot" {
  variables {
    max_vcpus = { fargate = 8, fargate_spot = 64 }
  }

  assert {
    condition = (
      strcontains(output.operator_shell, "export COMPUTE_ENVIRONMENT_SPOT='statement-export-fargate-spot-1'\n") &&
      strcontains(output.operator_shell, "export DATABASE_CONNECTIONS_AT_PEAK='288'\n")
    )
    error_message = "Spot's environment and connections are known to operators, too."
  }
}

# What the function converter starts.
run "converters_by_hand" {
  variables {
    ephemeral_storage_gib = 40
    size_classes          = "small:10:0.25:512:900,large::4:8192:7200"
  }

  assert {
    condition = (
      jsonencode({ for key, value in jsondecode(aws_ecs_task_definition.converter.container_definitions)[0] : key => value if !contains(["environment", "secrets"], key) }) ==
      jsonencode({
        command   = ["--help"]
        essential = true
        image     = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/statement-export/converter:1.4.0"
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
        name                   = "converter"
        readonlyRootFilesystem = true
        user                   = "65532:65532"
      })
    )
    error_message = "A converter by hand has another container: ${aws_ecs_task_definition.converter.container_definitions}"
  }

  assert {
    condition = alltrue([
      for key in ["environment", "secrets"] :
      jsondecode(aws_ecs_task_definition.converter.container_definitions)[0][key] == jsondecode(aws_batch_job_definition.converter.container_properties)[key]
    ])
    error_message = "A converter by hand has the settings and secrets of the jobs."
  }

  assert {
    condition = (
      aws_ecs_task_definition.converter.family == "statement-export-converter" &&
      aws_ecs_task_definition.converter.requires_compatibilities == toset(["FARGATE"]) && aws_ecs_task_definition.converter.network_mode == "awsvpc" &&
      aws_ecs_task_definition.converter.cpu == "4096" && aws_ecs_task_definition.converter.memory == "8192" &&
      aws_ecs_task_definition.converter.ephemeral_storage[0].size_in_gib == 40 &&
      aws_ecs_task_definition.converter.task_role_arn == "arn:aws:iam::123456789012:role/statement-export-converter" &&
      aws_ecs_task_definition.converter.execution_role_arn == "arn:aws:iam::123456789012:role/statement-export-converter-execution" &&
      one(aws_ecs_task_definition.converter.volume[*].name) == "tmp"
    )
    error_message = "A converter by hand has the converter's roles and room for a document of the largest class."
  }
}
