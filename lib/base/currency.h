/* base/currency.h - codes of currencies, as ISO 4217 lists them. Pure; safe on any thread. */
#pragma once
#include <stdbool.h>

/* Digits after the point of a currency (RUB 2, JPY 0); -1 when code[0..3) is not three
 * capital letters. A code that is not listed has 2. */
int shd_currency_digits(const char *code);

/* Whether code[0..3) is listed. */
bool shd_currency_known(const char *code);

/* The listed code that code[0..3) means, be it in small letters ("rub": "RUB") or another name
 * for it ("RMB": "CNY"); NULL: none. */
const char *shd_currency_meant(const char *code);
