# Where the two images come from. The firm builds them with its profile and its databases' CA certificates in
# /etc/statement-export and pushes both under one tag (README, First deployment).

resource "aws_ecr_repository" "program" {
  for_each = toset(["converter", "enqueuer"])

  name = "${local.name}/${each.key}"
  # A document names the version that made it: a tag means the same image for ever.
  image_tag_mutability = "IMMUTABLE"
  tags                 = local.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.data.arn
  }
}

resource "aws_ecr_lifecycle_policy" "program" {
  for_each = aws_ecr_repository.program

  repository = each.value.name
  # Tagged images stay: `converter --verify` rebuilds an old document with the version that made it. Untagged ones are
  # left over from pushes that broke off.
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "left over from pushes"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

locals {
  image = { for program, repository in aws_ecr_repository.program : program => "${repository.repository_url}:${var.image_tag}" }
}
