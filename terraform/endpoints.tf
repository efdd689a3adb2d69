# VPC endpoints, when they are wanted: then tasks need no way to the internet at all.

locals {
  # What Fargate needs to start a task (images, secrets, logs), and what the programs call (Batch, SNS). S3 has a gateway.
  interface_endpoints = var.endpoints == null ? [] : ["batch", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns"]

  # The tasks' own, unless others are named: an endpoint takes one subnet of a zone, tasks as many as there are.
  endpoint_subnets_apart = try(var.endpoints.subnet_ids, null) != null
  endpoint_subnet_ids    = local.endpoint_subnets_apart ? var.endpoints.subnet_ids : var.subnet_ids
  endpoint_zones         = local.endpoint_subnets_apart ? data.aws_subnet.endpoints[*].availability_zone : data.aws_subnet.tasks[*].availability_zone
}

data "aws_subnet" "endpoints" {
  # By number, as in network.tf.
  count = local.endpoint_subnets_apart ? length(var.endpoints.subnet_ids) : 0
  id    = var.endpoints.subnet_ids[count.index]

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.vpc_id
      error_message = "Subnet ${self.id} of endpoints.subnet_ids is not in ${var.vpc_id}."
    }
  }
}

# No endpoint has a policy of its own: other programs of the VPC use them, too. Roles and the bucket's policy say who may what.
resource "aws_vpc_endpoint" "s3" {
  count = var.endpoints == null ? 0 : 1

  vpc_id            = var.vpc_id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.s3"
  route_table_ids   = var.endpoints.route_table_ids
  tags              = merge(local.tags, { Name = "${local.name}-s3" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = toset(local.interface_endpoints)

  vpc_id             = var.vpc_id
  vpc_endpoint_type  = "Interface"
  service_name       = "com.amazonaws.${local.region}.${each.key}"
  subnet_ids         = local.endpoint_subnet_ids
  security_group_ids = aws_security_group.endpoints[*].id
  # The services' usual names then lead to the endpoint: no program needs to know of it.
  private_dns_enabled = true
  tags                = merge(local.tags, { Name = "${local.name}-${each.key}" })

  lifecycle {
    precondition {
      condition     = length(distinct(local.endpoint_zones)) == length(local.endpoint_zones)
      error_message = "Two subnets of the endpoints are in one zone (${join(", ", local.endpoint_zones)}), which AWS refuses: name one of each zone in endpoints.subnet_ids."
    }
  }
}

resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:The interface endpoints above attach it.
  count = var.endpoints == null ? 0 : 1

  name_prefix = "${local.name}-endpoints-"
  description = "Endpoints of AWS services: HTTPS from the tasks of ${local.name}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${local.name}-endpoints" })

  lifecycle {
    create_before_destroy = true
  }
}

# The one ingress rule of this module: from our tasks to our endpoints.
resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = var.endpoints == null ? 0 : 1

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "Tasks of ${local.name}"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.tasks.id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  count = var.endpoints == null ? 0 : 1

  security_group_id            = aws_security_group.tasks.id
  description                  = "Services of AWS by interface endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.endpoints[0].id
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  count = var.endpoints == null ? 0 : 1

  security_group_id = aws_security_group.tasks.id
  description       = "S3 by its gateway: documents, and the layers of images"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  tags              = local.tags
}
