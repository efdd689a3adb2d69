# What tasks reach, and that nothing reaches them.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  image_tag   = "1.4.0"
  bucket_name = "firm-statements"
  vpc_id      = "vpc-1"
  subnet_ids  = ["subnet-1", "subnet-2"]
  databases   = { security_group_ids = ["sg-database"] }
}

run "as_given" {
  assert {
    condition = (
      jsondecode(aws_batch_job_definition.converter.container_properties).networkConfiguration.assignPublicIp == "DISABLED" &&
      alltrue([for schedule in aws_scheduler_schedule.enqueuer : !schedule.target[0].ecs_parameters[0].network_configuration[0].assign_public_ip]) &&
      strcontains(output.operator_shell, "assignPublicIp=DISABLED")
    )
    error_message = "No task has a public address: not a converter's, not an enqueuer's, not an operator's."
  }

  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.enqueuer :
      schedule.target[0].ecs_parameters[0].network_configuration[0].subnets == toset(["subnet-1", "subnet-2"]) &&
      schedule.target[0].ecs_parameters[0].network_configuration[0].security_groups == toset(["sg-tasks"])
    ])
    error_message = "Enqueuers run in the private subnets and the tasks' group."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.endpoints) == 0
    error_message = "There is no way in."
  }

  assert {
    condition = jsonencode(concat(
      [for rule in aws_vpc_security_group_egress_rule.database_group : [rule.referenced_security_group_id, rule.ip_protocol, rule.from_port, rule.to_port]],
      [for rule in aws_vpc_security_group_egress_rule.database_address : [rule.cidr_ipv4, rule.ip_protocol, rule.from_port, rule.to_port]],
      [for rule in aws_vpc_security_group_egress_rule.https : [rule.cidr_ipv4, rule.ip_protocol, rule.from_port, rule.to_port]],
      )) == jsonencode([
      ["sg-database", "tcp", 5432, 5432],
      ["0.0.0.0/0", "tcp", 443, 443],
    ])
    error_message = "Out to the databases and, without endpoints, by HTTPS."
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) + length(aws_vpc_endpoint.s3) + length(aws_nat_gateway.nat) + length(aws_eip.nat) == 0 && output.egress_ip == null
    error_message = "Endpoints and NAT only when they are asked for."
  }
}

run "with_endpoints" {
  variables {
    endpoints = { route_table_ids = ["rtb-1"] }
    databases = { ports = [5432, 5433], cidr_blocks = ["10.0.8.0/24"] }
  }

  assert {
    condition = {
      for name, endpoint in aws_vpc_endpoint.interface : name => [endpoint.service_name, endpoint.vpc_endpoint_type, endpoint.private_dns_enabled ? "private" : ""]
      } == {
      for name in ["batch", "ecr.api", "ecr.dkr", "logs", "secretsmanager", "sns"] :
      name => ["com.amazonaws.ap-northeast-1.${name}", "Interface", "private"]
    }
    error_message = "An endpoint for each service that Fargate and the programs use."
  }

  assert {
    condition = (
      aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].service_name == "com.amazonaws.ap-northeast-1.s3" &&
      aws_vpc_endpoint.s3[0].route_table_ids == toset(["rtb-1"])
    )
    error_message = "S3 by a gateway in the subnets' route tables."
  }

  assert {
    condition = length(aws_vpc_security_group_egress_rule.https) == 0 && jsonencode(concat(
      [for rule in aws_vpc_security_group_egress_rule.database_address : [rule.cidr_ipv4, rule.from_port, rule.to_port]],
      [for rule in aws_vpc_security_group_egress_rule.endpoints : [rule.referenced_security_group_id, rule.from_port, rule.to_port]],
      [for rule in aws_vpc_security_group_egress_rule.s3 : [rule.prefix_list_id, rule.from_port, rule.to_port]],
      )) == jsonencode([
      ["10.0.8.0/24", 5432, 5432],
      ["10.0.8.0/24", 5433, 5433],
      ["sg-endpoints", 443, 443],
      ["pl-s3", 443, 443],
    ])
    error_message = "With endpoints nothing leaves AWS's network."
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.subnet_ids == toset(["subnet-1", "subnet-2"])])
    error_message = "Endpoints are in the tasks' subnets unless others are named."
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.endpoints[0].security_group_id == "sg-endpoints" &&
      aws_vpc_security_group_ingress_rule.endpoints[0].referenced_security_group_id == "sg-tasks" &&
      aws_vpc_security_group_ingress_rule.endpoints[0].from_port == 443 && aws_vpc_security_group_ingress_rule.endpoints[0].to_port == 443
    )
    error_message = "Endpoints are entered by our tasks alone."
  }
}

run "with_endpoints_in_subnets_of_their_own" {
  variables {
    subnet_ids = ["subnet-1", "subnet-2", "subnet-1b"]
    endpoints  = { route_table_ids = ["rtb-1"], subnet_ids = ["subnet-1", "subnet-2"] }
  }
  override_data {
    target = data.aws_subnet.tasks[2]
    values = { vpc_id = "vpc-1", map_public_ip_on_launch = false, availability_zone = "ap-northeast-1a" }
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.subnet_ids == toset(["subnet-1", "subnet-2"])])
    error_message = "Endpoints are in the subnets that are named for them."
  }
}

run "with_two_databases" {
  variables {
    databases = { ports = [5432, 6432], security_group_ids = ["sg-ledger", "sg-source"] }
  }

  assert {
    condition = jsonencode([for rule in aws_vpc_security_group_egress_rule.database_group : [rule.referenced_security_group_id, rule.from_port, rule.to_port]]) == jsonencode([
      ["sg-ledger", 5432, 5432], ["sg-ledger", 6432, 6432], ["sg-source", 5432, 5432], ["sg-source", 6432, 6432],
    ])
    error_message = "Out to each database by each port."
  }
}

run "with_prefix_lists" {
  variables {
    https_egress_prefix_list_ids = ["pl-1", "pl-2"]
  }

  assert {
    condition = length(aws_vpc_security_group_egress_rule.https) == 0 && jsonencode([
      for rule in aws_vpc_security_group_egress_rule.https_prefix_list : [rule.prefix_list_id, rule.ip_protocol, rule.from_port, rule.to_port]
    ]) == jsonencode([["pl-1", "tcp", 443, 443], ["pl-2", "tcp", 443, 443]])
    error_message = "By HTTPS to the prefix lists, and no longer everywhere."
  }
}

run "with_a_fixed_address" {
  variables {
    nat = { public_subnet_id = "subnet-public", route_table_ids = ["rtb-1", "rtb-2"] }
  }

  assert {
    condition = (
      aws_nat_gateway.nat[0].subnet_id == "subnet-public" && aws_nat_gateway.nat[0].allocation_id == aws_eip.nat[0].id &&
      [for route in aws_route.nat : [route.route_table_id, route.destination_cidr_block]] == [["rtb-1", "0.0.0.0/0"], ["rtb-2", "0.0.0.0/0"]] &&
      output.egress_ip == aws_eip.nat[0].public_ip
    )
    error_message = "One gateway, one address, the default route of each table."
  }
}

run "subnet_that_hands_out_public_addresses" {
  command         = plan
  expect_failures = [data.aws_subnet.tasks]

  override_data {
    target = data.aws_subnet.tasks[1]
    values = { vpc_id = "vpc-1", map_public_ip_on_launch = true }
  }
}

run "subnet_of_another_vpc" {
  command         = plan
  expect_failures = [data.aws_subnet.tasks]

  override_data {
    target = data.aws_subnet.tasks[0]
    values = { vpc_id = "vpc-2", map_public_ip_on_launch = false }
  }
}

run "one_zone" {
  command         = plan
  expect_failures = [var.subnet_ids]
  variables {
    subnet_ids = ["subnet-1"]
  }
}

run "two_subnets_of_one_zone" {
  command         = plan
  expect_failures = [aws_security_group.tasks]

  override_data {
    target = data.aws_subnet.tasks[1]
    values = { vpc_id = "vpc-1", map_public_ip_on_launch = false, availability_zone = "ap-northeast-1a" }
  }
}

run "endpoints_twice_in_a_zone" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.interface]
  variables {
    subnet_ids = ["subnet-1", "subnet-2", "subnet-1b"]
    endpoints  = { route_table_ids = ["rtb-1"] }
  }

  override_data {
    target = data.aws_subnet.tasks[2]
    values = { vpc_id = "vpc-1", map_public_ip_on_launch = false, availability_zone = "ap-northeast-1a" }
  }
}

run "endpoints_in_another_vpc" {
  command         = plan
  expect_failures = [data.aws_subnet.endpoints]
  variables {
    endpoints = { route_table_ids = ["rtb-1"], subnet_ids = ["subnet-1", "subnet-2"] }
  }

  override_data {
    target = data.aws_subnet.endpoints[1]
    values = { vpc_id = "vpc-2", availability_zone = "ap-northeast-1c" }
  }
}

run "endpoints_nowhere" {
  command         = plan
  expect_failures = [var.endpoints]
  variables {
    endpoints = { route_table_ids = ["rtb-1"], subnet_ids = [] }
  }
}

run "databases_without_a_port" {
  command         = plan
  expect_failures = [var.databases]
  variables {
    databases = { ports = [], security_group_ids = ["sg-database"] }
  }
}

run "port_that_does_not_exist" {
  command         = plan
  expect_failures = [var.databases]
  variables {
    databases = { ports = [54320, 65536], security_group_ids = ["sg-database"] }
  }
}

run "prefix_list_that_is_none" {
  command         = plan
  expect_failures = [var.https_egress_prefix_list_ids]
  variables {
    https_egress_prefix_list_ids = ["10.0.0.0/8"]
  }
}

run "no_database" {
  command         = plan
  expect_failures = [var.databases]
  variables {
    databases = {}
  }
}

run "database_everywhere" {
  command         = plan
  expect_failures = [var.databases]
  variables {
    databases = { cidr_blocks = ["0.0.0.0/0"] }
  }
}
