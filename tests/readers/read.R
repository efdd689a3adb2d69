# Every cell of a workbook as a package of R shows it: read.R LIBRARY FILE. A line per cell: sheet, row and column from 0, what it is
# (text, number, date), and its value. `types` tells the types of columns instead: sheet, heading, type.

tell <- function(...) {
  fields <- enc2utf8(as.character(c(...)))
  fields <- gsub("\\", "\\\\", fields, fixed = TRUE)
  fields <- gsub("\t", "\\t", fields, fixed = TRUE)
  fields <- gsub("\n", "\\n", fields, fixed = TRUE)
  fields <- gsub("\r", "\\r", fields, fixed = TRUE)
  writeLines(paste(fields, collapse = "\t"), out, useBytes = TRUE)
}

cell <- function(sheet, row, column, value) {
  if (length(value) == 0 || is.na(value) || identical(value, "")) return()
  if (inherits(value, "POSIXct")) {
    tell(sheet, row, column, "date", format(value, "%Y-%m-%d", tz = "UTC"))
  } else if (is.numeric(value)) {
    tell(sheet, row, column, "number", format(value, digits = 17, scientific = FALSE, trim = TRUE))
  } else {
    tell(sheet, row, column, "text", value)
  }
}

arguments <- commandArgs(trailingOnly = TRUE)
path <- arguments[2]
out <- stdout()
if (arguments[1] == "readxl") {
  for (sheet in readxl::excel_sheets(path)) {
    rows <- readxl::read_excel(path, sheet,
      col_names = FALSE, col_types = "list", range = cellranger::cell_limits(c(1, 1), c(NA, NA)),
      trim_ws = FALSE, .name_repair = "minimal"
    )
    for (column in seq_along(rows)) {
      for (row in seq_len(nrow(rows))) cell(sheet, row - 1, column - 1, rows[[column]][[row]])
    }
  }
} else if (arguments[1] == "openxlsx") {
  for (sheet in openxlsx::getSheetNames(path)) {
    rows <- openxlsx::read.xlsx(path, sheet,
      colNames = FALSE, skipEmptyRows = FALSE, skipEmptyCols = FALSE, na.strings = character()
    )
    for (column in seq_along(rows)) {
      for (row in seq_len(nrow(rows))) cell(sheet, row - 1, column - 1, rows[[column]][[row]])
    }
  }
} else {
  for (sheet in readxl::excel_sheets(path)[-1]) {
    rows <- readxl::read_excel(path, sheet)
    for (heading in names(rows)) tell("readxl", sheet, heading, class(rows[[heading]])[1])
  }
}
