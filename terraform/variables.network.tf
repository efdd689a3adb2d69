# The module brings no network of its own: tasks run in private subnets that are there.

variable "vpc_id" {
  description = "The VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks, in two zones or more. Each task takes an address for as long as it runs."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "subnet_ids names two subnets or more: one zone's failure must not be the month end's."
  }
}

variable "databases" {
  description = "Where tasks may connect to besides HTTPS: the port of ledger and source, and the security groups or address ranges they are in."
  type = object({
    port               = optional(number, 5432)
    security_group_ids = optional(list(string), [])
    cidr_blocks        = optional(list(string), [])
  })

  validation {
    condition     = length(var.databases.security_group_ids) + length(var.databases.cidr_blocks) > 0
    error_message = "databases names a security group or an address range: without one no task reaches the ledger."
  }

  validation {
    condition     = alltrue([for cidr in var.databases.cidr_blocks : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "databases.cidr_blocks are address ranges of your databases, not of everybody."
  }
}

variable "https_egress_cidr_blocks" {
  description = "Where tasks may connect to by HTTPS. Null: nowhere but the endpoints when this module makes them, else everywhere (AWS's services have no fixed addresses)."
  type        = list(string)
  default     = null
}

variable "endpoints" {
  description = "Makes VPC endpoints for the services that tasks use, so that nothing of theirs leaves AWS's network: a gateway for S3 in these route tables, interfaces for the others in subnet_ids. Null: none; then the subnets need a NAT gateway or endpoints of yours."
  type = object({
    route_table_ids = list(string)
  })
  default = null

  validation {
    condition     = var.endpoints == null ? true : length(var.endpoints.route_table_ids) > 0
    error_message = "endpoints.route_table_ids are the route tables of subnet_ids: without them S3 has no way."
  }
}

variable "nat" {
  description = "Makes a NAT gateway with an Elastic IP in this public subnet and the default route of these route tables: one fixed address for a database or a gateway that allows by address. Null: none."
  type = object({
    public_subnet_id = string
    route_table_ids  = list(string)
  })
  default = null
}
