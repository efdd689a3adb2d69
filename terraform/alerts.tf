# Where alerts go: one topic, to which the enqueuer, the alarms and the event rules publish, and from which Slack and e-mail read.

locals {
  # Written out rather than taken from the topic: the key's policy is there before the topic is.
  alerts_topic_arn = "${local.arn["sns"]}:${local.name}-alerts"
}

# A key of its own, so that who may send alerts has no right on the key of statements and secrets.
resource "aws_kms_key" "alerts" {
  description = "Alerts of ${local.name} while SNS holds them"
  # Auditors expect keys to change once a year; AWS keeps the former ones to read with.
  enable_key_rotation = true
  # The longest there is: a key deleted by mistake silences every alert.
  deletion_window_in_days = 30
  policy                  = jsonencode(local.alerts_key_policy)
  tags                    = local.tags
}

resource "aws_kms_alias" "alerts" {
  name          = "alias/${local.name}-alerts"
  target_key_id = aws_kms_key.alerts.key_id
}

locals {
  # SNS asks KMS in the name of whoever publishes, so each publisher needs both rights; readers of the topic need none.
  alerts_key_rights = ["kms:Decrypt", "kms:GenerateDataKey*"]

  alerts_key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        # Without it nobody could change the key again. Who may is said by the account's own IAM policies.
        Sid       = "AccountAdministersByIam"
        Effect    = "Allow"
        Principal = { AWS = local.account_root_arn }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "EnqueuerSendsAlerts"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.enqueuer_task.arn }
        Action    = local.alerts_key_rights
        Resource  = "*"
        Condition = { StringEquals = { "kms:ViaService" = "sns.${local.region}.amazonaws.com" } }
      },
      {
        Sid       = "AlarmsSendAlerts"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = local.alerts_key_rights
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        # No condition on purpose: SNS documents that aws:SourceAccount and aws:SourceArn in a key's policy are not supported when
        # EventBridge publishes to an encrypted topic. With one nothing would arrive, and nothing would say so. Which rules
        # may publish is said by the topic's policy.
        Sid       = "EventRulesSendAlerts"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = local.alerts_key_rights
        Resource  = "*"
      },
    ]
  }
}

resource "aws_sns_topic" "alerts" {
  name = "${local.name}-alerts"
  # What e-mails have as their sender's name.
  display_name = "Statement Export"
  # A key of ours: AWS's own key for SNS lets neither alarms nor event rules publish.
  kms_master_key_id = aws_kms_key.alerts.arn
  tags              = local.tags
}

# Replaces the policy that every topic begins with. Nobody gets a right to subscribe by it: that takes a right of the account's own IAM.
resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = jsonencode(local.alerts_topic_policy)
}

locals {
  alerts_topic_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.alerts_topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "EnqueuerPublishes"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.enqueuer_task.arn }
        Action    = "sns:Publish"
        Resource  = local.alerts_topic_arn
      },
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.alerts_topic_arn
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account_id }
          ArnEquals    = { "aws:SourceArn" = values(local.alarm_arns) }
        }
      },
      {
        Sid       = "EventRulesPublish"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.alerts_topic_arn
        # An ARN names its account, so that no other account's rule passes.
        Condition = { ArnEquals = { "aws:SourceArn" = values(local.event_rule_arns) } }
      },
    ]
  }
}

# The second way when Slack is away. Of an alert of the programs a mail has the plain text; alarms and events are AWS's own.
resource "aws_sns_topic_subscription" "email" {
  for_each = var.alert_emails

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

# Amazon Q Developer in chat applications, which was AWS Chatbot and still is called so by its API.
resource "aws_chatbot_slack_channel_configuration" "alerts" {
  count = var.slack == null ? 0 : 1

  configuration_name = "${local.name}-alerts"
  slack_team_id      = var.slack.team_id
  slack_channel_id   = var.slack.channel_id
  sns_topic_arns     = [aws_sns_topic.alerts.arn]
  iam_role_arn       = aws_iam_role.slack[0].arn
  # Without it AWS sets its policy of full administration as the limit of what a channel may do.
  guardrail_policy_arns = [aws_iam_policy.slack[0].arn]
  # Whoever is in the channel reads alerts; commands take a role of one's own.
  user_authorization_required = true
  # The default is NONE: a message that cannot be shown would vanish without a word.
  logging_level = "ERROR"
  tags          = local.tags
}

# What the channel itself may do: draw an alarm's graph.
resource "aws_iam_role" "slack" {
  count = var.slack == null ? 0 : 1

  name = "${local.name}-slack"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AmazonQInChat"
      Effect    = "Allow"
      Principal = { Service = "chatbot.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy_attachment" "slack" {
  count = var.slack == null ? 0 : 1

  role       = aws_iam_role.slack[0].name
  policy_arn = aws_iam_policy.slack[0].arn
}

# The channel's rights and its guardrail at once. Read only, and nothing of statements, ledger or logs.
resource "aws_iam_policy" "slack" {
  count = var.slack == null ? 0 : 1

  name        = "${local.name}-slack"
  description = "What may be seen from the Slack channel of ${local.name}: alarms and their graphs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SeeOurAlarms"
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarmHistory", "cloudwatch:DescribeAlarms"]
        Resource = values(local.alarm_arns)
      },
      {
        # These know no resources.
        Sid      = "DrawGraphs"
        Effect   = "Allow"
        Action   = ["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"]
        Resource = "*"
      },
    ]
  })
  tags = local.tags
}
