# Statement Export with a small network of its own. The order of the first deployment stands in README.md beside this.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The state knows ARNs and settings, no secret's value. Keep it where your other states are:
  # backend "s3" { … }
}

provider "aws" {
  region = var.region

  # The wrong account is refused before anything is made.
  allowed_account_ids = var.account_id == null ? null : [var.account_id]
}

module "statement_export" {
  source = "../.."

  image_tag   = var.image_tag
  bucket_name = var.bucket_name

  # Last step of the first deployment.
  schedules_enabled = var.schedules_enabled

  business_timezone = "Asia/Tokyo"
  # From the hour on at which the source's nightly load has ended: the month's end is in it in the first night, the third day is in
  # reserve.
  window   = { days = "1-3", hours = "3-9" }
  deadline = "06:00"

  vpc_id     = aws_vpc.main.id
  subnet_ids = aws_subnet.private[*].id
  databases  = { security_group_ids = [aws_security_group.databases.id] }
  # Nothing of the tasks leaves AWS's network.
  endpoints = { route_table_ids = [aws_route_table.private.id] }

  max_vcpus = { fargate = 32, fargate_spot = 0 }
  # Of the smaller database, less what others need: with 32 vCPU 128 converters may hold one each.
  database_connections = 200

  retention_years = 7
  # Begin without: what is published under COMPLIANCE stays for the whole retention, also a trial's documents.
  object_lock = var.object_lock

  operator_principals = var.operator_principals
  slack               = var.slack
  alert_emails        = var.alert_emails

  tags = { team = "statements" }
}
