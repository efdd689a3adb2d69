# One log group per program. Metrics are lines of these logs (Embedded Metric Format), so nothing else is needed for them.

resource "aws_cloudwatch_log_group" "converter" {
  name              = "/${local.name}/converter"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
  tags              = local.tags
}

resource "aws_cloudwatch_log_group" "enqueuer" {
  name              = "/${local.name}/enqueuer"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.data.arn
  tags              = local.tags
}

locals {
  log_configuration = {
    for program, group in {
      converter = aws_cloudwatch_log_group.converter.name
      enqueuer  = aws_cloudwatch_log_group.enqueuer.name
      } : program => {
      logDriver = "awslogs"
      options = {
        awslogs-group         = group
        awslogs-region        = local.region
        awslogs-stream-prefix = program
        # A task must not stand still because CloudWatch does: it would lose its lease. The ledger is the record; a lost
        # line is only a line.
        mode            = "non-blocking"
        max-buffer-size = "4m"
      }
    }
  }
}
