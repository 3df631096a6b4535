/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the layout of columns. */
#include "base/table.h"

#include "base/memory.h"
#include "base/text.h"

#define GAP 3 /* blanks between columns */

struct cell {
	char *text;
	size_t width; /* in characters, as far as the terminal is concerned */
};

struct table {
	size_t column_count;
	size_t row_count; /* the header is row 0 */
	struct cell *cells;
};

/* How many bytes the UTF-8 character at `text` has and what it is; 0 when it is none. NUL ends every sequence. */
static size_t decode(const unsigned char *text, unsigned int *ret_character)
{
	static const struct {
		unsigned char mask, lead;
		unsigned int min;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t form = 0; form < ARRAY_SIZE(forms); form++) {
		unsigned int character = text[0] & (unsigned char)~forms[form].mask;

		if ((text[0] & forms[form].mask) != forms[form].lead)
			continue;
		for (size_t i = 1; i <= form; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			character = character << 6 | (text[i] & 0x3f);
		}
		if (character < forms[form].min || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
			return 0;
		*ret_character = character;
		return form + 1;
	}
	return 0;
}

/* The other controls, 0x80 to 0x9f, start escape sequences on some terminals. */
static bool is_control(unsigned int character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

static struct cell make_cell(const char *source)
{
	const unsigned char *next = (const unsigned char *)(source ? source : "");
	struct text text = {0};
	size_t width = 0;

	while (*next) {
		unsigned int character = 0;
		size_t length = decode(next, &character);

		if (length == 0 || is_control(character))
			text_append(&text, "?");
		else
			text_append_bytes(&text, next, length);
		next += length ? length : 1;
		width++;
	}
	return (struct cell){.text = text_steal(&text), .width = width};
}

struct table *table_new(const char *const *headers, size_t column_count)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->column_count = column_count;
	table_append(table, headers);
	return table;
}

void table_append(struct table *table, const char *const *cells)
{
	size_t first = table->row_count * table->column_count;

	table->row_count++;
	table->cells = xreallocarray(table->cells, first + table->column_count, sizeof(*table->cells));
	for (size_t i = 0; i < table->column_count; i++)
		table->cells[first + i] = make_cell(cells[i]);
}

static size_t measure_column(const struct table *table, size_t column, size_t first_row)
{
	size_t widest = 0;

	for (size_t row = first_row; row < table->row_count; row++) {
		size_t width = table->cells[row * table->column_count + column].width;

		widest = width > widest ? width : widest;
	}
	return widest;
}

static void print_row(const struct table *table, size_t row, const size_t *widths, FILE *out)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct cell *cell = &table->cells[row * table->column_count + i];
		bool is_last = i + 1 == table->column_count;

		fprintf(out, "%s%*s", cell->text, is_last ? 0 : (int)(widths[i] - cell->width + GAP), "");
	}
	fputc('\n', out);
}

void table_print(const struct table *table, bool with_header, FILE *out)
{
	size_t first_row = with_header ? 0 : 1;
	autofree size_t *widths = xcalloc(table->column_count, sizeof(*widths));

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = measure_column(table, i, first_row);
	for (size_t row = first_row; row < table->row_count; row++)
		print_row(table, row, widths, out);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->row_count * table->column_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}
