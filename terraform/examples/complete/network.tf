# Two private subnets, no way to the internet: AWS's services are reached by the module's endpoints, the databases are here.
# Your own VPC and subnets do as well: hand their ids to the module, and leave this file out.

resource "aws_vpc" "main" {
  #checkov:skip=CKV2_AWS_11:Flow logs belong to your landing zone; this network is an example.
  cidr_block = var.vpc_cidr_block
  # Endpoints are found by the services' usual names.
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "statement-export" }
}

# The group that everything without one would be in: no way in or out.
resource "aws_default_security_group" "nothing" {
  vpc_id = aws_vpc.main.id
}

resource "aws_subnet" "private" {
  # A subnet per zone: one may fail. 1,000 addresses each, since every converter takes one while it runs.
  count = length(var.availability_zones)

  vpc_id                  = aws_vpc.main.id
  availability_zone       = var.availability_zones[count.index]
  cidr_block              = cidrsubnet(var.vpc_cidr_block, 6, count.index)
  map_public_ip_on_launch = false
  tags                    = { Name = "statement-export-private-${count.index}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
  tags   = { Name = "statement-export-private" }
}

resource "aws_route_table_association" "private" {
  count = length(aws_subnet.private)

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# Ledger and source, e.g. two Aurora PostgreSQL clusters: put them into this group.
resource "aws_security_group" "databases" {
  #checkov:skip=CKV2_AWS_5:The firm's databases are put into it; this example makes none.
  name_prefix = "statement-export-databases-"
  description = "Ledger and source of Statement Export: PostgreSQL from its tasks"
  vpc_id      = aws_vpc.main.id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "databases" {
  security_group_id            = aws_security_group.databases.id
  description                  = "Converters and enqueuers"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = module.statement_export.security_group_id
}
