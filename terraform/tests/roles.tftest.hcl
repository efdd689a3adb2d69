# Who may do what: every statement of every role, as AWS gets it.

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
  # By sid: actions, resources, condition. What is not listed here is not allowed.

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.converter_execution.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      LogIn             = [["ecr:GetAuthorizationToken"], ["*"], {}]
      PullItsImage      = [["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], ["arn:aws:ecr:ap-northeast-1:123456789012:repository/statement-export/converter"], {}]
      WriteItsLog       = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/converter:log-stream:*"], {}]
      ReadItsSecrets    = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/database-url-AbCdEf", "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/source-database-url-AbCdEf"], {}]
      DecryptItsSecrets = [["kms:Decrypt"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "secretsmanager.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "Before a converter: its image, its log, its secrets. Now: ${aws_iam_role_policy.converter_execution.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.enqueuer_execution.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      LogIn             = [["ecr:GetAuthorizationToken"], ["*"], {}]
      PullItsImage      = [["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], ["arn:aws:ecr:ap-northeast-1:123456789012:repository/statement-export/enqueuer"], {}]
      WriteItsLog       = [["logs:CreateLogStream", "logs:PutLogEvents"], ["arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/enqueuer:log-stream:*"], {}]
      ReadItsSecrets    = [["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/database-url-AbCdEf", "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/source-database-url-AbCdEf"], {}]
      DecryptItsSecrets = [["kms:Decrypt"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "secretsmanager.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "Before an enqueuer: its image, its log, its secrets. Now: ${aws_iam_role_policy.enqueuer_execution.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.converter_task.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      PublishAndAdopt         = [["s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"], ["arn:aws:s3:::firm-statements/statements/*"], {}]
      TellAbsentFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::firm-statements"], {}]
      EncryptAndDecryptInS3   = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "A converter publishes below the store's prefix, and nothing else. Now: ${aws_iam_role_policy.converter_task.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.enqueuer_task.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      SubmitConverters        = [["batch:SubmitJob"], ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export", "arn:aws:batch:ap-northeast-1:123456789012:job-definition/statement-export-converter:*"], {}]
      TagJobs                 = [["batch:TagResource"], ["arn:aws:batch:ap-northeast-1:123456789012:job/*"], {}]
      SeeJobs                 = [["batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs"], ["*"], {}]
      EndJobs                 = [["batch:CancelJob", "batch:TerminateJob"], ["arn:aws:batch:ap-northeast-1:123456789012:job/*"], {}]
      TellPeople              = [["sns:GetTopicAttributes", "sns:Publish"], ["arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts"], {}]
      EncryptWhatIsTold       = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:ap-northeast-1:123456789012:key/alerts"], { StringEquals = { "kms:ViaService" = "sns.ap-northeast-1.amazonaws.com" } }]
      TellAbsentFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::firm-statements"], {}]
    })
    error_message = "An enqueuer submits to its queue with its definition, sees and ends jobs, tells, and reads no document. Now: ${aws_iam_role_policy.enqueuer_task.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.links_task.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      SignLinks               = [["s3:GetObject"], ["arn:aws:s3:::firm-statements/statements/*"], {}]
      TellAbsentFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::firm-statements"], {}]
      DecryptInS3             = [["kms:Decrypt"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "`link` reads documents, and nothing else. Now: ${aws_iam_role_policy.links_task.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_role_policy.scheduler.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      StartEnqueuer      = [["ecs:RunTask"], ["arn:aws:ecs:ap-northeast-1:123456789012:task-definition/statement-export-enqueuer:*"], { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" } }]
      TagEnqueuer        = [["ecs:TagResource"], ["arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/*"], { StringEquals = { "ecs:CreateAction" = "RunTask" } }]
      GiveItsRoles       = [["iam:PassRole"], ["arn:aws:iam::123456789012:role/statement-export-enqueuer", "arn:aws:iam::123456789012:role/statement-export-enqueuer-execution"], { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }]
      KeepUndelivered    = [["sqs:SendMessage"], ["arn:aws:sqs:ap-northeast-1:123456789012:statement-export-undelivered-schedules"], {}]
      EncryptUndelivered = [["kms:Decrypt", "kms:GenerateDataKey"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "sqs.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "Scheduler starts the enqueuer in its cluster with its two roles, and keeps what it cannot deliver. Now: ${aws_iam_role_policy.scheduler.policy}"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_iam_policy.operator.policy).Statement :
      statement.Sid => [flatten([statement.Action]), flatten([statement.Resource]), lookup(statement, "Condition", {})] if statement.Effect == "Allow"
      }) == jsonencode({
      StartEnqueuer           = [["ecs:RunTask"], ["arn:aws:ecs:ap-northeast-1:123456789012:task-definition/statement-export-enqueuer:*"], { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" } }]
      TagEnqueuer             = [["ecs:TagResource"], ["arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/*"], { StringEquals = { "ecs:CreateAction" = "RunTask" } }]
      StartConverter          = [["ecs:RunTask"], ["arn:aws:ecs:ap-northeast-1:123456789012:task-definition/statement-export-converter:*"], { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" } }]
      GiveTheirRoles          = [["iam:PassRole"], ["arn:aws:iam::123456789012:role/statement-export-enqueuer", "arn:aws:iam::123456789012:role/statement-export-enqueuer-execution", "arn:aws:iam::123456789012:role/statement-export-links", "arn:aws:iam::123456789012:role/statement-export-converter", "arn:aws:iam::123456789012:role/statement-export-converter-execution"], { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }]
      SeeItsTasks             = [["ecs:DescribeTasks"], ["arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/*"], {}]
      StopItsTasks            = [["ecs:StopTask"], ["arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/*"], { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" } }]
      FindItsTasks            = [["ecs:ListTasks"], ["*"], { ArnEquals = { "ecs:cluster" = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" } }]
      SeeSchedules            = [["scheduler:ListSchedules"], ["arn:aws:scheduler:ap-northeast-1:123456789012:schedule/*/*"], {}]
      ReadAndClearUndelivered = [["sqs:PurgeQueue", "sqs:ReceiveMessage"], ["arn:aws:sqs:ap-northeast-1:123456789012:statement-export-undelivered-schedules"], {}]
      DecryptUndelivered      = [["kms:Decrypt"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "sqs.ap-northeast-1.amazonaws.com" } }]
      ReadLogs                = [["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"], ["arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/converter", "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/converter:*", "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/enqueuer", "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/enqueuer:*"], {}]
      SeeBatch                = [["batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs"], ["*"], {}]
      SeeQueue                = [["batch:GetJobQueueSnapshot"], ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"], {}]
      SeeWhoIsTold            = [["sns:ListSubscriptionsByTopic"], ["arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts"], {}]
      SignLinks               = [["s3:GetObject"], ["arn:aws:s3:::firm-statements/statements/*"], {}]
      TellAbsentFromForbidden = [["s3:ListBucket"], ["arn:aws:s3:::firm-statements"], {}]
      DecryptInS3             = [["kms:Decrypt"], ["arn:aws:kms:ap-northeast-1:123456789012:key/data"], { StringEquals = { "kms:ViaService" = "s3.ap-northeast-1.amazonaws.com" } }]
    })
    error_message = "Operators start and stop enqueuers and converters, see, and clear what was not delivered; they change nothing else by themselves. Now: ${aws_iam_policy.operator.policy}"
  }

  # The same as rules, for whoever adds a statement and its line above.
  assert {
    condition = alltrue(flatten([
      for policy in [
        aws_iam_role_policy.converter_execution.policy, aws_iam_role_policy.enqueuer_execution.policy, aws_iam_role_policy.converter_task.policy,
        aws_iam_role_policy.enqueuer_task.policy, aws_iam_role_policy.links_task.policy, aws_iam_role_policy.scheduler.policy, aws_iam_policy.operator.policy,
        ] : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : !strcontains(action, "*") && !strcontains(lower(action), "delete") && !strcontains(action, ":Put*")
        ]
      ]
    ]))
    error_message = "No role has a right by wildcard, or one to delete."
  }

  assert {
    condition = alltrue(flatten([
      for policy in [
        aws_iam_role_policy.converter_execution.policy, aws_iam_role_policy.enqueuer_execution.policy, aws_iam_role_policy.converter_task.policy,
        aws_iam_role_policy.enqueuer_task.policy, aws_iam_role_policy.links_task.policy, aws_iam_role_policy.scheduler.policy, aws_iam_policy.operator.policy,
        ] : [
        for statement in jsondecode(policy).Statement : [
          for action in flatten([statement.Action]) : contains([
            "ecr:GetAuthorizationToken", "batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues",
            "batch:DescribeJobs", "batch:ListJobs", "ecs:ListTasks",
          ], action)
        ] if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "A right on every resource is for actions only that know none."
  }

  # Roles and who takes them on.
  assert {
    condition = alltrue([
      for role in [
        aws_iam_role.converter_task, aws_iam_role.converter_execution, aws_iam_role.enqueuer_task, aws_iam_role.enqueuer_execution, aws_iam_role.links_task,
        ] : jsonencode(jsondecode(role.assume_role_policy).Statement) == jsonencode([{
          Action    = "sts:AssumeRole"
          Condition = { ArnLike = { "aws:SourceArn" = "arn:aws:ecs:ap-northeast-1:123456789012:*" }, StringEquals = { "aws:SourceAccount" = "123456789012" } }
          Effect    = "Allow"
          Principal = { Service = "ecs-tasks.amazonaws.com" }
          Sid       = "TasksOfThisAccount"
      }])
    ])
    error_message = "Tasks of this account alone take on the tasks' roles."
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement) == jsonencode([{
      Action = "sts:AssumeRole"
      Condition = {
        StringEquals = {
          "aws:SourceAccount" = "123456789012"
          "aws:SourceArn"     = ["arn:aws:scheduler:ap-northeast-1:123456789012:schedule-group/statement-export-month-end", "arn:aws:scheduler:ap-northeast-1:123456789012:schedule-group/statement-export-always"]
        }
      }
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Sid       = "OurSchedules"
    }])
    error_message = "Our schedule groups alone take on Scheduler's role."
  }

  assert {
    condition     = length(aws_iam_role.operator) == 0 && output.operator_role_arn == null
    error_message = "Without named operators there is no role of theirs."
  }
}

run "with_operators" {
  variables {
    operator_principals = ["arn:aws:iam::123456789012:role/firm/night-shift"]
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.operator[0].assume_role_policy).Statement == [{
        Action    = "sts:AssumeRole"
        Effect    = "Allow"
        Principal = { AWS = ["arn:aws:iam::123456789012:role/firm/night-shift"] }
        Sid       = "NamedOperators"
      }] && aws_iam_role.operator[0].max_session_duration == 43200 && aws_iam_role_policy_attachment.operator[0].policy_arn == aws_iam_policy.operator.arn
    )
    error_message = "The named operators alone take on their role, which has the operators' policy and lasts a night."
  }
}

run "in_another_partition" {
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }
  override_data {
    target = data.aws_region.current
    values = { name = "us-gov-west-1" }
  }

  assert {
    condition = alltrue([
      for sid, resource in { for statement in jsondecode(aws_iam_role_policy.enqueuer_task.policy).Statement : statement.Sid => statement.Resource } :
      resource == "arn:aws-us-gov:batch:us-gov-west-1:123456789012:job/*" if contains(["TagJobs", "EndJobs"], sid)
    ])
    error_message = "Names of resources are of the partition and region that the module is in."
  }
}

run "everybody_is_no_operator" {
  command         = plan
  expect_failures = [var.operator_principals]
  variables {
    operator_principals = ["arn:aws:iam::123456789012:root"]
  }
}

run "no_wildcard_is_an_operator" {
  command         = plan
  expect_failures = [var.operator_principals]
  variables {
    operator_principals = ["arn:aws:iam::123456789012:role/*"]
  }
}
