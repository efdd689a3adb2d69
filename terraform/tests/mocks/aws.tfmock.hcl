# What AWS would answer. Only what policies, documents or the provider's own checks read: all else is the mock's.

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_region" {
  defaults = { name = "ap-northeast-1" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}

mock_data "aws_subnet" {
  defaults = { vpc_id = "vpc-1", map_public_ip_on_launch = false }
}

override_data {
  target = data.aws_subnet.tasks[0]
  values = { vpc_id = "vpc-1", map_public_ip_on_launch = false, availability_zone = "ap-northeast-1a" }
}

override_data {
  target = data.aws_subnet.tasks[1]
  values = { vpc_id = "vpc-1", map_public_ip_on_launch = false, availability_zone = "ap-northeast-1c" }
}

mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:ap-northeast-1:123456789012:key/other", key_id = "other" }
}

override_resource {
  target = aws_kms_key.data
  values = { arn = "arn:aws:kms:ap-northeast-1:123456789012:key/data", key_id = "data" }
}

override_resource {
  target = aws_kms_key.alerts
  values = { arn = "arn:aws:kms:ap-northeast-1:123456789012:key/alerts", key_id = "alerts" }
}

override_resource {
  target = aws_s3_bucket.statements
  values = { id = "firm-statements", arn = "arn:aws:s3:::firm-statements" }
}

override_resource {
  target = aws_ecr_repository.program["converter"]
  values = {
    arn            = "arn:aws:ecr:ap-northeast-1:123456789012:repository/statement-export/converter"
    repository_url = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/statement-export/converter"
  }
}

override_resource {
  target = aws_ecr_repository.program["enqueuer"]
  values = {
    arn            = "arn:aws:ecr:ap-northeast-1:123456789012:repository/statement-export/enqueuer"
    repository_url = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/statement-export/enqueuer"
  }
}

override_resource {
  target = aws_secretsmanager_secret.database_url
  values = { arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/database-url-AbCdEf" }
}

override_resource {
  target = aws_secretsmanager_secret.source_database_url[0]
  values = { arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:statement-export/source-database-url-AbCdEf" }
}

override_resource {
  target = aws_cloudwatch_log_group.converter
  values = { arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/converter" }
}

override_resource {
  target = aws_cloudwatch_log_group.enqueuer
  values = { arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/enqueuer" }
}

override_resource {
  target = aws_batch_compute_environment.fargate
  values = {
    arn                      = "arn:aws:batch:ap-northeast-1:123456789012:compute-environment/statement-export-fargate-1"
    compute_environment_name = "statement-export-fargate-1"
  }
}

override_resource {
  target = aws_batch_compute_environment.fargate_spot[0]
  values = {
    arn                      = "arn:aws:batch:ap-northeast-1:123456789012:compute-environment/statement-export-fargate-spot-1"
    compute_environment_name = "statement-export-fargate-spot-1"
  }
}

override_resource {
  target = aws_batch_job_queue.statements
  values = { arn = "arn:aws:batch:ap-northeast-1:123456789012:job-queue/statement-export" }
}

override_resource {
  target = aws_batch_job_definition.converter
  values = {
    arn      = "arn:aws:batch:ap-northeast-1:123456789012:job-definition/statement-export-converter:7"
    revision = 7
  }
}

override_resource {
  target = aws_cloudformation_stack.database_connections[0]
  values = { outputs = { Arn = "arn:aws:batch:ap-northeast-1:123456789012:consumable-resource/statement-export-database-connections" } }
}

override_resource {
  target = aws_ecs_cluster.enqueuer
  values = { arn = "arn:aws:ecs:ap-northeast-1:123456789012:cluster/statement-export-enqueuer" }
}

override_resource {
  target = aws_ecs_task_definition.enqueuer
  values = { arn = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/statement-export-enqueuer:7" }
}

override_resource {
  target = aws_security_group.tasks
  values = { id = "sg-tasks" }
}

override_resource {
  target = aws_security_group.endpoints[0]
  values = { id = "sg-endpoints" }
}

override_resource {
  target = aws_vpc_endpoint.s3[0]
  values = { id = "vpce-s3", prefix_list_id = "pl-s3" }
}

override_resource {
  target = aws_sns_topic.alerts
  values = { arn = "arn:aws:sns:ap-northeast-1:123456789012:statement-export-alerts" }
}

override_resource {
  target = aws_sqs_queue.undelivered_schedules
  values = {
    arn = "arn:aws:sqs:ap-northeast-1:123456789012:statement-export-undelivered-schedules"
    url = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/statement-export-undelivered-schedules"
  }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:ap-northeast-1:123456789012:statement-export-other"
    url = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/statement-export-other"
  }
}

override_resource {
  target = aws_scheduler_schedule_group.month_end
  values = { arn = "arn:aws:scheduler:ap-northeast-1:123456789012:schedule-group/statement-export-month-end" }
}

override_resource {
  target = aws_scheduler_schedule_group.always
  values = { arn = "arn:aws:scheduler:ap-northeast-1:123456789012:schedule-group/statement-export-always" }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/statement-export-other" }
}

override_resource {
  target = aws_iam_role.converter_task
  values = { id = "statement-export-converter", arn = "arn:aws:iam::123456789012:role/statement-export-converter" }
}

override_resource {
  target = aws_iam_role.converter_execution
  values = { id = "statement-export-converter-execution", arn = "arn:aws:iam::123456789012:role/statement-export-converter-execution" }
}

override_resource {
  target = aws_iam_role.enqueuer_task
  values = { id = "statement-export-enqueuer", arn = "arn:aws:iam::123456789012:role/statement-export-enqueuer" }
}

override_resource {
  target = aws_iam_role.enqueuer_execution
  values = { id = "statement-export-enqueuer-execution", arn = "arn:aws:iam::123456789012:role/statement-export-enqueuer-execution" }
}

override_resource {
  target = aws_iam_role.links_task
  values = { id = "statement-export-links", arn = "arn:aws:iam::123456789012:role/statement-export-links" }
}

override_resource {
  target = aws_iam_role.scheduler
  values = { id = "statement-export-scheduler", arn = "arn:aws:iam::123456789012:role/statement-export-scheduler" }
}

mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::123456789012:policy/statement-export-other" }
}
