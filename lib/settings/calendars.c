#include "sections.h"
#include "tables.h"

#include <string.h>

enum { DATES_MAX = 1000 };

/* The scalar that a text of a list of texts, or of one text, stands in. */
static const struct shd_node *item_node(const struct shd_node *map, const char *key, size_t i)
{
	const struct shd_node *node = shd_node_get(map, key);

	return node->type == SHD_NODE_LIST ? &node->items[i] : node;
}

/* 0 for "mon" to 6 for "sun", -1 for anything else. */
static int find_weekday(const char *text, size_t len)
{
	static const char names[7][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

	for (int i = 0; i < 7; i++)
		if (len == 3 && memcmp(text, names[i], 3) == 0)
			return i;
	return -1;
}

/* "mon", "mon-fri", "sun-thu" as bits; 0 when it is none of that. */
static unsigned parse_weekdays(const char *text)
{
	const char *dash = strchr(text, '-');
	size_t head = dash ? (size_t)(dash - text) : strlen(text);
	int from = find_weekday(text, head);
	int to = dash ? find_weekday(dash + 1, strlen(dash + 1)) : from;
	unsigned days = 0;

	if (from < 0 || to < 0)
		return 0;
	for (int day = from;; day = (day + 1) % 7) {
		days |= 1U << day;
		if (day == to)
			return days;
	}
}

static void read_weekdays(struct shd_build *build, const struct shd_node *map,
			  const struct shd_texts *texts, unsigned *ret_days)
{
	*ret_days = texts->count ? 0 : parse_weekdays("mon-fri");
	for (size_t i = 0; i < texts->count; i++) {
		unsigned days = parse_weekdays(texts->items[i]);

		*ret_days |= days;
		if (!days)
			shd_node_mistake(item_node(map, "days", i), build->diags,
				"days: mon-fri, or days: [mon, wed]",
				"`%s` is no day of the week, nor two with a dash between",
				texts->items[i]);
	}
}

static bool parse_date(const char *text, size_t len, int64_t *ret_day)
{
	struct shd_error err;
	struct shd_wall at;

	if (len != strlen("2026-10-01") || !shd_time_parse(text, len, &at, &err) ||
	    at.ms == SHD_NEVER_MS)
		return false;
	*ret_day = shd_zone_day(NULL, at);
	return true;
}

static bool parse_days(const char *text, struct shd_days *ret_days)
{
	const char *dots = strstr(text, "..");

	if (!dots) {
		bool good = parse_date(text, strlen(text), &ret_days->from);

		ret_days->to = ret_days->from;
		return good;
	}
	return parse_date(text, (size_t)(dots - text), &ret_days->from) &&
	       parse_date(dots + 2, strlen(dots + 2), &ret_days->to) &&
	       ret_days->from <= ret_days->to;
}

static void read_dates(struct shd_build *build, const struct shd_node *map, const char *key,
		       const struct shd_texts *texts, struct shd_day_list *list)
{
	if (texts->count > DATES_MAX) {
		shd_node_mistake(shd_node_get(map, key), build->diags, NULL,
			"`%s` has more than %d items", key, DATES_MAX);
		return;
	}
	list->items = shd_build_take(build, texts->count, sizeof(*list->items));
	list->count = texts->count;
	for (size_t i = 0; i < texts->count; i++)
		if (!parse_days(texts->items[i], &list->items[i]))
			shd_node_mistake(item_node(map, key, i), build->diags,
				"2026-10-01, or 2026-10-01..2026-10-07",
				"`%s` is no date, nor a span of dates", texts->items[i]);
}

static void read_calendar(struct shd_build *build, struct shd_calendar *calendar,
			  const struct shd_node *name, const struct shd_node *map)
{
	struct shd_calendar_parts parts = {0};

	shd_build_key(build, name, "calendar");
	calendar->name = shd_build_text(build, name->text, name->len);
	/* What could be read is looked at, whatever else is wrong. */
	if (!shd_options_apply(map, shd_calendar_options, shd_calendar_option_count, &parts,
		    "a calendar", build->settings->arena, build->diags) &&
	    map->type != SHD_NODE_MAP)
		return;
	read_weekdays(build, map, &parts.days, &calendar->weekdays);
	read_dates(build, map, "dates", &parts.dates, &calendar->off);
	read_dates(build, map, "worked", &parts.worked, &calendar->worked);
}

void shd_calendars_build(struct shd_build *build, const struct shd_node *node)
{
	struct shd_calendars *calendars = &build->settings->calendars;

	if (!node || (node->type == SHD_NODE_SCALAR && !node->len))
		return;
	if (node->type != SHD_NODE_MAP) {
		shd_node_mistake(node, build->diags,
			"write NAME: {dates: [2026-10-01..2026-10-07]}",
			"`calendars` must be a map of names");
		return;
	}
	calendars->items = shd_build_take(build, node->count, sizeof(*calendars->items));
	calendars->count = node->count;
	for (size_t i = 0; i < node->count; i++)
		read_calendar(build, &calendars->items[i], &node->keys[i], &node->items[i]);
}
