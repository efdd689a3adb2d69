# What tasks may reach, and what may reach them: nothing.

data "aws_subnet" "tasks" {
  # By number: the ids may be unknown until a VPC beside this module is made.
  count = length(var.subnet_ids)
  id    = var.subnet_ids[count.index]

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.vpc_id && !self.map_public_ip_on_launch
      error_message = "Subnet ${self.id} is not in ${var.vpc_id}, or hands out public addresses: tasks belong into private subnets."
    }
  }
}

resource "aws_security_group" "tasks" {
  #checkov:skip=CKV2_AWS_5:Batch's compute environments and the schedules attach it.
  # A prefix: a group that must be replaced has to exist beside the one that is still in use.
  name_prefix = "${local.name}-tasks-"
  description = "Converters and enqueuers of ${local.name}: no way in"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${local.name}-tasks" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "database_group" {
  # By number: ids of groups may be unknown until they are made.
  count = length(var.databases.security_group_ids)

  security_group_id            = aws_security_group.tasks.id
  description                  = "Ledger and source"
  ip_protocol                  = "tcp"
  from_port                    = var.databases.port
  to_port                      = var.databases.port
  referenced_security_group_id = var.databases.security_group_ids[count.index]
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "database_address" {
  for_each = toset(var.databases.cidr_blocks)

  security_group_id = aws_security_group.tasks.id
  description       = "Ledger and source"
  ip_protocol       = "tcp"
  from_port         = var.databases.port
  to_port           = var.databases.port
  cidr_ipv4         = each.value
  tags              = local.tags
}

locals {
  # AWS's services have no fixed addresses, so without endpoints only the port can be fixed.
  https_egress_cidr_blocks = var.https_egress_cidr_blocks != null ? var.https_egress_cidr_blocks : (
    var.endpoints == null ? ["0.0.0.0/0"] : []
  )
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(local.https_egress_cidr_blocks)

  security_group_id = aws_security_group.tasks.id
  description       = "AWS's services"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}
