#include "config.h"
#include "host/files.h"
#include "secrets.h"
#include "tried.h"

#include "settings/settings.h"
#include "market/adapter.h"
#include "notify/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4 << 20, DOCS_MAX = 1000 };

/* Who still looks at it, when a reload has replaced it. */
struct shd_config_holds {
	size_t count;
	struct shd_config *unwanted; /* to be destroyed with the last release */
};

/* What a load works with. */
struct load {
	struct shd_config *config;
	struct shd_diags *diags;
	const char *data_dir;  /* of what came with the program */
	struct shd_doc **docs; /* of rules and texts */
	size_t doc_count, doc_room;
	bool unread;           /* the settings have mistakes */
	bool flawed;           /* a part of them was not read: what they lack may stand there */
};

static void mistake(struct load *load, const char *file, const char *text)
{
	size_t len = strlen(load->data_dir);
	bool installed = strncmp(file, load->data_dir, len) == 0 && file[len] == '/';
	struct shd_diag diag = {.severity = SHD_MISTAKE, .file = file, .text = text,
		.hint = installed ? "install storehealthd, or set STOREHEALTHD_DATA_DIR" : NULL};

	shd_diags_add(load->diags, &diag);
}

static char *join(const char *dir, const char *name)
{
	struct shd_text path;

	shd_text_init(&path, 8192);
	shd_text_printf(&path, "%s/%s", dir, name);
	return shd_text_take(&path);
}

/* The text of a file, owned; NULL when it cannot be read, which is reported. */
static char *read_text(struct load *load, const char *path, size_t *ret_len)
{
	struct shd_error err;
	char *text;

	if (!shd_file_read(path, FILE_MAX, &text, ret_len, NULL, &err)) {
		mistake(load, path, err.msg);
		return NULL;
	}
	return text;
}

static struct shd_doc *read_doc(struct load *load, const char *path)
{
	size_t len;
	char *text shd_autofree = read_text(load, path, &len);

	return text ? shd_doc_parse(path, text, len, load->diags) : NULL;
}

static void list_folder(struct load *load, struct shd_folder *folder, const char *path,
			const char *suffix)
{
	struct shd_error err;

	if (!shd_folder_add(folder, path, suffix, &err))
		mistake(load, path, err.msg);
}

static struct shd_doc *read_settings(struct load *load, const char *path)
{
	struct shd_doc *doc = read_doc(load, path);

	load->flawed |= !doc || shd_doc_flawed(doc);
	return doc;
}

static void take_settings(struct load *load, const char *path)
{
	char *dir shd_autofree = join(load->config->dir, "conf.d");
	SHD_AUTO(shd_folder_finish) struct shd_folder folder = {0};
	struct shd_doc *docs[DOCS_MAX + 1];
	size_t count = 0;

	docs[count] = read_settings(load, path);
	count += docs[count] != NULL;
	list_folder(load, &folder, dir, ".yaml");
	for (size_t i = 0; i < folder.count; i++) {
		char *name shd_autofree = join(dir, folder.names[i]);

		docs[count] = read_settings(load, name);
		count += docs[count] != NULL;
	}
	load->config->settings = shd_settings_build(docs, count, NULL, load->diags);
	load->unread = !load->config->settings;
}

/* The path of `folder`/`name` beside the configuration, or of the installed file when
 * there is none. Returns owned. */
static char *find_file(struct load *load, const char *folder, const char *name)
{
	char *below shd_autofree = join(folder, name);
	char *own = join(load->config->dir, below);

	/* Whatever else is wrong with it: it is there and is meant. */
	if (access(own, F_OK) == 0 || errno != ENOENT)
		return own;
	free(own);
	return join(load->data_dir, below);
}

/* The names of both folders: a file of our own takes the place of the installed one
 * of the same name, as systemd does it. */
static void list_both(struct load *load, struct shd_folder *names, const char *folder,
		      const char *suffix)
{
	char *own shd_autofree = join(load->config->dir, folder);
	char *installed shd_autofree = join(load->data_dir, folder);

	list_folder(load, names, own, suffix);
	list_folder(load, names, installed, suffix);
}

static void take_words(struct load *load)
{
	SHD_AUTO(shd_folder_finish) struct shd_folder names = {0};

	load->config->word_lists = shd_word_lists_create();
	list_both(load, &names, "words.d", ".txt");
	for (size_t i = 0; i < names.count; i++) {
		size_t len;
		char *path shd_autofree = find_file(load, "words.d", names.names[i]);
		char *text shd_autofree = read_text(load, path, &len);
		char *list shd_autofree =
			shd_xstrndup(names.names[i], strlen(names.names[i]) - strlen(".txt"));

		if (text)
			shd_word_lists_add(
				load->config->word_lists, list, path, text, len, load->diags);
	}
}

static void keep_doc(struct load *load, struct shd_doc *doc)
{
	shd_grow(load->docs, load->doc_count, load->doc_room);
	load->docs[load->doc_count++] = doc;
}

static void compile_rules(struct load *load)
{
	struct shd_config *config = load->config;
	/* Settings with mistakes are not there: what they may define is not called unknown. */
	static const struct shd_settings unread = {.calendars.unread = true};

	const struct shd_rule_setup setup =
		shd_settings_for_rules(load->unread ? &unread : config->settings);

	config->rules = shd_rules_compile(
		load->docs, load->doc_count, &setup, config->word_lists, load->diags);
}

/* Those of rules_dir (NULL: of rules.d beside the configuration) and the installed ones, which
 * rules and overrides may name; a file takes the place of the installed one of its name. */
static void take_rules(struct load *load, const char *rules_dir)
{
	SHD_AUTO(shd_folder_finish) struct shd_folder names = {0};
	char *own_dir shd_autofree =
		rules_dir ? shd_xstrdup(rules_dir) : join(load->config->dir, "rules.d");
	char *installed_dir shd_autofree = join(load->data_dir, "rules.d");

	list_folder(load, &names, own_dir, ".yaml");
	if (rules_dir && !names.count)
		mistake(load, rules_dir, "there are no rules (*.yaml) in this folder");
	list_folder(load, &names, installed_dir, ".yaml");
	for (size_t i = 0; i < names.count; i++) {
		char *own shd_autofree = join(own_dir, names.names[i]);
		char *installed shd_autofree = join(installed_dir, names.names[i]);
		/* Whatever else is wrong with it: it is there and is meant. */
		bool is_own = access(own, F_OK) == 0 || errno != ENOENT;
		struct shd_doc *doc = read_doc(load, is_own ? own : installed);

		if (doc)
			keep_doc(load, doc);
	}
	compile_rules(load);
}

static void take_texts(struct load *load)
{
	struct shd_doc *docs[SHD_LANGUAGE_COUNT] = {0};
	bool complete = true;

	for (int i = 0; i < SHD_LANGUAGE_COUNT; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s.yaml", shd_language_names[i]);
		char *path shd_autofree = find_file(load, "texts", name);
		docs[i] = read_doc(load, path);
		if (docs[i])
			keep_doc(load, docs[i]);
		else
			complete = false;
	}
	if (complete)
		load->config->book = shd_phrasebook_create(docs, load->diags);
}

static bool is_first_of_credential(
	const struct shd_settings *settings, const struct shd_source *source)
{
	const struct shd_source *first = settings->sources;

	if (source->credential->id == source->id)
		return true;
	while (first->credential != source->credential)
		first++;
	return first == source;
}

static void take_secrets(struct load *load)
{
	const struct shd_settings *settings = load->config->settings;
	struct shd_secrets *secrets = load->config->secrets;

	for (size_t i = 0; i < settings->source_count; i++) {
		const struct shd_source *source = &settings->sources[i];
		const struct shd_adapter *adapter = source->adapter;

		shd_secrets_read(secrets, adapter->options, adapter->option_count,
			source->settings, load->diags);
		if (is_first_of_credential(settings, source))
			shd_secrets_read(secrets, adapter->credential_options,
				adapter->credential_option_count, source->credential->settings,
				load->diags);
	}
	for (size_t i = 0; i < settings->channel_count; i++) {
		const struct shd_channel_settings *channel = &settings->channels[i];

		shd_secrets_read(secrets, channel->notifier->options,
			channel->notifier->option_count, channel->notifier_settings, load->diags);
	}
}

/* A file that an editor emptied must not end the watch over every store. */
static void check_stores(struct load *load, const char *path)
{
	const struct shd_diag none = {.severity = SHD_MISTAKE, .file = path,
		.text = "no store is configured", .hint = "add one below `stores`"};

	if (!load->flawed && load->config->settings && !load->config->settings->store_count)
		shd_diags_add(load->diags, &none);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return shd_xstrdup(".");
	return slash == path ? shd_xstrdup("/") : shd_xstrndup(path, (size_t)(slash - path));
}

static void destroy_config(struct shd_config **config)
{
	shd_config_destroy(*config);
}

static void start(struct load *load, struct shd_config *config, char *dir, struct shd_diags *diags)
{
	const char *data_dir = secure_getenv("STOREHEALTHD_DATA_DIR");

	*load = (struct load){.config = config, .diags = diags,
		.data_dir = data_dir ? data_dir : SHD_DATA_DIR};
	config->dir = dir;
	config->holds = shd_xcalloc(1, sizeof(*config->holds));
	config->secrets = shd_secrets_create(config->dir);
}

static void finish(struct load *load)
{
	for (size_t i = 0; i < load->doc_count; i++)
		shd_doc_destroy(load->docs[i]);
	free(load->docs);
}

struct shd_config *shd_config_load(const char *path, struct shd_diags *diags)
{
	SHD_AUTO(destroy_config) struct shd_config *config = shd_xcalloc(1, sizeof(*config));
	size_t mistakes = shd_diags_mistakes(diags);
	struct load load;

	start(&load, config, folder_of(path), diags);
	take_settings(&load, path);
	check_stores(&load, path);
	take_words(&load);
	take_rules(&load, NULL);
	take_texts(&load);
	if (config->settings) {
		take_secrets(&load);
		if (!load.flawed)
			shd_config_check_routes(config, path, diags);
	}
	if (shd_diags_mistakes(diags) == mistakes)
		shd_config_try(config, diags);
	finish(&load);
	return shd_diags_mistakes(diags) == mistakes ? shd_steal(config) : NULL;
}

/* The words, and the rules of the folder, or of the configuration. */
static void take_words_and_rules(struct load *load, const char *rules_dir)
{
	take_words(load);
	take_rules(load, rules_dir);
	finish(load);
}

struct shd_config *shd_config_load_rules(const char *rules_dir, struct shd_diags *diags)
{
	SHD_AUTO(destroy_config) struct shd_config *config = shd_xcalloc(1, sizeof(*config));
	size_t mistakes = shd_diags_mistakes(diags);
	struct load load;

	start(&load, config, rules_dir ? join(rules_dir, "..") : shd_xstrdup(SHD_CONF_DIR), diags);
	take_words_and_rules(&load, rules_dir);
	return shd_diags_mistakes(diags) == mistakes ? shd_steal(config) : NULL;
}

struct shd_config *shd_config_load_trial(const char *path, const char *rules_dir,
					 struct shd_diags *diags)
{
	SHD_AUTO(destroy_config) struct shd_config *config = shd_xcalloc(1, sizeof(*config));
	size_t mistakes = shd_diags_mistakes(diags);
	struct load load = {0};

	start(&load, config, folder_of(path), diags);
	take_settings(&load, path);
	check_stores(&load, path);
	take_words_and_rules(&load, rules_dir);
	return shd_diags_mistakes(diags) == mistakes ? shd_steal(config) : NULL;
}

void shd_config_state_path(const struct shd_settings *settings, struct shd_text *out)
{
	const char *folder = getenv("STATE_DIRECTORY");

	if (settings->state_path)
		shd_text_puts(out, settings->state_path);
	else if (folder && *folder)
		shd_text_printf(out, "%s/state.db", folder);
	else
		shd_text_puts(out, "/var/lib/storehealthd/state.db");
}

void shd_config_destroy(struct shd_config *config)
{
	if (!config)
		return;
	if (config->holds && config->holds->count) {
		config->holds->unwanted = config;
		return;
	}
	shd_phrasebook_destroy(config->book);
	shd_rules_destroy(config->rules);
	shd_word_lists_destroy(config->word_lists);
	shd_settings_destroy(config->settings);
	free(config->holds);
	shd_secrets_destroy(config->secrets);
	free((char *)config->dir);
	free(config);
}

void shd_config_hold(const struct shd_config *config)
{
	if (config->holds)
		config->holds->count++;
}

void shd_config_release(const struct shd_config *config)
{
	if (!config->holds)
		return;
	shd_assert(config->holds->count);
	if (!--config->holds->count)
		shd_config_destroy(config->holds->unwanted);
}

const struct shd_secret *shd_config_secret(void *config, const struct shd_secret_ref *ref)
{
	const struct shd_config *whole = config;

	return shd_secrets_find(whole->secrets, ref);
}

struct shd_judge_in shd_config_for_judge(const struct shd_config *config)
{
	struct shd_judge_in in = shd_settings_for_judge(config->settings);

	in.rules = config->rules;
	return in;
}
