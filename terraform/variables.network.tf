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
  description = "Where tasks may connect to besides HTTPS: the ports of ledger and source, and the security groups or address ranges they are in."
  type = object({
    ports              = optional(list(number), [5432])
    security_group_ids = optional(list(string), [])
    cidr_blocks        = optional(list(string), [])
  })

  validation {
    condition     = length(var.databases.security_group_ids) + length(var.databases.cidr_blocks) > 0
    error_message = "databases names a security group or an address range: without one no task reaches the ledger."
  }

  validation {
    condition     = length(var.databases.ports) > 0 && alltrue([for port in var.databases.ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "databases.ports are the ports of ledger and source, e.g. [5432]."
  }

  validation {
    condition     = alltrue([for cidr in var.databases.cidr_blocks : can(cidrhost(cidr, 0)) && !endswith(cidr, "/0")])
    error_message = "databases.cidr_blocks are address ranges of your databases, not of everybody."
  }
}

variable "https_egress_cidr_blocks" {
  description = "Where tasks may connect to by HTTPS. Null: nowhere but the endpoints when this module makes them and https_egress_prefix_list_ids, else everywhere (AWS's services have no fixed addresses)."
  type        = list(string)
  default     = null
}

variable "https_egress_prefix_list_ids" {
  description = "Prefix lists that tasks may connect to by HTTPS besides: e.g. S3's where a gateway of yours leads to it, or one of yours."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.https_egress_prefix_list_ids : startswith(id, "pl-")])
    error_message = "https_egress_prefix_list_ids are ids of prefix lists, such as pl-61a54008."
  }
}

variable "endpoints" {
  description = "Makes VPC endpoints for the services that tasks use, so that nothing of theirs leaves AWS's network: a gateway for S3 in these route tables, interfaces for the others in subnet_ids, which may be one of each zone only, or in the subnets named here. Null: none; then the subnets need a NAT gateway or endpoints of yours."
  type = object({
    route_table_ids = list(string)
    subnet_ids      = optional(list(string))
  })
  default = null

  validation {
    condition     = var.endpoints == null ? true : length(var.endpoints.route_table_ids) > 0
    error_message = "endpoints.route_table_ids are the route tables of subnet_ids: without them S3 has no way."
  }

  validation {
    condition     = try(length(var.endpoints.subnet_ids), 1) > 0
    error_message = "endpoints.subnet_ids names a subnet or more, one of each zone; leave it out for the tasks' own."
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
