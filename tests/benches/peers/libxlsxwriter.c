/*
 * libxlsxwriter writing the cells of month_end/alone.rs, in the fastest way it has: constant memory, formats on columns.
 *
 *     libxlsxwriter DOCUMENTS ROWS DIRECTORY LEVEL     writes DIRECTORY/0.xlsx ...
 *     libxlsxwriter --version
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xlsxwriter.h>

/* Days from 1899-12-30 to 2026-10-01. */
enum { FIRST_DAY = 46296, COLUMNS = 18 };

static int level;

/* The library has no setting for the deflate level. All shall have the same, so its call of zlib comes by here. */
int deflateInit2_(void *stream, int ignored, int method, int bits, int memory, int strategy, const char *version, int size)
{
    int (*real)(void *, int, int, int, int, int, const char *, int) = dlsym(RTLD_NEXT, "deflateInit2_");

    (void)ignored;
    return real(stream, level, method, bits, memory, strategy, version, size);
}

static int write_document(const char *path, long rows)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    lxw_workbook *workbook = workbook_new_opt(path, &options);
    lxw_worksheet *sheet = workbook_add_worksheet(workbook, NULL);
    lxw_format *date = workbook_add_format(workbook), *text = workbook_add_format(workbook);
    lxw_format *number = workbook_add_format(workbook), *half = workbook_add_format(workbook);

    format_set_num_format(date, "yyyy/mm/dd");
    format_set_num_format(text, "@");
    format_set_num_format(number, "#,##0;▲#,##0;0");
    format_set_num_format(half, "#,##0.0;▲#,##0.0;0.0");
    for (lxw_col_t column = 0; column < COLUMNS; column++) {
        int is_text = (column >= 2 && column <= 6) || column == 9 || column >= 16;
        lxw_format *format = column < 2 ? date : is_text ? text : number;

        worksheet_set_column(sheet, column, column, LXW_DEF_COL_WIDTH, format);
        worksheet_write_string(sheet, 0, column, "見出し", NULL);
    }
    for (long i = 0; i < rows; i++) {
        lxw_row_t row = (lxw_row_t)i + 1;
        long day = FIRST_DAY + i * 31 / rows, quantity = 100 * (1 + i % 9), double_price = 2000 + 2 * (i % 997) + i % 2;
        long commission = 100 + i % 400, tax = (100 + i % 400) / 10, gross = quantity * double_price / 2;
        long net = i % 2 == 0 ? -(gross + commission + tax) : gross - commission - tax;
        char code[24], name[48], id[24];

        snprintf(code, sizeof code, "%ld", 1301 + i % 50);
        snprintf(name, sizeof name, "見本銘柄%s", code);
        snprintf(id, sizeof id, "T%08ld", i);
        worksheet_write_number(sheet, row, 0, (double)day, NULL);
        worksheet_write_number(sheet, row, 1, (double)(day + 2), NULL);
        worksheet_write_string(sheet, row, 2, code, NULL);
        worksheet_write_string(sheet, row, 3, name, NULL);
        worksheet_write_string(sheet, row, 4, "東証プライム", NULL);
        worksheet_write_string(sheet, row, 5, i % 2 == 0 ? "買付" : "売付", NULL);
        worksheet_write_string(sheet, row, 6, "特定", NULL);
        worksheet_write_number(sheet, row, 7, (double)quantity, NULL);
        worksheet_write_number(sheet, row, 8, (double)double_price / 2, double_price % 2 ? half : NULL);
        worksheet_write_string(sheet, row, 9, "JPY", NULL);
        worksheet_write_number(sheet, row, 11, (double)gross, NULL);
        worksheet_write_number(sheet, row, 12, (double)commission, NULL);
        worksheet_write_number(sheet, row, 13, (double)tax, NULL);
        worksheet_write_number(sheet, row, 14, 0, NULL);
        worksheet_write_number(sheet, row, 15, (double)net, NULL);
        worksheet_write_string(sheet, row, 16, id, NULL);
    }
    return workbook_close(workbook) != LXW_NO_ERROR;
}

int main(int count, char **arguments)
{
    char path[4096];

    if (count == 2 && strcmp(arguments[1], "--version") == 0) {
        printf("%s\n", lxw_version());
        return 0;
    }
    if (count != 5) {
        fprintf(stderr, "usage: libxlsxwriter DOCUMENTS ROWS DIRECTORY LEVEL\n");
        return 64;
    }
    level = atoi(arguments[4]);
    for (long document = 0; document < atol(arguments[1]); document++) {
        snprintf(path, sizeof path, "%s/%ld.xlsx", arguments[3], document);
        if (write_document(path, atol(arguments[2])) != 0) {
            fprintf(stderr, "libxlsxwriter: %s could not be written\n", path);
            return 1;
        }
    }
    return 0;
}
