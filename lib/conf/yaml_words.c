#include "yaml_words.h"

#include <stdio.h>
#include <string.h>

/* After so many bad characters in one file the rest says nothing new. */
enum { CHARACTERS_MAX = 10 };

bool shd_yaml_characters(const struct shd_input *input, struct shd_diags *diags)
{
	int bad = 0;

	for (size_t at = 0; at < input->len && bad < CHARACTERS_MAX;) {
		size_t from = at;
		int32_t c = shd_utf8_next(input->text, input->len, &at);
		char text[64];

		if (c < 0)
			snprintf(text, sizeof(text), "byte 0x%02X is not UTF-8",
				(unsigned)(unsigned char)input->text[from]);
		else if (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
			snprintf(text, sizeof(text), "control character 0x%02X", (unsigned)c);
		else
			continue;
		bad++;
		shd_input_report(input, from, at, SHD_MISTAKE, "save the file as UTF-8 text",
			text, diags);
	}
	return bad == 0;
}

/* Length of a tab-spoilt indentation of the line at `start`, 0 when it has none. */
static size_t tab_in_indent(const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	bool content = blanks < len && line[blanks] != '#';
	return content && memchr(line, '\t', blanks) ? blanks : 0;
}

/* Reports every line from `line` on that is indented with tabs; how many. */
static int report_tabs(const struct shd_input *input, int line, struct shd_diags *diags)
{
	const char *text;
	size_t len;
	int found = 0;

	for (; (text = shd_input_line(input, line, &len)); line++) {
		size_t blanks = tab_in_indent(text, len);
		size_t at = (size_t)(text - input->text);

		if (!blanks)
			continue;
		found++;
		shd_input_report(input, at, at + blanks, SHD_MISTAKE,
			"use spaces, two for each level", "a tab is used to indent", diags);
	}
	return found;
}

struct words {
	const char *message; /* how libfyaml's message begins or what it contains */
	const char *text, *hint;
};

/* The first row whose message is found wins. */
static const struct words known[] = {
	{"wrongly indented", "this quote is not closed", "add the closing quote"},
	{"quoted scalar without", "this quote is not closed", "add the closing quote"},
	{"stream end while", "this quote is not closed", "add the closing quote"},
	{"invalid alias", "a text that begins with * needs quotes", "write '*...'"},
	{"invalid nested block mapping", "`: ` ends a key, and this line has two",
		"put a text with `: ` in quotes"},
	{"invalid multiline plain key",
		"what follows in the next line looks like a key, but this is a plain value",
		"check the indentation of the next line"},
	{"invalid indentation in mapping", "this indentation fits no line above",
		"line it up with its neighbours"},
	{"trailing content after", "nothing may follow the closing quote",
		"put quotes around all of it"},
	{"block sequence on the same line", "a list begins in its own line", NULL},
	{"at the end of block sequence", "a list ends here without a reason",
		"begin each item with `- `, or indent this line"},
	{"block scalar", "a text that begins with > or | needs quotes", NULL},
	{"Unsupported directive", "a line that begins with % is a YAML directive",
		"put quotes around the text"},
	{"invalid extra closing bracket", "this bracket closes nothing", NULL},
	{"invalid extra closing brace", "this bracket closes nothing", NULL},
};

const char *shd_yaml_colon(const char *text, size_t len, size_t *ret_at, size_t *ret_width)
{
	static const char wide[] = "\xEF\xBC\x9A", odd_blank[] = "\xC2\xA0";
	size_t at = strspn(text, "abcdefghijklmnopqrstuvwxyz_-");

	*ret_at = at;
	if (at > 0 && len - at >= 3 && memcmp(text + at, wide, 3) == 0) {
		*ret_width = 3;
		return "this colon is a full-width character";
	}
	if (at == 0 || len - at < 2 || text[at] != ':' || strchr(" \t\r\n/:", text[at + 1]))
		return NULL;
	bool blank = len - at >= 3 && memcmp(text + at + 1, odd_blank, 2) == 0;
	*ret_width = blank ? 3 : 1;
	return blank ? "the blank behind this colon is not a plain space"
		     : "a space is missing behind this colon";
}

/* The same about the line where a key cannot be read. */
static bool explain_colon(const struct shd_input *input, int line, struct shd_diags *diags)
{
	size_t len, at, width;
	const char *text = shd_input_line(input, line, &len);
	size_t indent = text ? strspn(text, " -") : 0;
	const char *what = text && indent < len
				   ? shd_yaml_colon(text + indent, len - indent, &at, &width)
				   : NULL;
	if (!what)
		return false;
	at += indent + (size_t)(text - input->text);
	shd_input_report(
		input, at, at + width, SHD_MISTAKE, "write a colon and a space", what, diags);
	return true;
}

/* `info: > 4%`: YAML begins a folded text there, a person a comparison. */
static bool explain_comparison(const struct shd_input *input, size_t at, struct shd_diags *diags)
{
	while (at > 0 && input->text[at] != '>' && strchr(" \t=0123456789", input->text[at]))
		at--;
	if (input->text[at] != '>')
		return false;
	shd_input_report(input, at, at + 1, SHD_MISTAKE, "write value > 4%, or rating > 4",
		"what is compared is missing before the >", diags);
	return true;
}

/* Inside braces something else than a comma follows a value. */
static void explain_missing_comma(
	const struct shd_input *input, size_t at, struct shd_diags *diags)
{
	size_t before = at;

	while (before > 0 && input->text[before - 1] == ' ')
		before--;
	bool quote = before > 0 && strchr("\"'", input->text[before - 1]);
	if (input->text[at] == ':')
		shd_input_report(input, at, at + 1, SHD_MISTAKE, "put a text with `: ` in quotes",
			"inside { } this `: ` would be that of a second key", diags);
	else
		shd_input_report(input, at, at + 1, SHD_MISTAKE,
			quote ? "put quotes around all of it, '\"a\" == b'" : NULL,
			quote ? "nothing may follow the closing quote"
			      : "expected a comma or the closing bracket",
			diags);
}

/* The plain word that begins at `at`. */
static size_t word_length(const struct shd_input *input, size_t at)
{
	return strcspn(input->text + at, " ,#\t\r\n");
}

static void explain_reserved(const struct shd_input *input, size_t at, struct shd_diags *diags)
{
	char text[96], hint[32];
	size_t len = word_length(input, at);

	snprintf(text, sizeof(text), "a text that begins with %c needs quotes", input->text[at]);
	snprintf(hint, sizeof(hint), "write '%c...'", input->text[at]);
	shd_input_report(input, at, at + len, SHD_MISTAKE, hint, text, diags);
}

static bool only_blanks_from(const struct shd_input *input, size_t at)
{
	return at + strspn(input->text + at, " \t\r\n") >= input->len;
}

/* What the table above knows, or the parser's own words. */
static void explain_known(
	const struct shd_input *input, const char *message, size_t at, struct shd_diags *diags)
{
	for (size_t i = 0; i < SHD_COUNT(known); i++) {
		if (!strstr(message, known[i].message))
			continue;
		if (at > 0 && strcmp(known[i].message, "invalid alias") == 0)
			at -= input->text[at] != '*' && input->text[at - 1] == '*';
		shd_input_report(input, at, at + 1, SHD_MISTAKE, known[i].hint, known[i].text,
			diags);
		return;
	}
	shd_input_report(input, at, at + 1, SHD_MISTAKE, NULL, message, diags);
}

static int line_of(const struct shd_input *input, size_t at)
{
	int line, col;

	shd_input_place(input, at, &line, &col);
	return line;
}

void shd_yaml_explain(const struct shd_input *input, const char *message, size_t at,
		      const size_t *open, struct shd_diags *diags)
{
	int line, col;

	if (at > input->len)
		at = input->len;
	shd_input_place(input, at, &line, &col);
	bool tabs = strstr(message, "tab") && !strstr(message, "table");
	if ((tabs || strstr(message, "multiline plain key")) && report_tabs(input, line, diags))
		return;
	if ((strstr(message, "multiline plain key") || strstr(message, "expected ':'")) &&
		explain_colon(input, line, diags))
		return;
	if (strstr(message, "plain scalar cannot start with") && at < input->len) {
		if (input->text[at] != '>' || !explain_comparison(input, at, diags))
			explain_reserved(input, at, diags);
		return;
	}
	if (strstr(message, "block scalar") && explain_comparison(input, at, diags))
		return;
	if (open && (only_blanks_from(input, at) || strstr(message, "without a closing") ||
			    line_of(input, *open) < line)) {
		char text[64];

		snprintf(text, sizeof(text), "this %c is not closed", input->text[*open]);
		shd_input_report(input, *open, *open + 1, SHD_MISTAKE, NULL, text, diags);
		return;
	}
	if (strstr(message, "missing comma in flow")) {
		explain_missing_comma(input, at, diags);
		return;
	}
	explain_known(input, message, at, diags);
}
