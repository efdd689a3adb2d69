variable "region" {
  description = "Where everything is made."
  type        = string
  default     = "ap-northeast-1"
}

variable "availability_zones" {
  description = "Two or more zones of the region, by name: not whatever AWS lists, which grows by itself."
  type        = list(string)
  default     = ["ap-northeast-1a", "ap-northeast-1c"]
}

variable "account_id" {
  description = "The account that this is for; another one is refused. Null: whichever the credentials are of."
  type        = string
  default     = null
}

variable "image_tag" {
  description = "Tag of both images."
  type        = string
}

variable "bucket_name" {
  description = "Name of the bucket of the documents."
  type        = string
}

variable "schedules_enabled" {
  description = "Whether the schedules fire; see README.md."
  type        = bool
  default     = false
}

variable "object_lock" {
  description = "GOVERNANCE, COMPLIANCE or null."
  type        = string
  default     = null
}

variable "operator_principals" {
  description = "ARNs of the roles or users of the operators."
  type        = list(string)
  default     = []
}

variable "slack" {
  description = "Slack workspace and channel of the alerts, by their ids."
  type = object({
    team_id    = string
    channel_id = string
  })
  default = null
}

variable "alert_emails" {
  description = "Addresses that get every alert, too."
  type        = set(string)
  default     = []
}

variable "vpc_cidr_block" {
  description = "Addresses of the network."
  type        = string
  default     = "10.20.0.0/16"
}
