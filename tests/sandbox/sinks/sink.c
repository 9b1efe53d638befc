#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shd_sink_init(struct shd_sink *sink, struct shd_faults *faults)
{
	*sink = (struct shd_sink){.faults = faults,
				  .mails = json_array(),
				  .webhooks = json_array(),
				  .ids = json_object()};
}

void shd_sink_finish(struct shd_sink *sink)
{
	json_decref(sink->mails);
	json_decref(sink->webhooks);
	json_decref(sink->ids);
	*sink = (struct shd_sink){0};
}

void shd_sink_reset(struct shd_sink *sink)
{
	json_array_clear(sink->mails);
	json_array_clear(sink->webhooks);
	json_object_clear(sink->ids);
	sink->mail_count = sink->webhook_count = 0;
}

static void take(struct shd_sink *sink, json_t *list, const char *kind, json_t *item)
{
	char at[40];

	shd_time_write(shd_now_ms(), 3, at);
	json_object_set_new(item, "kind", json_string(kind));
	json_object_set_new(item, "at", json_string(at));
	if (json_array_size(list) >= SHD_SINK_MAX)
		json_array_remove(list, 0);
	json_array_append_new(list, item);
	if (!sink->print)
		return;
	json_dumpf(item, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	putchar('\n');
	fflush(stdout);
}

void shd_sink_mail(struct shd_sink *sink, json_t *item)
{
	sink->mail_count++;
	take(sink, sink->mails, "mail", item);
}

void shd_sink_webhook(struct shd_sink *sink, json_t *item)
{
	sink->webhook_count++;
	take(sink, sink->webhooks, "webhook", item);
}
