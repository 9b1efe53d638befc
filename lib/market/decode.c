#include "decode.h"
#include "gunzip.h"
#include "slice.h"

#include <string.h>

/* --- what lines are cut into -------------------------------------------------------------- */

struct field {
	const char *text;
	size_t len;
	bool quoted; /* CSV: stood in quotes, `""` in it means one */
};

struct reader {
	enum shd_decode decode;
	const char *at, *end;
	int line; /* of the record that was read last */
	int next_line;
	/* the record */
	struct field fields[SHD_DECODE_COLUMNS];
	size_t count;
	bool more; /* it had more fields than there is room for */
	/* the names, from the first line; empty: a name that is not taken */
	struct shd_text names_text;
	struct field names[SHD_DECODE_COLUMNS];
	size_t name_count;
};

static void take_field(struct reader *reader, struct field field)
{
	if (!field.quoted && field.len == 1 && field.text[0] == ' ')
		field.len = 0;
	if (reader->count < SHD_DECODE_COLUMNS)
		reader->fields[reader->count++] = field;
	else
		reader->more |= field.len > 0;
}

/* The next line without its end; false behind the last. */
static bool next_line(struct reader *reader, struct field *ret_line)
{
	if (reader->at == reader->end)
		return false;
	const char *start = reader->at;
	const char *stop = memchr(start, '\n', (size_t)(reader->end - start));

	reader->at = stop ? stop + 1 : reader->end;
	stop = stop ? stop : reader->end;
	reader->line = reader->next_line++;
	if (stop > start && stop[-1] == '\r')
		stop--;
	*ret_line = (struct field){.text = start, .len = (size_t)(stop - start)};
	return true;
}

/* --- TSV ---------------------------------------------------------------------------------- */

static void unquote_all(struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct field *field = &reader->fields[i];

		if (field->len < 2 || field->text[0] != '"' || field->text[field->len - 1] != '"')
			return;
	}
	for (size_t i = 0; i < reader->count; i++) {
		reader->fields[i].text++;
		reader->fields[i].len -= 2;
	}
}

static bool next_tsv(struct reader *reader)
{
	struct field line;

	do {
		if (!next_line(reader, &line))
			return false;
	} while (!line.len);
	for (;;) {
		const char *tab = memchr(line.text, '\t', line.len);
		size_t len = tab ? (size_t)(tab - line.text) : line.len;

		take_field(reader, (struct field){.text = line.text, .len = len});
		if (!tab)
			break;
		line.text += len + 1;
		line.len -= len + 1;
	}
	if (!reader->more)
		unquote_all(reader);
	return true;
}

/* --- CSV ---------------------------------------------------------------------------------- */

static bool at_line_end(const struct reader *reader)
{
	return reader->at == reader->end || *reader->at == '\n' ||
	       (*reader->at == '\r' &&
		       (reader->at + 1 == reader->end || reader->at[1] == '\n'));
}

static void pass_line_end(struct reader *reader)
{
	if (reader->at < reader->end && *reader->at == '\r')
		reader->at++;
	if (reader->at < reader->end && *reader->at == '\n')
		reader->at++;
	reader->next_line++;
}

static bool quoted_field(struct reader *reader, struct shd_error *reterr)
{
	int line = reader->next_line;
	const char *start = ++reader->at;

	for (; reader->at < reader->end; reader->at++) {
		reader->next_line += *reader->at == '\n';
		if (*reader->at != '"')
			continue;
		if (reader->at + 1 < reader->end && reader->at[1] == '"') {
			reader->at++;
			continue;
		}
		take_field(reader, (struct field){.text = start,
			.len = (size_t)(reader->at - start), .quoted = true});
		reader->at++;
		return true;
	}
	return shd_fail_at(reterr, SHD_ERR_SYNTAX, line, 0, "a quoted field has no end");
}

static bool plain_field(struct reader *reader, struct shd_error *reterr)
{
	const char *start = reader->at;

	while (!at_line_end(reader) && *reader->at != ',') {
		if (*reader->at == '"')
			return shd_fail_at(reterr, SHD_ERR_SYNTAX, reader->next_line, 0,
				"a quote inside a field that is not quoted");
		reader->at++;
	}
	take_field(reader,
		(struct field){.text = start, .len = (size_t)(reader->at - start)});
	return true;
}

static bool next_csv(struct reader *reader, bool *ret_more, struct shd_error *reterr)
{
	while (reader->at < reader->end && at_line_end(reader))
		pass_line_end(reader);
	*ret_more = reader->at < reader->end;
	if (!*ret_more)
		return true;
	reader->line = reader->next_line;
	for (;;) {
		bool quoted = reader->at < reader->end && *reader->at == '"';

		if (!(quoted ? quoted_field(reader, reterr) : plain_field(reader, reterr)))
			return false;
		if (at_line_end(reader))
			break;
		if (*reader->at != ',')
			return shd_fail_at(reterr, SHD_ERR_SYNTAX, reader->next_line, 0,
				"text behind the quote that ends a field");
		reader->at++;
	}
	pass_line_end(reader);
	return true;
}

static bool next_row(struct reader *reader, bool *ret_more, struct shd_error *reterr)
{
	reader->count = 0;
	reader->more = false;
	if (reader->decode == SHD_DECODE_CSV)
		return next_csv(reader, ret_more, reterr);
	*ret_more = next_tsv(reader);
	return true;
}

/* --- names -------------------------------------------------------------------------------- */

static bool is_name(const struct field *name, const char *text, size_t len)
{
	return name->len == len && memcmp(name->text, text, len) == 0;
}

static bool is_wanted(const char *const *columns, const struct field *name)
{
	for (; columns && *columns; columns++)
		if (is_name(name, *columns, strlen(*columns)))
			return true;
	return false;
}

static bool check_columns(const struct reader *reader, const char *const *columns,
			  struct shd_error *reterr)
{
	for (; columns && *columns; columns++) {
		size_t i = 0;

		while (i < reader->name_count &&
			!is_name(&reader->names[i], *columns, strlen(*columns)))
			i++;
		if (i == reader->name_count)
			return shd_fail_at(reterr, SHD_ERR_SCHEMA, reader->line, 0,
				"the table has no column \"%s\"", *columns);
	}
	return true;
}

static bool stands_before(const struct reader *reader, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_name(&reader->names[k], reader->names[i].text, reader->names[i].len))
			return true;
	return false;
}

/* A JSON object has each name once. */
static bool drop_repeated(struct reader *reader, const char *const *columns,
			  struct shd_error *reterr)
{
	for (size_t i = 0; i < reader->name_count; i++) {
		struct field *name = &reader->names[i];

		if (!stands_before(reader, i))
			continue;
		if (is_wanted(columns, name))
			return shd_fail_at(reterr, SHD_ERR_SCHEMA, reader->line, 0,
				"the table has the column \"%.*s\" twice", (int)name->len,
				name->text);
		name->len = 0;
	}
	return true;
}

/* Keeps the field's text in lower case; its place is filled in when all are there. */
static void keep_name(struct reader *reader, const struct field *field)
{
	size_t from = 0, to = field->len, start = reader->names_text.len;

	while (from < to && field->text[from] == ' ')
		from++;
	while (to > from && field->text[to - 1] == ' ')
		to--;
	for (size_t i = from; i < to; i++) {
		char c = field->text[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		shd_text_putc(&reader->names_text, c);
		i += field->quoted && c == '"' && i + 1 < to;
	}
	reader->names[reader->name_count++].len = reader->names_text.len - start;
}

static bool read_names(struct reader *reader, const char *const *columns, struct shd_error *reterr)
{
	bool more;

	if (!next_row(reader, &more, reterr))
		return false;
	if (!more)
		return shd_fail(reterr, SHD_ERR_SCHEMA, "the table has no line of names");
	if (reader->more)
		return shd_fail_at(reterr, SHD_ERR_LIMIT, reader->line, 0,
			"the table has more than %d columns", SHD_DECODE_COLUMNS);
	for (size_t i = 0; i < reader->count; i++)
		keep_name(reader, &reader->fields[i]);
	if (!shd_text_ok(&reader->names_text))
		return shd_fail_at(reterr, SHD_ERR_LIMIT, reader->line, 0,
			"the names of the table's columns are too long");
	const char *at = reader->names_text.data;
	for (size_t i = 0; i < reader->name_count; at += reader->names[i++].len)
		reader->names[i].text = at;
	return drop_repeated(reader, columns, reterr) && check_columns(reader, columns, reterr);
}

/* --- JSON --------------------------------------------------------------------------------- */

static void put_json(struct shd_text *out, const struct field *field)
{
	const char *at = field->text, *end = at + field->len, *quote;

	shd_text_putc(out, '"');
	while (field->quoted && (quote = memchr(at, '"', (size_t)(end - at)))) {
		shd_text_put_json(out, at, (size_t)(quote + 1 - at));
		at = quote + 2 < end ? quote + 2 : end; /* behind the second of `""` */
	}
	shd_text_put_json(out, at, (size_t)(end - at));
	shd_text_putc(out, '"');
}

static bool has_too_many(const struct reader *reader)
{
	for (size_t i = reader->name_count; i < reader->count; i++)
		if (reader->fields[i].len)
			return true;
	return reader->more;
}

static void put_row(struct reader *reader, struct shd_text *out)
{
	static const struct field empty = {.text = ""};
	char before = '{';

	if (has_too_many(reader)) {
		shd_text_puts(out, "null");
		return;
	}
	for (size_t i = 0; i < reader->name_count; i++) {
		struct field name = reader->names[i];

		if (!name.len)
			continue;
		shd_text_putc(out, before);
		put_json(out, &name);
		shd_text_putc(out, ':');
		put_json(out, i < reader->count ? &reader->fields[i] : &empty);
		before = ',';
	}
	shd_text_puts(out, before == '{' ? "{}" : "}");
}

/* --- documents ---------------------------------------------------------------------------- */

static bool put_table(struct reader *reader, const char *const *columns, struct shd_text *out,
		      struct shd_error *reterr)
{
	bool more, first = true;

	if (!read_names(reader, columns, reterr))
		return false;
	shd_text_putc(out, '[');
	for (;; first = false) {
		if (!next_row(reader, &more, reterr))
			return false;
		if (!more)
			break;
		if (!first)
			shd_text_putc(out, ',');
		put_row(reader, out);
		if (!shd_text_ok(out))
			break;
	}
	shd_text_putc(out, ']');
	return true;
}

/* One object, whole, and nothing behind it. */
static bool is_object(const struct field *line)
{
	struct shd_slicer slicer;
	struct shd_error error;
	size_t at, len;
	bool more = true;

	if (line->text[0] != '{' || !shd_slice_open(&slicer, line->text, line->len, "", &error))
		return false;
	while (more)
		if (!shd_slice_next(&slicer, &at, &len, &more, &error))
			return false;
	return true;
}

static bool put_lines(struct reader *reader, struct shd_text *out, struct shd_error *reterr)
{
	struct field line;
	bool first = true;

	shd_text_putc(out, '[');
	while (next_line(reader, &line)) {
		size_t blank = 0;

		while (blank < line.len && (line.text[blank] == ' ' || line.text[blank] == '\t'))
			blank++;
		if (blank == line.len)
			continue;
		line.text += blank;
		line.len -= blank;
		if (!is_object(&line))
			return shd_fail_at(reterr, SHD_ERR_SYNTAX, reader->line, 0,
				"a line is not one JSON object");
		if (!first)
			shd_text_putc(out, ',');
		shd_text_add(out, line.text, line.len);
		first = false;
		if (!shd_text_ok(out))
			break;
	}
	shd_text_putc(out, ']');
	return true;
}

static bool put_document(struct reader *reader, const char *const *columns, struct shd_text *out,
			 struct shd_error *reterr)
{
	switch (reader->decode) {
	case SHD_DECODE_JSON:
		shd_text_add(out, reader->at, (size_t)(reader->end - reader->at));
		return true;
	case SHD_DECODE_JSON_LINES:
		return put_lines(reader, out, reterr);
	case SHD_DECODE_CSV:
	case SHD_DECODE_TSV:
		return put_table(reader, columns, out, reterr);
	}
	shd_assert(false); /* every format has its case */
	return false;
}

static void free_reader(struct reader **reader)
{
	shd_text_finish(&(*reader)->names_text);
	shd_freep(reader);
}

size_t shd_decode_bytes(const char *document, size_t len, size_t max_bytes)
{
	return (SHD_DECODE_FACTOR + shd_is_gzip(document, len)) * max_bytes;
}

bool shd_decode(enum shd_decode decode, const char *const *columns, const char *document,
		size_t len, size_t inflated_max_bytes, struct shd_text *out,
		struct shd_error *reterr)
{
	struct shd_text inflated SHD_AUTO(shd_text_finish) = {0};
	struct reader *reader SHD_AUTO(free_reader) = shd_xcalloc(1, sizeof(*reader));

	shd_text_init(&inflated, inflated_max_bytes);
	shd_text_init(&reader->names_text, 65536);
	if (shd_is_gzip(document, len)) {
		if (!shd_gunzip(document, len, &inflated, reterr))
			return false;
		document = inflated.data;
		len = inflated.len;
	}
	if (len >= 3 && memcmp(document, "\xEF\xBB\xBF", 3) == 0) {
		document += 3;
		len -= 3;
	}
	reader->decode = decode;
	reader->at = document;
	reader->end = document + len;
	reader->next_line = 1;
	if (!put_document(reader, columns, out, reterr))
		return false;
	if (!shd_text_ok(out))
		return shd_fail(reterr, SHD_ERR_LIMIT, "its records take more than %zu bytes",
			out->max_bytes);
	return true;
}
