# What the tasks have in their environment. AWS_REGION and the credentials come from Fargate.

locals {
  # Of var.settings, those that both programs read. SSL_CERT_FILE is TLS's own: the programs' list (names.json) does not have it.
  settings_for_both = ["LEASE_SECONDS", "LOG", "SSL_CERT_FILE", "STALL_SECONDS"]
  known_everywhere  = ["SSL_CERT_FILE"]

  store_url = "s3://${aws_s3_bucket.statements.bucket}/${var.store_prefix}"

  settings_of_both = merge(
    {
      DEPLOYMENT        = "aws"
      STORE_URL         = local.store_url
      BUSINESS_TIMEZONE = var.business_timezone
      STATEMENT_PROFILE = var.statement_profile
    },
    { for name in local.settings_for_both : name => var.settings[name] if contains(keys(var.settings), name) },
  )

  # Converters send no alerts; the enqueuer's sweeps tell of what they leave in the ledger. But on AWS nothing has a default.
  converter_settings = merge(local.settings_of_both, { ALERTS = "log" })

  enqueuer_settings = merge(
    local.settings_of_both,
    {
      ALERTS          = "sns:${aws_sns_topic.alerts.arn}"
      BATCH_JOB_QUEUE = aws_batch_job_queue.statements.arn
      # With its revision: whoever rolls the image's tag back rolls both programs back.
      BATCH_JOB_DEFINITION = aws_batch_job_definition.converter.arn
      SIZE_CLASSES         = local.size_classes
      # What `enqueuer plan` reckons with: it asks Batch nothing.
      MAX_VCPUS = tostring(var.max_vcpus.fargate + var.max_vcpus.fargate_spot)
      # What `enqueuer check` lists.
      SCHEDULES = jsonencode(local.schedules_listed)
      # Of what operators start; the schedules' commands have their own.
      TIME_LIMIT_SECONDS = tostring(var.time_limit_seconds.operator)
    },
    !local.counts_connections ? {} : {
      DATABASE_CONNECTIONS      = tostring(var.database_connections)
      BATCH_CONSUMABLE_RESOURCE = local.consumable_resource_arn
    },
    var.deadline == null ? {} : { DEADLINE = var.deadline },
    { for name, value in var.settings : name => value if !contains(local.settings_for_both, name) },
  )

  # What a program is given and does not know: empty, or a name was mistyped. Preconditions of both definitions look.
  unknown_to_converter = setsubtract(
    concat(keys(local.converter_settings), keys(local.secret_arns)), concat(local.names.environment.converter, local.known_everywhere)
  )
  unknown_to_enqueuer = setsubtract(
    concat(keys(local.enqueuer_settings), keys(local.secret_arns)), concat(local.names.environment.enqueuer, local.known_everywhere)
  )
}
