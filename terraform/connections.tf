# The connections that one database has for converters, as a consumable resource of Batch: a job begins only when those that its
# converter holds are free. Made only where database_connections is set.

locals {
  # Of one database: each converter holds a connection to the ledger and one to the source.
  connections_per_converter = var.source_database_apart ? 1 : 2
  # Everything about them goes by this.
  counts_connections = var.database_connections != null

  consumable_resource_arn = local.counts_connections ? aws_cloudformation_stack.database_connections[0].outputs["Arn"] : null
}

# By CloudFormation, since the provider has no such resource. The enqueuer's `check` holds it against DATABASE_CONNECTIONS.
resource "aws_cloudformation_stack" "database_connections" {
  #checkov:skip=CKV_AWS_124:One resource, made while somebody waits for the apply: there is nothing to be notified of.
  count = local.counts_connections ? 1 : 0

  name = "${local.name}-database-connections"
  # No tags: a stack's are its resources', and to change those of this one is to replace it, under jobs that wait for it.
  template_body = jsonencode({
    Resources = {
      Connections = {
        Type = "AWS::Batch::ConsumableResource"
        Properties = {
          ConsumableResourceName = "${local.name}-database-connections"
          # They come back when a job ends.
          ResourceType  = "REPLENISHABLE"
          TotalQuantity = var.database_connections
        }
      }
    }
    Outputs = { Arn = { Value = { Ref = "Connections" } } }
  })

  lifecycle {
    precondition {
      condition     = coalesce(var.database_connections, local.connections_per_converter) >= local.connections_per_converter
      error_message = "database_connections is below the ${local.connections_per_converter} that one converter holds: every job would wait for ever."
    }
  }
}

locals {
  # Of the enqueuer, which looks how many are free, and of operators, who look for what holds them.
  see_connections = {
    Sid      = "SeeConnections"
    Effect   = "Allow"
    Action   = ["batch:DescribeConsumableResource", "batch:ListJobsByConsumableResource"]
    Resource = local.consumable_resource_arn
  }
  see_connections_if_counted = [for statement in [local.see_connections] : statement if local.counts_connections]
}
