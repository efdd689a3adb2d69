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

locals {
  zones = distinct(data.aws_subnet.tasks[*].availability_zone)
}

# EC2 takes neither apostrophes nor quotation marks in descriptions of groups and rules; a test holds that.
resource "aws_security_group" "tasks" {
  #checkov:skip=CKV2_AWS_5:Batch's compute environments and the schedules attach it.
  # A prefix: a group that must be replaced has to exist beside the one that is still in use.
  name_prefix = "${local.name}-tasks-"
  description = "Converters and enqueuers of ${local.name}: no way in"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${local.name}-tasks" })

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(local.zones) >= 2
      error_message = "subnet_ids are all in ${join(", ", local.zones)}: name subnets of two zones or more, one zone's failure must not be the month end's."
    }
  }
}

locals {
  database_groups    = setproduct(var.databases.security_group_ids, var.databases.ports)
  database_addresses = setproduct(var.databases.cidr_blocks, var.databases.ports)
}

resource "aws_vpc_security_group_egress_rule" "database_group" {
  # By number: ids of groups may be unknown until they are made.
  count = length(local.database_groups)

  security_group_id            = aws_security_group.tasks.id
  description                  = "Ledger and source"
  ip_protocol                  = "tcp"
  from_port                    = local.database_groups[count.index][1]
  to_port                      = local.database_groups[count.index][1]
  referenced_security_group_id = local.database_groups[count.index][0]
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "database_address" {
  for_each = { for pair in local.database_addresses : join(" ", pair) => { cidr_block = pair[0], port = pair[1] } }

  security_group_id = aws_security_group.tasks.id
  description       = "Ledger and source"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr_block
  tags              = local.tags
}

locals {
  # AWS's services have no fixed addresses, so without endpoints only the port can be fixed.
  https_egress_cidr_blocks = var.https_egress_cidr_blocks != null ? var.https_egress_cidr_blocks : (
    var.endpoints == null && length(var.https_egress_prefix_list_ids) == 0 ? ["0.0.0.0/0"] : []
  )
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(local.https_egress_cidr_blocks)

  security_group_id = aws_security_group.tasks.id
  description       = "Services of AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "https_prefix_list" {
  # By number: ids of lists may be unknown until they are made.
  count = length(var.https_egress_prefix_list_ids)

  security_group_id = aws_security_group.tasks.id
  description       = "Services of AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = var.https_egress_prefix_list_ids[count.index]
  tags              = local.tags
}
