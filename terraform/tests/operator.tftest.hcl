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
      AWS_REGION               = "ap-northeast-1"
      BATCH_JOB_DEFINITION     = "statement-export-converter"
      BATCH_JOB_QUEUE          = "statement-export"
      BUCKET                   = "firm-statements"
      COMPUTE_ENVIRONMENT      = "statement-export-fargate-1"
      ENQUEUER_CLUSTER         = "statement-export-enqueuer"
      ENQUEUER_LINKS_ROLE      = "arn:aws:iam::123456789012:role/statement-export-links"
      ENQUEUER_LOG_GROUP       = "/statement-export/enqueuer"
      ENQUEUER_NETWORK         = "awsvpcConfiguration={subnets=[subnet-1,subnet-2],securityGroups=[sg-tasks],assignPublicIp=DISABLED}"
      ENQUEUER_TASK_DEFINITION = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/statement-export-enqueuer:7"
      LOG_GROUP                = "/statement-export/converter"
      STORE_URL                = "s3://firm-statements/statements"
      TOPIC_ARN                = "arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts"
      UNDELIVERED_QUEUE        = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/statement-export-undelivered-schedules"
    }
    error_message = "The variables of the runbooks are others: ${output.operator_shell}"
  }

  assert {
    condition     = length(regexall("(?m)^export ", output.operator_shell)) == 14 && length(regexall("(?m)^enqueuer\\(\\) \\{$", output.operator_shell)) == 1
    error_message = "The shell has its variables and one function."
  }

  assert {
    # Read by whoever may read the outputs.
    condition     = !strcontains(output.operator_shell, "secret") && !strcontains(output.operator_shell, "postgres")
    error_message = "No secret is in the shell, nor where it lies."
  }
}
