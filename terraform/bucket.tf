# Where documents are published. Nothing of it is public, nothing in it is overwritten or deleted.

resource "aws_s3_bucket" "statements" {
  #checkov:skip=CKV2_AWS_62:Nobody waits for an event of the bucket: the ledger says what is published.
  #checkov:skip=CKV_AWS_144:Replication to another region is the firm's decision (where data may lie); every document can be made again, byte for byte, from the source.
  #checkov:skip=CKV_AWS_18:Access is logged when access_log_bucket names a bucket for it (below); the check does not see a logging that is optional.
  bucket = var.bucket_name
  tags   = local.tags

  lifecycle {
    # Another name would be another bucket: the documents would lie in one that nobody knows any more.
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "statements" {
  bucket                  = aws_s3_bucket.statements.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "statements" {
  bucket = aws_s3_bucket.statements.id

  rule {
    # No ACLs: who may read is said by policies alone.
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "statements" {
  bucket = aws_s3_bucket.statements.id

  rule {
    # One call of KMS for many documents instead of one each: half a million in a night would meet its limits.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "statements" {
  bucket = aws_s3_bucket.statements.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "statements" {
  count = var.access_log_bucket == null ? 0 : 1

  bucket        = aws_s3_bucket.statements.id
  target_bucket = var.access_log_bucket
  target_prefix = "${var.bucket_name}/"
}

locals {
  bucket_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.statements.arn, "${aws_s3_bucket.statements.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "ModernTlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.statements.arn, "${aws_s3_bucket.statements.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      # The converter says nothing of encryption and gets the bucket's. Whoever does say something must say the same: a
      # request without the header has no such key (Null), and StringNotEquals alone would be true for it.
      {
        Sid       = "NoOtherEncryption"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.statements.arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
        }
      },
      {
        Sid       = "NoOtherKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.statements.arn}/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.data.arn }
        }
      },
      {
        Sid       = "NoKeyOfTheCaller"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.statements.arn}/*"
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
      },
      # A published document is never overwritten: the converter puts with If-None-Match, and nobody may put without it.
      # This also denies copies and multipart uploads, of which there are none.
      {
        Sid       = "CreateOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.statements.arn}/*"
        Condition = { Null = { "s3:if-none-match" = "true" } }
      },
      # Nor deleted, by anybody. Only the lifecycle removes, and not before the retention has ended.
      {
        Sid       = "NobodyDeletes"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
        Resource  = "${aws_s3_bucket.statements.arn}/*"
      },
    ]
  }
}

resource "aws_s3_bucket_policy" "statements" {
  bucket = aws_s3_bucket.statements.id
  policy = jsonencode(local.bucket_policy)

  # A policy that is put while the block is not there yet would be looked at as a possibly public one.
  depends_on = [aws_s3_bucket_public_access_block.statements]
}

resource "aws_s3_bucket_object_lock_configuration" "statements" {
  count = var.object_lock == null ? 0 : 1

  # Needs versions.
  bucket = aws_s3_bucket_versioning.statements.bucket

  rule {
    default_retention {
      mode  = var.object_lock
      years = var.retention_years
    }
  }
}

locals {
  # With leap days: never a day short.
  retention_days = var.retention_years * 366
}

resource "aws_s3_bucket_lifecycle_configuration" "statements" {
  #checkov:skip=CKV_AWS_300:The first rule does it; the check sees the dynamic rules only.
  # A rule for old versions needs versions.
  bucket = aws_s3_bucket_versioning.statements.bucket

  rule {
    id     = "uploads-that-broke-off"
    status = "Enabled"
    filter {}

    # The programs make none (the bucket's policy denies them): of whoever tried.
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}

    # There are none, unless somebody lifted the bucket's policy and deleted or replaced a document. What was issued is
    # kept then as if nothing had happened.
    noncurrent_version_expiration {
      noncurrent_days = local.retention_days
    }
  }

  dynamic "rule" {
    for_each = var.colder_storage == null ? [] : [var.colder_storage]
    content {
      id     = "colder-storage"
      status = "Enabled"
      filter {}

      # Customers look at a statement in its first weeks. What is below 128 KiB stays where it is (S3's default): moving it
      # would cost more than it saves.
      transition {
        days          = rule.value.after_days
        storage_class = rule.value.storage_class
      }
    }
  }

  dynamic "rule" {
    for_each = var.expire_after_years == null ? [] : [var.expire_after_years]
    content {
      id     = "expire"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value * 366
      }
    }
  }
}
