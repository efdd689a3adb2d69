terraform {
  # Validations that look at other variables and at locals: 1.9.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # job_state_time_limit_action and every default that is relied upon here are those of 5.100.
      version = "~> 5.100"
    }
  }
}
