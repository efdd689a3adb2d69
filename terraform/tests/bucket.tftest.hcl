# What is published: not public, not overwritten, not deleted, kept.

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
    condition = (
      aws_s3_bucket_public_access_block.statements.block_public_acls && aws_s3_bucket_public_access_block.statements.block_public_policy &&
      aws_s3_bucket_public_access_block.statements.ignore_public_acls && aws_s3_bucket_public_access_block.statements.restrict_public_buckets &&
      aws_s3_bucket_public_access_block.statements.bucket == "firm-statements"
    )
    error_message = "Public access is blocked in all four ways."
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.statements.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "No ACLs."
  }

  assert {
    condition     = aws_s3_bucket_versioning.statements.versioning_configuration[0].status == "Enabled"
    error_message = "Versions are kept."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_server_side_encryption_configuration.statements.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
      rule.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.data.arn
    ])
    error_message = "Encrypted with our key, by way of a bucket key."
  }

  assert {
    # Whole and exact: what is denied to everybody. Nothing is allowed by it.
    condition = jsonencode([
      for statement in jsondecode(aws_s3_bucket_policy.statements.policy).Statement :
      [statement.Sid, statement.Effect, statement.Principal, statement.Action, statement.Resource, lookup(statement, "Condition", {})]
      ]) == jsonencode([
      ["TlsOnly", "Deny", "*", "s3:*", ["arn:aws:s3:::firm-statements", "arn:aws:s3:::firm-statements/*"], { Bool = { "aws:SecureTransport" = "false" } }],
      ["ModernTlsOnly", "Deny", "*", "s3:*", ["arn:aws:s3:::firm-statements", "arn:aws:s3:::firm-statements/*"], { NumericLessThan = { "s3:TlsVersion" = "1.2" } }],
      ["NoOtherEncryption", "Deny", "*", "s3:PutObject", "arn:aws:s3:::firm-statements/*", {
        Null            = { "s3:x-amz-server-side-encryption" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
      }],
      ["NoOtherKey", "Deny", "*", "s3:PutObject", "arn:aws:s3:::firm-statements/*", {
        Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
        StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "arn:aws:kms:ap-northeast-1:123456789012:key/data" }
      }],
      ["NoKeyOfTheCaller", "Deny", "*", "s3:PutObject", "arn:aws:s3:::firm-statements/*", { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }],
      ["CreateOnly", "Deny", "*", "s3:PutObject", "arn:aws:s3:::firm-statements/*", { Null = { "s3:if-none-match" = "true" } }],
      ["NobodyDeletes", "Deny", "*", ["s3:DeleteObject", "s3:DeleteObjectVersion"], "arn:aws:s3:::firm-statements/*", {}],
    ])
    error_message = "The bucket's policy is another one: ${aws_s3_bucket_policy.statements.policy}"
  }

  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.statements) == 0 && length(aws_s3_bucket_logging.statements) == 0
    error_message = "Object Lock and access logs only when they are asked for."
  }

  assert {
    condition = jsonencode({
      for rule in aws_s3_bucket_lifecycle_configuration.statements.rule : rule.id => [
        rule.status,
        one(rule.abort_incomplete_multipart_upload[*].days_after_initiation),
        one(rule.noncurrent_version_expiration[*].noncurrent_days),
        one([for transition in rule.transition : [transition.days, transition.storage_class]]),
        one(rule.expiration[*].days),
      ]
      }) == jsonencode({
      uploads-that-broke-off = ["Enabled", 1, null, null, null]
      old-versions           = ["Enabled", null, 2562, null, null]
      colder-storage         = ["Enabled", null, null, [90, "GLACIER_IR"], null]
    })
    error_message = "Nothing expires, old versions are kept for the whole retention of 7 years, and documents move to a class that answers at once."
  }

  assert {
    condition     = output.store_url == "s3://firm-statements/statements" && output.environment.converter.STORE_URL == output.store_url && output.environment.enqueuer.STORE_URL == output.store_url
    error_message = "Both programs have the same store."
  }

  assert {
    condition     = aws_kms_key.data.enable_key_rotation && aws_kms_key.data.deletion_window_in_days == 30
    error_message = "The key changes yearly, and its deletion can be called back for 30 days."
  }

  assert {
    condition = jsonencode([
      for statement in jsondecode(aws_kms_key.data.policy).Statement : [statement.Principal, statement.Action, lookup(statement, "Condition", null)]
      ]) == jsonencode([
      [{ AWS = "arn:aws:iam::123456789012:root" }, "kms:*", null],
      [
        { Service = "logs.ap-northeast-1.amazonaws.com" },
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"],
        { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/statement-export/*" } },
      ],
    ])
    error_message = "The key is the account's, and CloudWatch Logs' for our groups: ${aws_kms_key.data.policy}"
  }
}

run "locked_and_expiring" {
  variables {
    retention_years    = 10
    expire_after_years = 10
    object_lock        = "COMPLIANCE"
    colder_storage     = null
    access_log_bucket  = "firm-access-logs"
  }

  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.statements[0].rule[0].default_retention[0].mode == "COMPLIANCE" &&
      aws_s3_bucket_object_lock_configuration.statements[0].rule[0].default_retention[0].years == 10
    )
    error_message = "Object Lock holds for the retention."
  }

  assert {
    condition = alltrue(flatten([
      for rule in aws_s3_bucket_lifecycle_configuration.statements.rule :
      [for days in concat(rule.expiration[*].days, rule.noncurrent_version_expiration[*].noncurrent_days) : days >= 10 * 365 + 3]
      ])) && toset(aws_s3_bucket_lifecycle_configuration.statements.rule[*].id) == toset([
      "uploads-that-broke-off", "old-versions", "expire"
    ])
    error_message = "Nothing is removed before ten years with their leap days."
  }

  assert {
    condition     = aws_s3_bucket_logging.statements[0].target_bucket == "firm-access-logs" && aws_s3_bucket_logging.statements[0].target_prefix == "firm-statements/"
    error_message = "Access logs go where they were asked for."
  }
}

run "kept_too_short" {
  command         = plan
  expect_failures = [var.retention_years]
  variables {
    retention_years = 4
  }
}

run "expires_before_retention_does" {
  command         = plan
  expect_failures = [var.expire_after_years]
  variables {
    retention_years    = 7
    expire_after_years = 6
  }
}

run "lock_of_no_kind" {
  command         = plan
  expect_failures = [var.object_lock]
  variables {
    object_lock = "LEGAL_HOLD"
  }
}

run "class_that_answers_in_hours" {
  command         = plan
  expect_failures = [var.colder_storage]
  variables {
    colder_storage = { storage_class = "DEEP_ARCHIVE" }
  }
}

run "prefix_that_is_the_whole_bucket" {
  command         = plan
  expect_failures = [var.store_prefix]
  variables {
    store_prefix = ""
  }
}

run "prefix_with_a_wildcard" {
  command         = plan
  expect_failures = [var.store_prefix]
  variables {
    store_prefix = "statements/*"
  }
}

run "logs_kept_too_short" {
  command         = plan
  expect_failures = [var.log_retention_days]
  variables {
    log_retention_days = 30
  }
}
