#include "currency.h"

#include <stddef.h>
#include <string.h>

static const struct {
	char code[4];
	int digits;
} currencies[] = {
#define CURRENCY(code_, digits_) {#code_, digits_},
#include "currencies.def"
#undef CURRENCY
};

/* Names that people use, and codes that were replaced. */
static const char meant[][2][4] = {
	{"BYR", "BYN"},
	{"CNH", "CNY"},
	{"NIS", "ILS"},
	{"NTD", "TWD"},
	{"RMB", "CNY"},
	{"RUR", "RUB"},
	{"STG", "GBP"},
	{"TRL", "TRY"},
	{"UAK", "UAH"},
	{"YEN", "JPY"},
};

/* The row of code[0..3), or -1. */
static int find(const char *code)
{
	int low = 0, high = (int)(sizeof(currencies) / sizeof(*currencies)) - 1;

	while (low <= high) {
		int middle = low + (high - low) / 2;
		int order = memcmp(currencies[middle].code, code, 3);

		if (!order)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

int shd_currency_digits(const char *code)
{
	for (int i = 0; i < 3; i++)
		if (code[i] < 'A' || code[i] > 'Z')
			return -1;
	int row = find(code);
	return row < 0 ? 2 : currencies[row].digits;
}

bool shd_currency_known(const char *code)
{
	for (int i = 0; i < 3; i++)
		if (code[i] < 'A' || code[i] > 'Z')
			return false;
	return find(code) >= 0;
}

const char *shd_currency_meant(const char *code)
{
	char capitals[4] = "";

	for (int i = 0; i < 3 && code[i]; i++)
		capitals[i] =
			(char)(code[i] >= 'a' && code[i] <= 'z' ? code[i] - 'a' + 'A' : code[i]);
	for (size_t i = 0; i < sizeof(meant) / sizeof(*meant); i++)
		if (strcmp(meant[i][0], capitals) == 0)
			return meant[i][1];
	int row = find(capitals);
	return row < 0 ? NULL : currencies[row].code;
}
