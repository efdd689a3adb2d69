# What Fargate offers, and the size classes read with it.

locals {
  # vCPU -> MiB. https://docs.aws.amazon.com/batch/latest/APIReference/API_ResourceRequirement.html
  fargate_memory_mib = {
    "0.25" = [512, 1024, 2048]
    "0.5"  = range(1024, 4096 + 1, 1024)
    "1"    = range(2048, 8192 + 1, 1024)
    "2"    = range(4096, 16384 + 1, 1024)
    "4"    = range(8192, 30720 + 1, 1024)
    "8"    = range(16384, 61440 + 1, 4096)
    "16"   = range(32768, 122880 + 1, 8192)
  }

  size_classes = coalesce(var.size_classes, local.names.size_classes)

  sizes = [
    for class in split(",", local.size_classes) : {
      name            = trimspace(split(":", class)[0])
      vcpu            = trimspace(split(":", class)[2])
      memory_mib      = trimspace(split(":", class)[3])
      timeout_seconds = tonumber(trimspace(split(":", class)[4]))
    }
  ]

  smallest_vcpu = min([for size in local.sizes : tonumber(size.vcpu)]...)
  largest_vcpu  = max([for size in local.sizes : tonumber(size.vcpu)]...)

  # If nothing counts them (connections.tf).
  database_connections_at_peak = floor((var.max_vcpus.fargate + var.max_vcpus.fargate_spot) / local.smallest_vcpu) * local.connections_per_converter
}
