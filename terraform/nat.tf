# A fixed address for what leaves the private subnets, when it is wanted: a task's own address is another one at every start.

resource "aws_eip" "nat" {
  #checkov:skip=CKV2_AWS_19:It belongs to the NAT gateway below, not to an instance.
  count = var.nat == null ? 0 : 1

  domain = "vpc"
  tags   = merge(local.tags, { Name = "${local.name}-nat" })
}

# One, since one address is the point. When its zone fails tasks of all zones lose their way out, until it is back or
# another one is made; with endpoints only what is outside of AWS needs it.
resource "aws_nat_gateway" "nat" {
  count = var.nat == null ? 0 : 1

  allocation_id = aws_eip.nat[0].id
  subnet_id     = var.nat.public_subnet_id
  tags          = merge(local.tags, { Name = local.name })
}

resource "aws_route" "nat" {
  # By number: ids of route tables may be unknown until they are made.
  count = var.nat == null ? 0 : length(var.nat.route_table_ids)

  route_table_id         = var.nat.route_table_ids[count.index]
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.nat[0].id
}
