/* sandbox/faces/ozon/rows.h - the words of which the table of methods (rows.c) is made. */
#pragma once
#include "views.h"

#define INT(path_, lo, hi)        {.path = path_, .type = ASK_INT, .min = lo, .max = hi}
#define LIMIT(lo, hi)                                                                              \
	{                                                                                          \
		.path = "limit", .type = ASK_INT, .required = true, .min = lo, .max = hi           \
	}
#define TEXT(path_)               {.path = path_, .type = ASK_TEXT}
#define BOOL(path_)               {.path = path_, .type = ASK_BOOL}
#define NEEDS(path_, type_)       {.path = path_, .type = type_, .required = true}
#define OBJECT(path_)             {.path = path_, .type = ASK_OBJECT}
#define TIME(path_)               {.path = path_, .type = ASK_TIME}
#define FROM(path_, m)            {.path = path_, .type = ASK_TIME, .test = TEST_FROM, .member = m}
#define TO(path_, m)              {.path = path_, .type = ASK_TIME, .test = TEST_TO, .member = m}
#define SINCE(path_, m)                                                                            \
	{.path = path_, .type = ASK_TIME, .required = true, .test = TEST_FROM, .member = m}
#define UNTIL(path_, m)                                                                            \
	{.path = path_, .type = ASK_TIME, .required = true, .test = TEST_TO, .member = m}
#define LIST(path_, hi)           {.path = path_, .type = ASK_LIST, .max = hi}
#define ANY_OF(path_, hi, m)                                                                       \
	{                                                                                          \
		.path = path_, .type = ASK_LIST, .max = hi, .test = TEST_IN, .member = m           \
	}
#define WORDS_OF(path_, w, m)                                                                      \
	{.path = path_, .type = ASK_LIST, .max = 100, .words = w, .test = TEST_IN, .member = m}
#define WORD(path_, w)            {.path = path_, .type = ASK_WORD, .words = w}
#define WORD_OF(path_, w, m)                                                                       \
	{                                                                                          \
		.path = path_, .type = ASK_WORD, .words = w, .test = TEST_IS, .member = m          \
	}
#define ID(path_, type_, m)                                                                        \
	{.path = path_, .type = type_, .required = true, .test = TEST_IS, .member = m}
#define DIR                       WORD("sort_dir", "ASC DESC")
#define CURSOR                    TEXT("cursor")
#define WITH                                                                                       \
	BOOL("with.analytics_data"), BOOL("with.barcodes"), BOOL("with.financial_data"),           \
		BOOL("with.legal_info")
#define FBS_STATUSES                                                                               \
	"acceptance_in_progress arbitration awaiting_approve awaiting_deliver awaiting_packaging " \
	"awaiting_registration awaiting_verification cancelled cancelled_from_split_pending "      \
	"client_arbitration delivered delivering driver_pickup not_accepted sent_by_seller"
#define BY_CURSOR .token = TOKEN_CURSOR, .token_in = "cursor", .token_out = "cursor"
#define RETIRED(path_) {.path = path_, .shape = METHOD_RETIRED}
#define WRITES(path_)  {.path = path_, .shape = METHOD_WRITES}
