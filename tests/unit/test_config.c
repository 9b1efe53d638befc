/* daemon/config.h: a folder of files and the secrets it names. */
#include "support/cases.h"

#include "config/config.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

static const char store[] = "stores:\n"
			    "  - id: main\n"
			    "    marketplace: ozon\n"
			    "    client_id: \"1\"\n"
			    "    api_key: ";

/* A configuration folder, an installed one and a credentials folder below `root`. */
struct bench {
	char root[64];
	struct shd_diags *diags;
	struct shd_config *config;
	struct shd_text printed;
};

static char *path_in(const struct bench *bench, const char *name)
{
	struct shd_text path;

	shd_text_init(&path, 4096);
	shd_text_printf(&path, "%s/%s", bench->root, name);
	return shd_text_take(&path);
}

static void write_bytes(const struct bench *bench, const char *name, mode_t mode, const char *bytes,
			size_t len)
{
	char *path shd_autofree = path_in(bench, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void write_text(const struct bench *bench, const char *name, const char *text)
{
	write_bytes(bench, name, 0644, text, strlen(text));
}

static void begin(struct bench *bench)
{
	static const char *const folders[] = {"etc", "etc/conf.d", "etc/rules.d", "etc/words.d",
		"data", "data/rules.d", "credentials"};

	*bench = (struct bench){.root = "/tmp/shd-config-XXXXXX"};
	assert_non_null(mkdtemp(bench->root));
	for (size_t i = 0; i < SHD_COUNT(folders); i++) {
		char *path shd_autofree = path_in(bench, folders[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	char *texts shd_autofree = path_in(bench, "data/texts");
	assert_int_equal(symlink(SHD_SOURCE_DIR "/conf/texts", texts), 0);
	char *data shd_autofree = path_in(bench, "data");
	char *credentials shd_autofree = path_in(bench, "credentials");
	assert_int_equal(setenv("STOREHEALTHD_DATA_DIR", data, 1), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", credentials, 1), 0);
	write_text(bench, "data/rules.d/one.yaml",
		"rules:\n  - {rule: first, levels: {warning: rating < 4.5}}\n");
}

static void unload(struct bench *bench)
{
	shd_config_destroy(bench->config);
	shd_diags_destroy(bench->diags);
	shd_text_finish(&bench->printed);
	bench->config = NULL;
	bench->diags = NULL;
}

/* Loads etc/storehealthd.yaml; what is said is in `printed`. */
static void load(struct bench *bench)
{
	char *path shd_autofree = path_in(bench, "etc/storehealthd.yaml");

	unload(bench);
	bench->diags = shd_diags_create(50);
	bench->config = shd_config_load(path, bench->diags);
	shd_text_init(&bench->printed, 1 << 20);
	shd_diags_print(bench->diags, &bench->printed);
	assert_int_equal(bench->config == NULL, shd_diags_mistakes(bench->diags) > 0);
}

static void load_well(struct bench *bench)
{
	load(bench);
	if (!bench->config)
		fail_msg("%s", bench->printed.data);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void end(struct bench *bench)
{
	unload(bench);
	assert_int_equal(nftw(bench->root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void write_store(const struct bench *bench, const char *api_key)
{
	SHD_AUTO(shd_text_finish) struct shd_text text = {0};

	shd_text_init(&text, 4096);
	shd_text_printf(&text, "%s%s\n", store, api_key);
	write_text(bench, "etc/storehealthd.yaml", text.data);
}

static void expect_secret(const struct bench *bench, const char *from, enum shd_secret_from kind,
			  const char *expected)
{
	struct shd_secret_ref ref = {.from = kind, .name = from};
	const struct shd_secret *secret = shd_config_secret(bench->config, &ref);
	size_t len;

	assert_non_null(secret);
	assert_string_equal(shd_secret_reveal(secret, &len), expected);
	assert_int_equal(len, strlen(expected));
}

static void secrets_come_from_everywhere(void **state)
{
	static const struct {
		const char *yaml, *name, *expected;
		enum shd_secret_from from;
	} cases[] = {
		{"{credential: key}", "key", "from-credential", SHD_SECRET_CREDENTIAL},
		{"{credential: one}", "one", "from-a-whole-folder", SHD_SECRET_CREDENTIAL},
		{"{file: key}", "key", "from-file", SHD_SECRET_FILE},
		{"{env: SHD_TEST_KEY}", "SHD_TEST_KEY", "from-env", SHD_SECRET_ENV},
	};
	struct bench b;

	(void)state;
	begin(&b);
	write_bytes(&b, "credentials/key", 0440, "from-credential\n", 16);
	write_bytes(&b, "credentials/secrets_one", 0400, "from-a-whole-folder\n", 20);
	write_bytes(&b, "etc/key", 0600, "from-file\r\n", strlen("from-file\r\n"));
	setenv("SHD_TEST_KEY", "from-env", 1);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		write_store(&b, cases[i].yaml);
		load_well(&b);
		expect_secret(&b, cases[i].name, cases[i].from, cases[i].expected);
	}
	end(&b);
}

static void expect_mistake(struct bench *bench, const char *text, const char *hint)
{
	load(bench);
	assert_null(bench->config);
	assert_int_equal(shd_diags_mistakes(bench->diags), 1);
	if (!strstr(bench->printed.data, text))
		fail_msg("expected \"%s\" in:\n%s", text, bench->printed.data);
	if (hint && !strstr(bench->printed.data, hint))
		fail_msg("expected \"%s\" in:\n%s", hint, bench->printed.data);
	assert_null(strstr(bench->printed.data, "hush"));
	assert_non_null(strstr(bench->printed.data, "storehealthd.yaml:5:14: error:"));
}

static void bad_secret_files_are_refused(void **state)
{
	static const struct {
		const char *content;
		mode_t mode;
		const char *text, *hint;
	} cases[] = {
		{"hush", 0640, "can be read or changed by others (mode 0640)",
			"chmod 600 /tmp/shd"},
		{"hush", 0604, "can be read or changed by others (mode 0604)", "chmod 600"},
		{"", 0600, "the file `key` is empty", NULL},
		{"\n", 0600, "the file `key` is empty", NULL},
		{"hush\nhush\n", 0600, "holds a line break or another control character",
			"in one line"},
	};
	struct bench b;

	(void)state;
	begin(&b);
	write_store(&b, "{file: key}");
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		write_bytes(
			&b, "etc/key", cases[i].mode, cases[i].content, strlen(cases[i].content));
		expect_mistake(&b, cases[i].text, cases[i].hint);
	}
	end(&b);
}

static void a_credential_that_everybody_can_read_is_refused(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	write_store(&b, "{credential: key}");
	write_bytes(&b, "credentials/key", 0644, "hush", 4);
	expect_mistake(&b, "can be read or changed by others (mode 0644)", "chmod 600");
	end(&b);
}

static void the_size_of_a_secret_is_limited(void **state)
{
	size_t max = 64 * 1024;
	char *content shd_autofree = shd_xcalloc(max + 2, 1);
	struct bench b;

	(void)state;
	begin(&b);
	memset(content, 'x', max + 1);
	write_store(&b, "{file: key}");
	content[max] = '\n';
	write_bytes(&b, "etc/key", 0600, content, max + 1);
	load(&b);
	assert_non_null(strstr(b.printed.data, "holds is not an Api-Key")); /* it was read */
	content[max] = 'x';
	write_bytes(&b, "etc/key", 0600, content, max + 1);
	expect_mistake(&b, "larger than 64 KB", NULL);
	end(&b);
}

static void absent_secrets_say_what_to_do(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	write_store(&b, "{file: key}");
	expect_mistake(&b, "the file `key` cannot be read: No such file", NULL);
	write_store(&b, "{credential: key}");
	expect_mistake(&b, "the credential `key` cannot be read",
		"/storehealthd/secrets/key and restart the service");
	write_store(&b, "{credential: ../key}");
	expect_mistake(&b, "`../key` is no name of a credential", "{file: PATH}");
	write_store(&b, "{env: SHD_TEST_NONE}");
	expect_mistake(&b, "the environment variable `SHD_TEST_NONE` is not set", NULL);
	end(&b);
}

static void a_pipe_is_no_secret_and_does_not_hang(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	char *path shd_autofree = path_in(&b, "etc/key");
	assert_int_equal(mkfifo(path, 0600), 0);
	write_store(&b, "{file: key}");
	expect_mistake(&b, "is no ordinary file", NULL);
	end(&b);
}

static void an_absent_configuration_is_a_mistake(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	load(&b);
	assert_null(b.config);
	assert_non_null(strstr(b.printed.data, "etc/storehealthd.yaml: error: cannot be read"));
	end(&b);
}

static void one_run_shows_the_mistakes_of_all_files(void **state)
{
	static const char *const expected[] = {
		"etc/storehealthd.yaml:1:1: error: the configuration",
		"etc/conf.d/a.yaml:2:6: error: a text that begins with @",
		"etc/rules.d/two.yaml:2:", "etc/words.d/bad.txt:1:"};
	struct bench b;

	(void)state;
	begin(&b);
	write_text(&b, "etc/storehealthd.yaml", "lisen: x\n");
	write_text(&b, "etc/conf.d/a.yaml", "# a\nto:  @all\n");
	write_text(&b, "etc/conf.d/.hidden.yaml", "@\n");
	write_text(&b, "etc/conf.d/backup.yaml~", "@\n");
	write_text(&b, "etc/rules.d/two.yaml",
		"rules:\n  - {rule: b, levels: {warning: ratin < 4}}\n");
	write_text(&b, "etc/words.d/bad.txt", "\xFF\n");
	load(&b);
	for (size_t i = 0; i < SHD_COUNT(expected); i++) {
		if (!strstr(b.printed.data, expected[i]))
			fail_msg("expected \"%s\" in:\n%s", expected[i], b.printed.data);
	}
	assert_null(strstr(b.printed.data, "hidden"));
	assert_null(strstr(b.printed.data, "backup"));
	end(&b);
}

static void a_calendar_with_a_mistake_is_not_unknown(void **state)
{
	struct bench bench;

	(void)state;
	begin(&bench);
	write_text(&bench, "etc/storehealthd.yaml",
		"calendars:\n  holidays: {dates: [2026-13-01]}\n");
	write_text(&bench, "etc/rules.d/own.yaml",
		"rules:\n  - rule: own\n    each: order\n"
		"    due: opened_at + 2 business days in \"holidays\"\n"
		"    levels: {warning: remaining < 1h}\n");
	load(&bench);
	assert_non_null(strstr(bench.printed.data, "2026-13-01"));
	assert_null(strstr(bench.printed.data, "unknown calendar"));
	end(&bench);
}

static void own_rules_stand_before_installed_ones(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	write_bytes(&b, "etc/key", 0600, "k", 1);
	write_store(&b, "{file: key}");
	write_text(&b, "data/rules.d/two.yaml",
		"rules:\n  - {rule: second, levels: {info: rating < 4.5}}\n");
	load_well(&b);
	assert_int_equal(shd_rules_count(b.config->rules), 2);
	write_text(&b, "etc/rules.d/two.yaml",
		"rules:\n  - {rule: other, levels: {info: rating < 4.5}}\n");
	load_well(&b);
	assert_int_equal(shd_rules_count(b.config->rules), 2);
	assert_non_null(shd_rules_find(b.config->rules, "first"));
	assert_non_null(shd_rules_find(b.config->rules, "other"));
	end(&b);
}

static void the_shipped_example_lacks_nothing_but_its_secrets(void **state)
{
	static const char *const keys[] = {
		"credentials/ozon-main-key", "credentials/mail-password"};
	struct bench b;

	(void)state;
	begin(&b);
	setenv("STOREHEALTHD_DATA_DIR", SHD_SOURCE_DIR "/conf", 1);
	char *path shd_autofree = path_in(&b, "etc/storehealthd.yaml");
	assert_int_equal(symlink(SHD_SOURCE_DIR "/conf/storehealthd.yaml", path), 0);
	load(&b);
	assert_int_equal(shd_diags_mistakes(b.diags), SHD_COUNT(keys));
	for (size_t i = 0; i < SHD_COUNT(keys); i++)
		write_bytes(&b, keys[i], 0400, "one-line\n", 9);
	load_well(&b);
	assert_int_equal(shd_diags_warnings(b.diags), 4); /* mail's host, username, from, to */
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(shd_diags_at(b.diags, i)->text, "which is an example's"));
	assert_int_equal(b.config->settings->store_count, 1);
	assert_int_equal(b.config->settings->channel_count, 1);
	assert_int_equal(b.config->settings->route_count, 2);
	end(&b);
}

/* Where it is named, not where the store begins. */
static void a_key_of_another_form_is_told_at_its_place(void **state)
{
	struct bench b;

	(void)state;
	begin(&b);
	write_store(&b, "{file: key}");
	write_bytes(&b, "etc/key", 0600, "two words", 9);
	expect_mistake(&b, ".yaml:5:14: error: what `key` holds is not an Api-Key", NULL);
	end(&b);
}

/* What a start, a reload or the first message would stumble over, a check says. */
static void what_cannot_work_is_said(void **state)
{
	static const char hook[] = "  hook: {type: webhook, url: \"http://127.0.0.1:9/\"}\n";
	static const struct {
		const char *channels, *routes, *hook_key, *says;
	} cases[] = {
		{"", "", "", "there is no channel"},
		{hook, "routes: [{to: [hook], match: store != \"mian\"}]", "",
			"no store is called 'mian'"},
		{hook, "routes: [{to: [hook], match: store == \"daemon\"}]", "",
			"nobody is told of an alert of the level warning"},
		{hook, "routes: [{to: [hook], match: rule != \"frist\"}]", "",
			"no rule is called 'frist'"},
		{hook, "routes: [{to: [hook], match: labels.team is none}]", "",
			"no store and no rule has the label 'team'"},
		{hook, "routes: [{to: [hook], match: 'marketplace in [\"ozno\", \"ozon\"]'}]", "",
			"no marketplace is called 'ozno'"},
		{"  hook: {type: webhook, url: \"http://127.0.0.1:9/\", secret: {file: hook}}\n",
			"", "some words",
			"7:61: error: what `hook` holds is not a signing secret of Standard"},
	};
	struct bench b;

	(void)state;
	begin(&b);
	write_bytes(&b, "etc/key", 0600, "k", 1);
	for (size_t i = 0; i < SHD_COUNT(cases); i++) {
		SHD_AUTO(shd_text_finish) struct shd_text text = {0};

		shd_text_init(&text, 4096);
		shd_text_printf(&text, "%s{file: key}\n%s%s%s\n", store,
			*cases[i].channels ? "channels:\n" : "", cases[i].channels,
			cases[i].routes);
		write_text(&b, "etc/storehealthd.yaml", text.data);
		write_bytes(&b, "etc/hook", 0600, cases[i].hook_key, strlen(cases[i].hook_key));
		load(&b);
		if (shd_diags_count(b.diags) != 1 || !strstr(b.printed.data, cases[i].says))
			fail_msg("%s, said was %s", cases[i].says, b.printed.data);
	}
	end(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_come_from_everywhere),
		cmocka_unit_test(bad_secret_files_are_refused),
		cmocka_unit_test(a_credential_that_everybody_can_read_is_refused),
		cmocka_unit_test(the_size_of_a_secret_is_limited),
		cmocka_unit_test(absent_secrets_say_what_to_do),
		cmocka_unit_test(a_pipe_is_no_secret_and_does_not_hang),
		cmocka_unit_test(an_absent_configuration_is_a_mistake),
		cmocka_unit_test(one_run_shows_the_mistakes_of_all_files),
		cmocka_unit_test(a_calendar_with_a_mistake_is_not_unknown),
		cmocka_unit_test(own_rules_stand_before_installed_ones),
		cmocka_unit_test(what_cannot_work_is_said),
		cmocka_unit_test(a_key_of_another_form_is_told_at_its_place),
		cmocka_unit_test(the_shipped_example_lacks_nothing_but_its_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
