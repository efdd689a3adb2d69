# Connections of the database: counted where it is said, and by nothing of AWS otherwise.

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

run "off_by_default" {
  assert {
    condition = (
      length(aws_cloudformation_stack.database_connections) == 0 &&
      length(aws_batch_job_queue.statements.job_state_time_limit_action) == 3 &&
      !contains(keys(output.environment.enqueuer), "BATCH_CONSUMABLE_RESOURCE") &&
      !strcontains(aws_iam_role_policy.enqueuer_task.policy, "onsumable") && !strcontains(aws_iam_policy.operator.policy, "onsumable") &&
      strcontains(output.operator_shell, "export CONSUMABLE_RESOURCE=''\n")
    )
    error_message = "Without database_connections there is no consumable resource, nor a right to one."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.alerts["queue-blocked"].event_pattern).detail == { jobQueue = ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"] }
    error_message = "Whatever blocks the queue is told."
  }
}

run "counted" {
  variables {
    database_connections = 400
  }

  assert {
    condition = jsondecode(aws_cloudformation_stack.database_connections[0].template_body) == {
      Resources = {
        Connections = {
          Type = "AWS::Batch::ConsumableResource"
          Properties = {
            ConsumableResourceName = "statement-export-database-connections"
            ResourceType           = "REPLENISHABLE"
            TotalQuantity          = 400
          }
        }
      }
      Outputs = { Arn = { Value = { Ref = "Connections" } } }
    }
    error_message = "The consumable resource has the connections: ${aws_cloudformation_stack.database_connections[0].template_body}"
  }

  assert {
    condition     = aws_cloudformation_stack.database_connections[0].tags == null
    error_message = "To change a tag would be to replace the resource."
  }

  assert {
    condition = (
      output.environment.enqueuer.DATABASE_CONNECTIONS == "400" &&
      output.environment.enqueuer.BATCH_CONSUMABLE_RESOURCE == "arn:aws:batch:ap-northeast-1:123456789012:consumable-resource/statement-export-database-connections" &&
      !contains(keys(output.environment.converter), "BATCH_CONSUMABLE_RESOURCE")
    )
    error_message = "The enqueuer asks for them, converters do not."
  }

  assert {
    condition     = length(aws_batch_job_queue.statements.job_state_time_limit_action) == 0
    error_message = "What waits for connections must not be cancelled by the queue."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.alerts["queue-blocked"].event_pattern).detail == {
      jobQueue     = ["arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export"]
      statusReason = [{ prefix = "MISCONFIGURATION:" }, { prefix = "CAPACITY:" }]
    }
    error_message = "What waits for connections blocks nothing that anybody is told of by AWS."
  }

  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.enqueuer_task.policy, aws_iam_policy.operator.policy] :
      [for statement in jsondecode(policy).Statement : [statement.Action, statement.Resource] if statement.Sid == "SeeConnections"] == [[
        ["batch:DescribeConsumableResource", "batch:ListJobsByConsumableResource"],
        "arn:aws:batch:ap-northeast-1:123456789012:consumable-resource/statement-export-database-connections",
      ]]
    ])
    error_message = "Enqueuers and operators see how many are free, and what holds them, of this resource alone."
  }

  assert {
    condition = contains(
      [for statement in jsondecode(aws_iam_role_policy.enqueuer_task.policy).Statement : statement.Resource if statement.Sid == "SubmitConverters"][0],
      "arn:aws:batch:ap-northeast-1:123456789012:consumable-resource/statement-export-database-connections",
    )
    error_message = "Whoever submits a job needs the right to what it asks for."
  }

  assert {
    condition     = strcontains(output.operator_shell, "export CONSUMABLE_RESOURCE='arn:aws:batch:ap-northeast-1:123456789012:consumable-resource/statement-export-database-connections'\n")
    error_message = "Operators know its name."
  }
}

run "fewer_than_a_converter_holds" {
  command         = plan
  expect_failures = [aws_cloudformation_stack.database_connections]
  variables {
    source_database_apart = false
    database_connections  = 1
  }
}
