/* storehealthctl check [--online] [FILE]: prints every mistake of the configuration in one run, as
 * compilers do. Needs no daemon. */
#include "ctl.h"
#include "online.h"

#include "config/config.h"
#include "host/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SECRETS          SHD_CONF_DIR "/secrets"
#define DIAGS_MAX        1000
#define DIAGS_TEXT_BYTES (8 << 20)

void shd_ctl_print_diags(const struct shd_diags *diags)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	if (!shd_diags_count(diags))
		return;
	shd_text_init(&text, DIAGS_TEXT_BYTES);
	shd_diags_print(diags, &text);
	fputs(text.data, stderr);
}

json_t *shd_ctl_diags_json(const struct shd_diags *diags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < shd_diags_count(diags); i++) {
		const struct shd_diag *diag = shd_diags_at(diags, i);

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "severity",
				      diag->severity == SHD_MISTAKE ? "error" : "warning", "file",
				      diag->file, "line", diag->line, "col", diag->col, "text",
				      diag->text, "hint", shd_or_empty(diag->hint)));
	}
	return list;
}

static json_t *probes_json(const struct shd_probe *probes, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:b, s:I, s:s}", "kind", probes[i].kind, "name",
				probes[i].name, "ok", probes[i].ok, "took_ms",
				(json_int_t)probes[i].took_ms, "text", probes[i].text));
	return list;
}

static void print_probes(struct shd_ctl *ctl, const struct shd_probe *probes, size_t count)
{
	static const char *const headings[] = {"WHAT", "NAME", "TOOK", "FOUND", NULL};
	SHD_AUTO(shd_table_destroyp) struct shd_table *table = shd_table_create(headings);

	for (size_t i = 0; i < count; i++) {
		char took[32];

		snprintf(took, sizeof(took), "%lld ms", (long long)probes[i].took_ms);
		shd_table_cell(table, SHD_DIM, probes[i].kind);
		shd_table_cell(table, SHD_BOLD, probes[i].name);
		shd_table_cell(table, SHD_PLAIN, took);
		shd_table_cell(table, probes[i].ok ? SHD_GOOD : SHD_BAD, probes[i].text);
	}
	shd_table_print(table, &ctl->screen, &ctl->out);
}

/* Probes all stores and channels; false when one does not work. */
static bool run_probes(struct shd_ctl *ctl, struct shd_config *config, json_t *answer)
{
	struct shd_probe *probes;
	size_t count = shd_probe_all(config, shd_clock_read().wall, &probes);
	bool ok = true;

	for (size_t i = 0; i < count; i++)
		ok &= probes[i].ok;
	if (ctl->json)
		json_object_set_new(answer, "probes", probes_json(probes, count));
	else
		print_probes(ctl, probes, count);
	free(probes);
	return ok;
}

/* Behind what was printed of the diagnostics, which ends with their number. */
static void print_summary(struct shd_ctl *ctl, const char *path, const struct shd_config *config,
			  const struct shd_diags *diags)
{
	shd_text_printf(&ctl->out, "%s: %sstores: %zu, channels: %zu, rules: %zu\n", path,
		shd_diags_count(diags) ? "" : "no mistake; ", config->settings->store_count,
		config->settings->channel_count, shd_rules_count(config->rules));
}

enum shd_exit shd_ctl_check(struct shd_ctl *ctl)
{
	const char *path = ctl->argument ? ctl->argument : SHD_CONF_DIR "/storehealthd.yaml";
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(DIAGS_MAX);

	/* systemd passes credentials only to the service; here they are read from their files. */
	if (ctl->credentials)
		setenv("CREDENTIALS_DIRECTORY", ctl->credentials, 1);
	else if (access(SECRETS, F_OK) == 0) /* who may not read it is told so */
		setenv("CREDENTIALS_DIRECTORY", SECRETS, 0);
	struct shd_config *config = shd_config_load(path, diags);
	json_auto_t *answer = json_object();
	bool ok = config != NULL;

	if (!ctl->json)
		shd_ctl_print_diags(diags);
	if (ok && !ctl->json)
		print_summary(ctl, path, config, diags);
	if (ok && ctl->online)
		ok = run_probes(ctl, config, answer);
	if (ctl->json) {
		json_object_set_new(answer, "file", json_string(path));
		json_object_set_new(answer, "mistakes",
			json_integer((json_int_t)shd_diags_mistakes(diags)));
		json_object_set_new(answer, "warnings",
			json_integer((json_int_t)shd_diags_warnings(diags)));
		json_object_set_new(answer, "diagnostics", shd_ctl_diags_json(diags));
		shd_ctl_print_json(ctl, answer);
	}
	shd_config_destroy(config);
	return ok ? SHD_EXIT_OK : SHD_EXIT_NO;
}
