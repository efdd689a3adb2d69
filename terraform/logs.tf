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
    for program, it in {
      # A converter must not stand still because CloudWatch does: it would lose its lease. The ledger is the record; a lost line
      # is only a line.
      converter = { group = aws_cloudwatch_log_group.converter.name, mode = { mode = "non-blocking", max-buffer-size = "4m" } }
      # An operator's answer comes by the log (operator.sh), and of a month it is longer than any buffer: it waits rather than lose
      # its middle without a word. An enqueuer that stands still loses its lease only: the next one goes on. A sweep's few lines do not fill what the driver holds.
      # Named, since the default is the account's.
      enqueuer = { group = aws_cloudwatch_log_group.enqueuer.name, mode = { mode = "blocking" } }
      } : program => {
      logDriver = "awslogs"
      options = merge(it.mode, {
        awslogs-group         = it.group
        awslogs-region        = local.region
        awslogs-stream-prefix = program
      })
    }
  }
}
