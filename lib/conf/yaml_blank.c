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

/* Every bracket of text[0..len) is closed in it; those in quotes do not count. */
static bool brackets_close(const char *text, size_t len)
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
	return open == 0;
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

static bool blank_tabs(const struct shd_source *source, char *text, bool *gone)
{
	const char *at;
	bool any = false;
	size_t len;

	for (int line = 1; (at = shd_source_line(source, line, &len)); line++) {
		size_t indent = strspn(at, " \t");

		if (indent >= len || !memchr(at, '\t', indent) || at[indent] == '#' ||
			!blank(text + (at - source->text), 0, len))
			continue;
		gone[line] = any = true;
	}
	return any;
}

bool shd_yaml_blank(const struct shd_source *source, enum shd_yaml_cure cure, int line, char *text,
		    bool *gone)
{
	size_t len;
	const char *at = shd_source_line(source, line, &len);

	if (cure == SHD_YAML_WITHOUT_TABS)
		return blank_tabs(source, text, gone);
	if (cure == SHD_YAML_NO_CURE || !at)
		return false;
	char *copy = text + (at - source->text);
	size_t from = cure == SHD_YAML_WITHOUT_LINE ? strspn(at, " -") : value_from(at, len);
	if (from >= len || !brackets_close(at + from, len - from) || !blank(copy, from, len))
		return false;
	gone[line] = cure == SHD_YAML_WITHOUT_LINE;
	return true;
}
