# The example plans in an account where nothing is there yet: no number of resources hangs on an id that AWS has still to give.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-northeast-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

run "first_plan" {
  command = plan

  module {
    source = "./examples/complete"
  }

  variables {
    image_tag           = "1.4.0"
    bucket_name         = "firm-statements"
    operator_principals = ["arn:aws:iam::123456789012:role/night-shift"]
    slack               = { team_id = "T07EA123LEP", channel_id = "C07EZ1ABC23" }
    alert_emails        = ["month-end@firm.example"]
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch]) && output.database_connections_at_peak == 128
    error_message = "Tasks are in private subnets."
  }
}
