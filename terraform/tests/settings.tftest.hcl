# What the programs are told, and the enqueuer's task.

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
  # From the documents that AWS gets. Names are those of the code: names.json is held against it by a test of the programs.
  assert {
    condition = alltrue([
      for program, container in {
        converter = jsondecode(aws_batch_job_definition.converter.container_properties)
        enqueuer  = jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0]
      } : length(setsubtract(concat(container.environment, container.secrets)[*].name, jsondecode(file("./names.json")).environment[program])) == 0
    ])
    error_message = "A task is given a setting that its program does not know."
  }

  assert {
    condition = { for setting in jsondecode(aws_batch_job_definition.converter.container_properties).environment : setting.name => setting.value } == {
      ALERTS            = "log"
      BUSINESS_TIMEZONE = "Asia/Tokyo"
      DEPLOYMENT        = "aws"
      STATEMENT_PROFILE = "/etc/statement-export/profile.toml"
      STORE_URL         = "s3://firm-statements/statements"
    }
    error_message = "The converter has everything that has no default on AWS, and nothing else."
  }

  assert {
    condition = { for setting in jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0].environment : setting.name => setting.value if setting.name != "SCHEDULES" } == {
      ALERTS               = "sns:arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts"
      BATCH_JOB_DEFINITION = "arn:aws:batch:ap-northeast-1:123456789012:job-definition/statement-export-converter:7"
      BATCH_JOB_QUEUE      = "arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"
      BUSINESS_TIMEZONE    = "Asia/Tokyo"
      DEPLOYMENT           = "aws"
      MAX_VCPUS            = "32"
      SIZE_CLASSES         = "small:20000:0.25:512:900,medium:500000:1:2048:3600,large::2:4096:14400"
      STATEMENT_PROFILE    = "/etc/statement-export/profile.toml"
      STORE_URL            = "s3://firm-statements/statements"
      TIME_LIMIT_SECONDS   = "43200"
    }
    error_message = "The enqueuer has everything that has no default on AWS, the job definition with its revision, and the programs' size classes."
  }

  assert {
    condition = (
      jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0].secrets[*].name == ["DATABASE_URL", "SOURCE_DATABASE_URL"] &&
      length([
        for setting in concat(
          jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0].environment,
          jsondecode(aws_batch_job_definition.converter.container_properties).environment,
        ) : setting if strcontains(setting.name, "DATABASE_URL")
      ]) == 0
    )
    error_message = "URLs of databases are secrets, never plain settings."
  }

  assert {
    condition = (
      jsonencode({ for key, value in jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0] : key => value if !contains(["environment", "secrets"], key) }) ==
      jsonencode({
        command   = ["--help"]
        essential = true
        image     = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/statement-export/enqueuer:1.4.0"
        logConfiguration = {
          logDriver = "awslogs"
          options = {
            awslogs-group         = "/statement-export/enqueuer"
            awslogs-region        = "ap-northeast-1"
            awslogs-stream-prefix = "enqueuer"
            mode                  = "blocking"
          }
        }
        mountPoints            = [{ containerPath = "/tmp", readOnly = false, sourceVolume = "tmp" }]
        name                   = "enqueuer"
        readonlyRootFilesystem = true
        user                   = "65532:65532"
      })
    )
    error_message = "The enqueuer's container is another one: ${aws_ecs_task_definition.enqueuer.container_definitions}"
  }

  assert {
    condition = (
      aws_ecs_task_definition.enqueuer.requires_compatibilities == toset(["FARGATE"]) && aws_ecs_task_definition.enqueuer.network_mode == "awsvpc" &&
      aws_ecs_task_definition.enqueuer.cpu == "1024" && aws_ecs_task_definition.enqueuer.memory == "2048" &&
      aws_ecs_task_definition.enqueuer.task_role_arn == "arn:aws:iam::123456789012:role/statement-export-enqueuer" &&
      aws_ecs_task_definition.enqueuer.execution_role_arn == "arn:aws:iam::123456789012:role/statement-export-enqueuer-execution" &&
      one(aws_ecs_task_definition.enqueuer.volume[*].name) == "tmp"
    )
    error_message = "The enqueuer is a Fargate task with its own two roles and a disk for /tmp."
  }

  assert {
    condition = alltrue([
      for group in [aws_cloudwatch_log_group.converter, aws_cloudwatch_log_group.enqueuer] :
      group.retention_in_days == 400 && group.kms_key_id == aws_kms_key.data.arn
    ])
    error_message = "Logs are kept for a year and more, encrypted."
  }

  assert {
    condition = alltrue([
      for secret in concat([aws_secretsmanager_secret.database_url], aws_secretsmanager_secret.source_database_url) :
      secret.kms_key_id == aws_kms_key.data.arn
    ])
    error_message = "Secrets are encrypted with our key."
  }
}

run "with_further_settings" {
  variables {
    source_database_apart = false
    deadline              = "06:00"
    max_vcpus             = { fargate = 16, fargate_spot = 48 }
    database_connections  = 400
    settings              = { LOG = "debug", LEASE_SECONDS = "60", STALL_SECONDS = "900", DOCUMENTS_PER_SLOT = "10", SSL_CERT_FILE = "/etc/statement-export/ca.pem" }
  }

  assert {
    condition = (
      jsondecode(aws_ecs_task_definition.enqueuer.container_definitions)[0].secrets[*].name == ["DATABASE_URL"] &&
      jsondecode(aws_batch_job_definition.converter.container_properties).secrets[*].name == ["DATABASE_URL"] &&
      length(aws_secretsmanager_secret.source_database_url) == 0 && keys(output.secret_arns) == ["DATABASE_URL"]
    )
    error_message = "One database, one secret."
  }

  assert {
    condition = (
      output.environment.enqueuer.DEADLINE == "06:00" && output.environment.enqueuer.DOCUMENTS_PER_SLOT == "10" &&
      output.environment.enqueuer.LOG == "debug" && output.environment.enqueuer.LEASE_SECONDS == "60" &&
      output.environment.enqueuer.SSL_CERT_FILE == "/etc/statement-export/ca.pem" && output.environment.converter.SSL_CERT_FILE == "/etc/statement-export/ca.pem" &&
      output.environment.converter.LOG == "debug" && output.environment.converter.LEASE_SECONDS == "60" &&
      output.environment.enqueuer.STALL_SECONDS == "900" && output.environment.converter.STALL_SECONDS == "900" &&
      !contains(keys(output.environment.converter), "DOCUMENTS_PER_SLOT") && !contains(keys(output.environment.converter), "DEADLINE")
    )
    error_message = "Each program gets the settings that it knows."
  }

  assert {
    condition     = output.environment.enqueuer.MAX_VCPUS == "64" && output.environment.enqueuer.DATABASE_CONNECTIONS == "400"
    error_message = "A plan reckons with all vCPUs, on demand and Spot, and with the databases' connections."
  }

  assert {
    condition     = output.database_connections_at_peak == 512
    error_message = "One database bears both connections."
  }
}

run "setting_of_the_module" {
  command         = plan
  expect_failures = [var.settings]
  variables {
    settings = { STORE_URL = "s3://elsewhere/statements" }
  }
}

run "secret_as_a_setting" {
  command         = plan
  expect_failures = [var.settings]
  variables {
    settings = { DATABASE_URL = "postgres://export@db.example/export" }
  }
}

run "connections_of_no_number" {
  command         = plan
  expect_failures = [var.database_connections]
  variables {
    database_connections = 0
  }
}

run "deadline_of_no_time" {
  command         = plan
  expect_failures = [var.deadline]
  variables {
    deadline = "6 am"
  }
}

run "profile_beside_the_image" {
  command         = plan
  expect_failures = [var.statement_profile]
  variables {
    statement_profile = "firm.toml"
  }
}
