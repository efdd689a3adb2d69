# One key for what the month end keeps: documents, secrets, logs, images, and undelivered events. Alerts have their own
# (kms of alerts.tf): other services may use that one.

locals {
  data_key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        # Without it nobody could ever change the key again. Rights to use it are given by IAM policies (roles.tf).
        Sid       = "AccountAdministersByIam"
        Effect    = "Allow"
        Principal = { AWS = local.account_root_arn }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        # CloudWatch Logs has no role of ours: it is let in here, for our log groups only.
        Sid       = "LogsOfOurGroups"
        Effect    = "Allow"
        Principal = { Service = "logs.${local.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"]
        Resource  = "*"
        Condition = {
          ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn.logs}:log-group:/${local.name}/*" }
        }
      },
    ]
  }
}

resource "aws_kms_key" "data" {
  description = "Documents, secrets, logs and images of ${local.name}"
  policy      = jsonencode(local.data_key_policy)
  # Yearly; what was encrypted before stays readable.
  enable_key_rotation = true
  # The longest there is: without the key every document is lost.
  deletion_window_in_days = 30
  tags                    = local.tags

  lifecycle {
    # No apply, and no destroy, takes the documents with it (README, Taking a trial down).
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "data" {
  name          = "alias/${local.name}-data"
  target_key_id = aws_kms_key.data.key_id
}
