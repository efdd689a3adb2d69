# What must be given stands first. Alarms and Slack: variables.alerts.tf. Network: variables.network.tf.

variable "image_tag" {
  description = "Tag of both images, e.g. the version. One for both, so that enqueuer and converter are always of one build; the old tag rolls both back."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag is one tag of a build, not latest: tags are immutable, and a document names the version that made it."
  }
}

variable "bucket_name" {
  description = "Name of the bucket that the documents are published in; unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name has 3 to 63 lower case letters, digits and hyphens. (No dots: TLS could not verify the bucket's host name.)"
  }
}

variable "name" {
  description = "Begins the name of everything here; a second deployment in the same account and region needs another one."
  type        = string
  default     = "statement-export"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name has 3 to 32 lower case letters, digits and hyphens, and begins with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that takes tags, besides application = name."
  type        = map(string)
  default     = {}
}

# --- the month end -------------------------------------------------------------------------------------------------

variable "schedules_enabled" {
  description = "Whether the schedules fire. Leave it false until both images are pushed, the secrets have values and `enqueuer migrate` and `enqueuer check` are content."
  type        = bool
  default     = false
}

variable "business_timezone" {
  description = "IANA time zone of periods, dates of issue, the window and the deadline."
  type        = string
  default     = "Asia/Tokyo"

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z_]+/[A-Za-z0-9_+/-]+)$", var.business_timezone))
    error_message = "business_timezone is an IANA name, e.g. Asia/Tokyo."
  }
}

variable "window" {
  description = "The month-end window, in business_timezone: on these days of the month and in these hours a run begins every 15 minutes until the month is recorded, and a sweep every minute. Its first hour must lie after the source's nightly load: before it the source is not ready, and half an hour of that is the alarm month-not-started. As in cron, e.g. { days = \"1-3\", hours = \"3-9\" }."
  type = object({
    days  = optional(string, "1-3")
    hours = optional(string, "0-9")
  })
  default = {}

  validation {
    # On days 29 to 31 some months would have no window.
    condition = can(regex("^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$", var.window.days)) && alltrue([
      for day in regexall("[0-9]+", var.window.days) : tonumber(day) >= 1 && tonumber(day) <= 28
    ])
    error_message = "window.days are days of the month from 1 to 28, e.g. 1-3 or 1,2,5."
  }

  validation {
    condition = can(regex("^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$", var.window.hours)) && alltrue([
      for hour in regexall("[0-9]+", var.window.hours) : tonumber(hour) <= 23
    ])
    error_message = "window.hours are hours from 0 to 23, e.g. 0-9 or 0-3,22-23."
  }
}

variable "rollout" {
  description = "Whose statements the schedule makes, as long as not everybody's are: `groups` are values of statement_accounts.rollout_group (none: everybody), `kind` is trade or balance (null: both). Accounts of other groups are excused as not_in_group until a run takes them up; documents of the other kind become due with the first run that is told of it."
  type = object({
    groups = optional(list(string), [])
    kind   = optional(string)
  })
  default = {}

  validation {
    # What Scheduler takes for one of its own words, or the program for a flag, is no group.
    condition     = alltrue([for group in var.rollout.groups : can(regex("^[^<>-][^<>]*$", group)) && trimspace(group) == group])
    error_message = "rollout.groups are values of rollout_group: not empty, without < and >, without blanks around them, and not beginning with a hyphen."
  }

  validation {
    condition     = var.rollout.kind == null ? true : contains(["trade", "balance"], var.rollout.kind)
    error_message = "rollout.kind is trade or balance."
  }
}

variable "deadline" {
  description = "When a month end must be done: HH:MM in business_timezone, the next one after a run began. Sweeps forecast it and warn. Null: no forecast."
  type        = string
  default     = null

  validation {
    condition     = var.deadline == null || can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.deadline))
    error_message = "deadline is a time of day, e.g. 06:00."
  }
}

# --- what the programs get -----------------------------------------------------------------------------------------

variable "statement_profile" {
  description = "Where the firm's profile lies in both images."
  type        = string
  default     = "/etc/statement-export/profile.toml"

  validation {
    condition     = startswith(var.statement_profile, "/")
    error_message = "statement_profile is an absolute path in the image."
  }
}

variable "source_database_apart" {
  description = "Whether the firm's relations are in another database than the ledger. Makes a second secret, SOURCE_DATABASE_URL."
  type        = bool
  default     = true
}

variable "size_classes" {
  description = "SIZE_CLASSES: NAME:BELOW_ROWS:VCPU:MEMORY_MIB:TIMEOUT_SECONDS, comma-separated, the last without rows. Null: the programs' own default."
  type        = string
  default     = null

  validation {
    condition = var.size_classes == null ? true : alltrue([
      for class in split(",", var.size_classes) : can(regex(
        "^[A-Za-z0-9_-]{1,32}:[0-9]*:(0[.]25|0[.]5|1|2|4|8|16):[0-9]+:[0-9]+$", trimspace(class)
      ))
    ])
    error_message = "size_classes are NAME:BELOW_ROWS:VCPU:MEMORY_MIB:TIMEOUT_SECONDS, comma-separated, with 0.25, 0.5, 1, 2, 4, 8 or 16 vCPU."
  }

  validation {
    # Malformed classes are the first validation's to name.
    condition = var.size_classes == null ? true : alltrue([
      for class in split(",", var.size_classes) : try(
        contains(local.fargate_memory_mib[split(":", class)[2]], tonumber(trimspace(split(":", class)[3]))), true
      )
    ])
    error_message = "size_classes has a pair of vCPU and memory that Fargate does not offer (MiB): 0.25: 512, 1024, 2048; 0.5: 1024 to 4096; 1: 2048 to 8192; 2: 4096 to 16384; 4: 8192 to 30720, in steps of 1024; 8: 16384 to 61440 in steps of 4096; 16: 32768 to 122880 in steps of 8192."
  }

  validation {
    condition = var.size_classes == null ? true : alltrue([
      for class in split(",", var.size_classes) : try(
        tonumber(trimspace(split(":", class)[4])) >= 60 && tonumber(trimspace(split(":", class)[4])) <= 604800, true
      )
    ])
    error_message = "size_classes has a timeout that is not 60 to 604800 seconds: Batch refuses less, and Fargate ends a task after 14 days."
  }

  validation {
    # The last class takes what is left; every other one says where it ends, and further up than the one before it.
    condition = var.size_classes == null ? true : try(alltrue([
      for index, class in split(",", var.size_classes) :
      index == length(split(",", var.size_classes)) - 1 ? split(":", class)[1] == "" :
      tonumber(split(":", class)[1]) > (index == 0 ? 0 : tonumber(split(":", split(",", var.size_classes)[index - 1])[1]))
    ]), false)
    error_message = "size_classes rise in rows, and only the last one has none."
  }
}

variable "settings" {
  description = "Further settings of the programs, by the name README gives them, e.g. { LOG = \"debug\", DOCUMENTS_PER_SLOT = \"10\" }. What is not given has the programs' default. SSL_CERT_FILE, for both: the CA certificates in the images, where a proxy of yours opens TLS."
  type        = map(string)
  default     = {}

  validation {
    # The others are derived from what stands in this module; a second word on them would only disagree.
    condition = alltrue([
      for name in keys(var.settings) :
      contains(["DOCUMENTS_PER_SLOT", "GIB_HOUR_USD", "LEASE_SECONDS", "LOG", "LOST_AFTER_SECONDS", "REFUSALS_PERCENT", "SSL_CERT_FILE", "STALL_SECONDS", "VCPU_HOUR_USD"], name)
    ])
    error_message = "settings takes DOCUMENTS_PER_SLOT, GIB_HOUR_USD, LEASE_SECONDS, LOG, LOST_AFTER_SECONDS, REFUSALS_PERCENT, SSL_CERT_FILE, STALL_SECONDS and VCPU_HOUR_USD; the module sets the others itself, and URLs of databases are secrets."
  }
}

# --- size ----------------------------------------------------------------------------------------------------------

variable "max_vcpus" {
  description = "How many vCPUs converters may have at a time: on demand, and on Spot, which is taken first when there is any. Each converter holds two database connections: see database_connections, and the output database_connections_at_peak."
  type = object({
    fargate      = optional(number, 32)
    fargate_spot = optional(number, 0)
  })
  default = {}

  validation {
    # Spot alone would leave the month end to chance: what it reclaims three times has nowhere else to go.
    condition     = var.max_vcpus.fargate >= 1 && var.max_vcpus.fargate_spot >= 0
    error_message = "max_vcpus.fargate is at least 1, max_vcpus.fargate_spot at least 0."
  }
}

variable "database_connections" {
  description = "How many connections one database has for converters: the smaller one's limit, less what others need. Jobs ask for those that they hold, of a consumable resource of Batch that this module makes, and wait until they are free. Null: nothing counts them, and max_vcpus alone caps converters."
  type        = number
  default     = null

  validation {
    condition     = var.database_connections == null ? true : var.database_connections >= 1 && floor(var.database_connections) == var.database_connections
    error_message = "database_connections is a number of connections, 1 or more."
  }
}

variable "cpu_architecture" {
  description = "What the images are built for: X86_64 or ARM64 (Graviton). Fargate has both on demand and on Spot."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture is X86_64 or ARM64."
  }
}

variable "ephemeral_storage_gib" {
  description = "Disk of a converter. Compressed rows wait in its /tmp for the rest of their workbook, and the workbook for its upload: about 0.2 GB per million rows."
  type        = number
  default     = 21

  validation {
    condition     = var.ephemeral_storage_gib >= 21 && var.ephemeral_storage_gib <= 200 && floor(var.ephemeral_storage_gib) == var.ephemeral_storage_gib
    error_message = "ephemeral_storage_gib is 21 to 200: Batch takes no less, Fargate no more."
  }
}

variable "enqueuer_size" {
  description = "vCPU units (1024 = 1 vCPU) and memory in MiB of an enqueuer's task."
  type = object({
    cpu    = optional(number, 1024)
    memory = optional(number, 2048)
  })
  default = {}

  validation {
    condition     = contains(lookup(local.fargate_memory_mib, tostring(var.enqueuer_size.cpu / 1024), []), var.enqueuer_size.memory)
    error_message = "enqueuer_size is no pair that Fargate offers, e.g. cpu 1024 and memory 2048."
  }
}

variable "time_limit_seconds" {
  description = "After how many seconds a task of the enqueuer ends by itself (exit 75), whatever it waits for: a run and a sweep of the schedules, and what operators start (run --wait, certificate, …). What it has done by then stays done, and the next event goes on. A sweep's lies below 15 minutes, after which the alarm sweep-silent begins, so that the next one has its turn before."
  type = object({
    run      = optional(number, 14400)
    sweep    = optional(number, 600)
    operator = optional(number, 43200)
  })
  default = {}

  validation {
    condition     = alltrue([for seconds in values(var.time_limit_seconds) : seconds >= 60 && seconds <= 604800 && floor(seconds) == seconds])
    error_message = "time_limit_seconds are whole numbers from 60 to 604800."
  }

  validation {
    condition     = var.time_limit_seconds.sweep < 900
    error_message = "time_limit_seconds.sweep is below 900: one that hangs for longer would raise the alarm sweep-silent before the next one could begin."
  }
}

variable "runnable_limit_seconds" {
  description = "After how many seconds the job at the head of the queue is cancelled when no host can ever take it (misconfigured) or AWS has no capacity (capacity). Its documents fail as stuck_runnable; what waits behind it goes on. Not where database_connections is set: there the sweep alone cancels."
  type = object({
    misconfigured = optional(number, 900)
    capacity      = optional(number, 7200)
  })
  default = {}

  validation {
    condition = alltrue([
      for seconds in values(var.runnable_limit_seconds) : seconds >= 600 && seconds <= 86400
    ])
    error_message = "runnable_limit_seconds are 600 to 86400, as Batch takes them."
  }
}

# --- what is kept --------------------------------------------------------------------------------------------------

variable "store_prefix" {
  description = "Below which prefix of the bucket documents are published."
  type        = string
  default     = "statements"

  validation {
    # In IAM resources it stands before /*: neither wildcards nor an empty prefix, which would be the whole bucket.
    condition     = can(regex("^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", var.store_prefix))
    error_message = "store_prefix has letters, digits, _, - and /, e.g. statements; no / at its ends."
  }
}

variable "retention_years" {
  description = "How long documents are kept at least. Object Lock and every rule of the lifecycle follow it."
  type        = number
  default     = 7

  validation {
    condition     = var.retention_years >= 5 && var.retention_years <= 100 && floor(var.retention_years) == var.retention_years
    error_message = "retention_years is a whole number of at least 5: statements are records, and the law and the auditors want them that long."
  }
}

variable "expire_after_years" {
  description = "After how many years documents are removed. Null: never."
  type        = number
  default     = null

  validation {
    condition     = var.expire_after_years == null ? true : var.expire_after_years >= var.retention_years && floor(var.expire_after_years) == var.expire_after_years
    error_message = "expire_after_years is a whole number and not below retention_years: nothing may expire before its retention does."
  }
}

variable "object_lock" {
  description = "Object Lock for retention_years: GOVERNANCE (who has s3:BypassGovernanceRetention may lift it) or COMPLIANCE (nobody may, not even AWS or the account's root). Null: none. It cannot be taken back for what is published meanwhile."
  type        = string
  default     = null

  validation {
    condition     = var.object_lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.object_lock)
    error_message = "object_lock is GOVERNANCE, COMPLIANCE or null."
  }
}

variable "colder_storage" {
  description = "After how many days documents move to a cheaper storage class, and to which. Only classes that answer at once: a customer's link must work. Null: none."
  type = object({
    after_days    = optional(number, 90)
    storage_class = optional(string, "GLACIER_IR")
  })
  default = {}

  validation {
    condition     = var.colder_storage == null ? true : contains(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], var.colder_storage.storage_class)
    error_message = "colder_storage.storage_class is STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR: a link to any other would not open."
  }

  validation {
    condition     = var.colder_storage == null ? true : var.colder_storage.after_days >= 30
    error_message = "colder_storage.after_days is at least 30, as S3 takes it."
  }
}

variable "access_log_bucket" {
  description = "An existing bucket of yours that takes S3's access logs: who downloaded what, for the auditors. Null: none (CloudTrail's data events can say it, too)."
  type        = string
  default     = null
}

variable "log_retention_days" {
  description = "How long logs are kept. They hold document ids, causes and times, no names or amounts of customers."
  type        = number
  default     = 400

  validation {
    condition     = contains([365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one that CloudWatch takes, and at least a year: 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

# --- who -----------------------------------------------------------------------------------------------------------

variable "operator_principals" {
  description = "ARNs of the roles or users that may take on the operator's role. Empty: no role is made, only the policy (output operator_policy_arn), to be attached to a role of yours or named in a permission set."
  type        = list(string)
  default     = []

  validation {
    # A wildcard or another account's root would let in more than was meant.
    condition     = alltrue([for arn in var.operator_principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/[^*]+$", arn))])
    error_message = "operator_principals are ARNs of IAM roles or users, without wildcards."
  }
}
