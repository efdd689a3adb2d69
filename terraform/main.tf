# What the other files share. One file per concern: README has the list.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  name = var.name

  # Names that code and infrastructure must agree on. A test of the programs holds this file against their code, so no
  # name of a setting, metric, alarm or retry rule is typed a second time here.
  names = jsondecode(file("${path.module}/names.json"))

  tags = merge(var.tags, { application = local.name })

  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_region.current.name
  partition  = data.aws_partition.current.partition

  # arn:aws:batch:REGION:ACCOUNT and the like, for resources that exist only later (jobs, tasks) or would make a circle.
  arn = {
    for service in ["batch", "ecs", "logs", "scheduler", "sns"] :
    service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}"
  }
  account_root_arn = "arn:${local.partition}:iam::${local.account_id}:root"
}
