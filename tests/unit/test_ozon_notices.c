/* Until when a notice of Ozon wants something: the date stands in its text only. */
#include "support/check.h"

#include "market/ozon/ozon.h"

#include <string.h>

#define WRITTEN "2026-08-10T09:00:00Z"

static const struct {
	const char *text, *due; /* NULL: none */
} notices[] = {
	/* with and without a clock; the day is Moscow's and lasts until its end */
	{"Покупатель пожаловался на товар 160200304. Оспорьте до 15.08.2026 18:00.",
		"2026-08-15T15:00:00.000Z"},
	{"Покупатель пожаловался. Оспорьте до 15.08.2026 в 18:00 (мск)",
		"2026-08-15T15:00:00.000Z"},
	{"Запрошен возврат: одобрите или откажите до **15.08.2026**", "2026-08-15T21:00:00.000Z"},
	{"Заберите товары со склада не позднее 15.08.2026, 09:30", "2026-08-15T06:30:00.000Z"},
	{"Срок: 15.08.2026", "2026-08-15T21:00:00.000Z"},
	{"До\u00A001.01.2027 12:00", "2027-01-01T09:00:00.000Z"},
	{"Please answer until 15.08.2026 18:00", "2026-08-15T15:00:00.000Z"},
	{"请于 15.08.2026 18:00 前处理", "2026-08-15T15:00:00.000Z"},
	{"截止：15.08.2026", "2026-08-15T21:00:00.000Z"},
	{"截止 15.08.2026", "2026-08-15T21:00:00.000Z"},
	/* the earliest that is still ahead */
	{"До 20.08.2026 ответьте, до 12.08.2026 приложите фото", "2026-08-12T21:00:00.000Z"},
	{"Акт от 01.08.2026, спор до 09.08.2026, возврат до 16.08.2026",
		"2026-08-16T21:00:00.000Z"},
	/* other dates, and what is none */
	{"Заказ от 15.08.2026 18:00 доставлен", NULL},
	{"С 15.08.2026 меняются тарифы", NULL},
	{"сюдо 15.08.2026", NULL},
	{"до 15.08.20261", NULL},
	{"до 115.08.2026", NULL},
	{"до 1.15.08.2026", NULL},
	{"до 31.02.2026", NULL},
	{"до 15.13.2026", NULL},
	{"до 15.08.2026 29:00", NULL},
	{"до 15.08.9999", NULL},
	{"до 15.08.202", NULL},
	{"15.08.2026", NULL},
	{"до", NULL},
	{"", NULL},
};

static void test_a_notice_tells_until_when(void **state)
{
	struct shd_wall written, due;
	struct shd_error error;
	char text[SHD_TIME_TEXT];

	(void)state;
	assert_true(shd_time_parse(WRITTEN, strlen(WRITTEN), &written, &error));
	for (size_t i = 0; i < SHD_COUNT(notices); i++) {
		json_auto_t *value = json_string(notices[i].text);
		bool found = shd_ozon_deadline(value, written, &due);

		print_message("%s\n", notices[i].text);
		assert_int_equal(found, notices[i].due != NULL);
		if (found)
			assert_string_equal(shd_time_format(due, text), notices[i].due);
	}
	assert_false(shd_ozon_deadline(NULL, written, &due));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_notice_tells_until_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
