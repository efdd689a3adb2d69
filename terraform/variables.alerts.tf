variable "slack" {
  description = "Slack channel that shows the alerts, by the ids that Slack gives its workspace (T…) and channel (C… or G…). Authorize the workspace once in the console of Amazon Q Developer in chat applications, and invite its app into a private channel. null: no Slack."
  type = object({
    team_id    = string
    channel_id = string
  })
  default = null

  validation {
    condition     = var.slack == null || can(regex("^T[0-9A-Z]{6,}$", var.slack.team_id))
    error_message = "slack.team_id is the id of the workspace, such as T07EA123LEP, not its name."
  }

  validation {
    condition     = var.slack == null || can(regex("^[CG][0-9A-Z]{6,}$", var.slack.channel_id))
    error_message = "slack.channel_id is the id of the channel, such as C07EZ1ABC23, not its name."
  }
}

variable "alert_emails" {
  description = "Addresses that get every alert by e-mail, too. Each must be confirmed by the link that AWS sends to it; until then it gets nothing."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "alert_emails: each must be an e-mail address."
  }
}

variable "documents_failed_threshold" {
  description = "The alarm documents-failed begins at so many failed documents of a period. Each is a customer without a statement; raise it if a few are usual at your month ends and the alerts by cause suffice."
  type        = number
  default     = 1

  validation {
    condition     = var.documents_failed_threshold >= 1 && floor(var.documents_failed_threshold) == var.documents_failed_threshold
    error_message = "documents_failed_threshold must be a whole number, 1 or more: 0 would be an alarm at every month end that goes well."
  }
}

variable "queue_age_threshold_seconds" {
  description = "The alarm queue-stuck begins when documents have waited for longer than this while no converter works."
  type        = number
  default     = 1800

  validation {
    condition     = var.queue_age_threshold_seconds >= 600
    error_message = "queue_age_threshold_seconds must be 600 or more: a task takes minutes to start, and Batch's own time limits begin at ten minutes."
  }
}
