# Questions to the logs that come up again and again, saved in CloudWatch (Logs Insights, Queries, folder of this deployment). Fields are
# those of the programs' lines: metrics by names.json, everything else as the README says it.

locals {
  # Of Logs Insights' own language. What differs from case to case is the time range, and the document's id.
  queries = {
    errors = {
      groups = [aws_cloudwatch_log_group.enqueuer.name, aws_cloudwatch_log_group.converter.name]
      query  = <<-QUERY
        fields @timestamp, level, message, cause, error, @logStream
        | filter level in ["WARN", "ERROR"]
        | sort @timestamp desc
        | limit 200
      QUERY
    }
    attempts-by-outcome = {
      groups = [aws_cloudwatch_log_group.converter.name]
      query  = <<-QUERY
        filter ispresent(${local.names.metrics.attempts})
        | stats sum(${local.names.metrics.attempts}) as attempts, pct(${local.names.metrics.attempt_duration}, 50) as p50_ms, pct(${local.names.metrics.attempt_duration}, 95) as p95_ms by bin(5m), outcome
      QUERY
    }
    failures-by-cause = {
      groups = [aws_cloudwatch_log_group.converter.name]
      query  = <<-QUERY
        filter message = "not published"
        | stats count(*) as attempts by cause
        | sort attempts desc
      QUERY
    }
    slowest-documents = {
      groups = [aws_cloudwatch_log_group.converter.name]
      query  = <<-QUERY
        fields document_id, kind, outcome, ${local.names.metrics.attempt_duration}, ${local.names.metrics.document_rows}, ${local.names.metrics.document_bytes}, @logStream
        | filter ispresent(${local.names.metrics.attempt_duration})
        | sort ${local.names.metrics.attempt_duration} desc
        | limit 50
      QUERY
    }
    one-document = {
      groups = [aws_cloudwatch_log_group.enqueuer.name, aws_cloudwatch_log_group.converter.name]
      query  = <<-QUERY
        fields @timestamp, level, message, cause, error, @logStream
        | filter @message like "2026-10.trade.A0001"
        | sort @timestamp asc
      QUERY
    }
    alerts = {
      groups = [aws_cloudwatch_log_group.enqueuer.name]
      query  = <<-QUERY
        fields @timestamp, alert, message, error
        | filter ispresent(alert)
        | sort @timestamp desc
        | limit 200
      QUERY
    }
  }
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = local.queries

  # A slash makes a folder of what stands before it.
  name            = "${local.name}/${each.key}"
  log_group_names = each.value.groups
  query_string    = each.value.query
}
