/* storehealthctl metrics STORE: the newest numbers of a store. */
#include "ctl.h"
#include "http/http.h"
#include "message/plain.h"

#include <string.h>

enum shd_exit shd_ctl_metrics(struct shd_ctl *ctl)
{
	static const char *const headings[] = {
		"METRIC", "VALUE", "UNIT", "TARGET", "AT", "WHAT IT IS", NULL};
	SHD_AUTO(shd_text_finish) struct shd_text path = {0};
	json_auto_t *answer = NULL;
	json_t *metric;
	size_t i;

	shd_text_init(&path, 1024);
	shd_text_puts(&path, "/api/v1/metrics/");
	shd_percent_encode(ctl->argument, strlen(ctl->argument), &path);
	enum shd_exit code = shd_ctl_fetch(ctl, path.data, &answer);
	if (!answer)
		return code;
	const json_t *metrics = json_object_get(answer, "metrics");
	if (!json_array_size(metrics)) {
		shd_text_puts(&ctl->out, "No metric has been read yet.\n");
		return SHD_EXIT_OK;
	}
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);
	json_array_foreach(metrics, i, metric) {
		char when[SHD_WORDING_TEXT];

		shd_table_cell(table, SHD_BOLD, shd_ctl_text(metric, "name"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_value(metric, "value"));
		shd_table_cell(table, SHD_DIM, shd_ctl_text(metric, "unit"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_value(metric, "target"));
		shd_table_cell(table, SHD_PLAIN, shd_ctl_when(ctl, metric, "at", "", when));
		shd_table_cell(table, SHD_DIM, shd_ctl_text(metric, "doc"));
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
	return SHD_EXIT_OK;
}
