#include "yaml_words.h"

#include <string.h>

/* Where what follows the key of a line begins; len when it has no key. */
static size_t value_from(const char *line, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (line[i] == '"' || line[i] == '\'' || line[i] == '#' || line[i] == '{')
			return len;
		if (line[i] == ':' && line[i + 1] == ' ')
			return i + 1;
	}
	return len;
}

/* Every quote and bracket of text[0..len) is closed in it. */
static bool is_whole(const char *text, size_t len)
{
	int open = 0;
	char quote = 0;

	for (size_t i = 0; i < len; i++) {
		if (quote)
			quote = text[i] == quote ? 0 : quote;
		else if (text[i] == '"' || text[i] == '\'')
			quote = text[i];
		else if (text[i] == '{' || text[i] == '[')
			open++;
		else if ((text[i] == '}' || text[i] == ']') && --open < 0)
			return false;
	}
	return open == 0 && !quote;
}

/* Blanks line[from..len); false when nothing stood there. */
static bool blank(char *line, size_t from, size_t len)
{
	bool any = false;

	for (size_t i = from; i < len; i++) {
		any |= !strchr(" \t\r", line[i]);
		line[i] = line[i] == '\r' ? '\r' : ' ';
	}
	return any;
}

static bool is_tabbed(const char *line, size_t len)
{
	size_t indent = strspn(line, " \t");

	return indent < len && memchr(line, '\t', indent) && line[indent] != '#';
}

static bool blank_tabbed(const struct shd_input *input, char *text, bool *gone)
{
	const char *at;
	bool any = false;
	size_t len;

	for (int line = 1; (at = shd_input_line(input, line, &len)); line++)
		if (is_tabbed(at, len) && blank(text + (at - input->text), 0, len))
			gone[line] = any = true;
	return any;
}

bool shd_yaml_blank(const struct shd_input *input, int line, char *text, bool *gone)
{
	size_t len;
	const char *at = shd_input_line(input, line, &len);

	if (!at)
		return false;
	if (is_tabbed(at, len))
		return blank_tabbed(input, text, gone);
	size_t value = value_from(at, len), from = value < len ? value : strspn(at, " -");
	if (from >= len || !is_whole(at + from, len - from) ||
		!blank(text + (at - input->text), from, len))
		return false;
	gone[line] = value == len;
	return true;
}
