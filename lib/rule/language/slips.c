#include "slips.h"

#include "base/currency.h"
#include "base/mem.h"

#include <string.h>

/* ASCII words must match whole. Others are matched as prefixes, so the longest comes first. */
static const struct {
	const char *text, *meant;
} units[] = {
	{"w", "w"},
	{"d", "d"},
	{"h", "h"},
	{"m", "m"},
	{"s", "s"},
	{"ms", "ms"},
	{"week", "w"},
	{"weeks", "w"},
	{"day", "d"},
	{"days", "d"},
	{"hour", "h"},
	{"hours", "h"},
	{"hr", "h"},
	{"hrs", "h"},
	{"minute", "m"},
	{"minutes", "m"},
	{"min", "m"},
	{"mins", "m"},
	{"second", "s"},
	{"seconds", "s"},
	{"sec", "s"},
	{"secs", "s"},
	{"percent", "%"},
	{"$", "USD"},
	{"недель", "w"},
	{"недели", "w"},
	{"дней", "d"},
	{"дня", "d"},
	{"день", "d"},
	{"часов", "h"},
	{"часа", "h"},
	{"час", "h"},
	{"ч", "h"},
	{"минут", "m"},
	{"мин", "m"},
	{"рублей", "RUB"},
	{"руб.", "RUB"},
	{"руб", "RUB"},
	{"周", "w"},
	{"天", "d"},
	{"小时", "h"},
	{"分钟", "m"},
	{"秒", "s"},
	{"元", "CNY"},
	{"￥", "CNY"},
	{"¥", "CNY"},
	{"₽", "RUB"},
	{"€", "EUR"},
	{"％", "%"},
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

const char *shd_slip_unit(const char *text, size_t len, size_t *ret_width)
{
	size_t word = 0;

	while (word < len && is_letter(text[word]))
		word++;
	for (size_t i = 0; i < SHD_COUNT(units); i++) {
		size_t width = strlen(units[i].text);

		if (width > len || memcmp(text, units[i].text, width) != 0 ||
			(word && word != width))
			continue;
		*ret_width = width;
		return units[i].meant;
	}
	*ret_width = word;
	return word == 3 ? shd_currency_meant(text) : NULL;
}

size_t shd_slip_wide(const char *text, size_t len, char ret_plain[static 3])
{
	size_t count = 0;

	memset(ret_plain, 0, 3);
	for (; count < 2 && len >= SHD_WIDE_BYTES; text += SHD_WIDE_BYTES, len -= SHD_WIDE_BYTES) {
		unsigned char a = (unsigned char)text[0], b = (unsigned char)text[1],
			      c = (unsigned char)text[2];

		if (a == 0xEF && b == 0xBC && c >= 0x81 && c <= 0xBF)
			ret_plain[count++] = (char)(c - 0x60); /* U+FF01: ! and what follows */
		else if (a == 0xE3 && b == 0x80 && c == 0x81)
			ret_plain[count++] = ',';
		else
			break;
	}
	return count;
}

size_t shd_slip_blank(const char *text, size_t len)
{
	static const char *const blanks[] = {"\xC2\xA0", "\xE3\x80\x80", "\xE2\x80\xAF"};

	for (size_t i = 0; i < SHD_COUNT(blanks); i++)
		if (strlen(blanks[i]) <= len && memcmp(text, blanks[i], strlen(blanks[i])) == 0)
			return strlen(blanks[i]);
	return 0;
}

const char *shd_slip_character(const char *text, size_t len)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{"\xE2\x80\x98", "use plain quotes: \"text\""},
		{"\xE2\x80\x99", "use plain quotes: \"text\""},
		{"\xE2\x80\x9A", "use plain quotes: \"text\""},
		{"\xE2\x80\x9C", "use plain quotes: \"text\""},
		{"\xE2\x80\x9D", "use plain quotes: \"text\""},
		{"\xE2\x80\x9E", "use plain quotes: \"text\""},
		{"«", "use plain quotes: \"text\""},
		{"「", "use plain quotes: \"text\""},
		{"＂", "use plain quotes: \"text\""},
		{"$", "money is a number and a code: 5 USD"},
		{"€", "money is a number and a code: 5 EUR"},
		{"₽", "money is a number and a code: 5 RUB"},
		{"¥", "money is a number and a code: 5 CNY"},
		{"￥", "money is a number and a code: 5 CNY"},
		{"`", "use plain quotes: \"text\""},
		{"{", "groups stand in ( ), lists in [ ]"},
		{";", "join two conditions with `and`"},
		{"%", "a ratio is a number and %: 4%"},
		{"^", "write x * x"},
		{"~", "write matches \"pattern\""},
	};

	for (size_t i = 0; i < SHD_COUNT(rows); i++)
		if (strlen(rows[i].text) <= len &&
			memcmp(text, rows[i].text, strlen(rows[i].text)) == 0)
			return rows[i].hint;
	bool digit = len >= 3 && memcmp(text, "\xEF\xBC", 2) == 0 &&
		     (unsigned char)text[2] >= 0x90 && (unsigned char)text[2] <= 0x99;
	return digit ? "write the plain digit" : NULL;
}
