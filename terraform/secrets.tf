# The URLs of ledger and source, with their passwords. Terraform makes the secrets and never their values, which would
# stand in its state: `aws secretsmanager put-secret-value` gives them (README, First deployment).

resource "aws_secretsmanager_secret" "database_url" {
  #checkov:skip=CKV2_AWS_57:The value is a whole URL, which no rotation function of AWS knows; README (Day 2) says how a password is changed.
  name        = "${local.name}/database-url"
  description = "DATABASE_URL: the ledger, postgres://USER:PASSWORD@HOST/DATABASE?sslrootcert=…"
  kms_key_id  = aws_kms_key.data.arn
  tags        = local.tags
}

resource "aws_secretsmanager_secret" "source_database_url" {
  #checkov:skip=CKV2_AWS_57:As above.
  count = var.source_database_apart ? 1 : 0

  name        = "${local.name}/source-database-url"
  description = "SOURCE_DATABASE_URL: the firm's relations, read only, postgres://USER:PASSWORD@HOST/DATABASE?sslrootcert=…"
  kms_key_id  = aws_kms_key.data.arn
  tags        = local.tags
}

locals {
  # Both programs read both databases.
  secret_arns = merge(
    { DATABASE_URL = aws_secretsmanager_secret.database_url.arn },
    var.source_database_apart ? { SOURCE_DATABASE_URL = aws_secretsmanager_secret.source_database_url[0].arn } : {},
  )
  # As ECS and Batch take them.
  container_secrets = [for name, arn in local.secret_arns : { name = name, valueFrom = arn }]
}
