/* storehealthd: options, signals, and nothing else. */
#include "app/app.h"
#include "config/config.h"
#include "host/json_room.h"
#include "journal/log.h"

#include "conf/diag.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

enum { DIAGS_MAX = 1000, DIAGS_BYTES = 1 << 20, MMAP_FROM_BYTES = 256 * 1024 };

static const char usage[] =
	"usage: storehealthd [options]\n"
	"Watches a seller's stores and tells the right person in time.\n"
	"\n"
	"  --config FILE  configuration (" SHD_CONF_DIR "/storehealthd.yaml)\n"
	"  --check        report every mistake in the configuration and exit\n"
	"  --pretty       tell what happens on stdout, for a person\n"
	"  --debug        repeats and details on stderr as well\n"
	"  --version      print the version and exit\n"
	"  --help         print this and exit\n"
	"\n"
	"SIGHUP reads the configuration again; SIGTERM and SIGINT end the daemon.\n";

struct signals {
	uv_signal_t hup, term, intr;
	struct shd_app *app;
};

static void reload(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	(void)number;
	shd_app_reload(signals->app);
}

static void close_signals(struct signals *signals)
{
	uv_close((uv_handle_t *)&signals->hup, NULL);
	uv_close((uv_handle_t *)&signals->term, NULL);
	uv_close((uv_handle_t *)&signals->intr, NULL);
}

static void stop(uv_signal_t *handle, int number)
{
	struct signals *signals = handle->data;

	(void)number;
	shd_app_stop(signals->app);
	close_signals(signals);
}

static void watch(uv_loop_t *loop, uv_signal_t *handle, struct signals *signals, uv_signal_cb run,
		  int number)
{
	uv_signal_init(loop, handle);
	handle->data = signals;
	uv_signal_start(handle, run, number);
}

/* Mistakes of the configuration as a compiler would print them. */
static int check(const char *path)
{
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(DIAGS_MAX);
	struct shd_config *config = shd_config_load(path, diags);
	struct shd_text text;

	shd_text_init(&text, DIAGS_BYTES);
	shd_diags_print(diags, &text);
	fputs(text.data, stderr);
	shd_text_finish(&text);
	if (config)
		printf("%s: OK\n", path);
	bool good = config;
	shd_config_destroy(config);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int exit_code(const struct shd_error *err)
{
	return err->kind == SHD_ERR_CONFIG ? EX_CONFIG : EXIT_FAILURE;
}

static int run(const struct shd_app_options *options)
{
	struct signals signals = {0};
	struct shd_error err;
	uv_loop_t loop;
	int code = EXIT_SUCCESS;

	/* Parsing on the pool makes many small pieces for a moment: in an arena for each
	 * thread, and with a threshold that grows, they would never be given back. */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM_BYTES);
	shd_json_room_install();
	shd_assert(uv_loop_init(&loop) == 0);
	signal(SIGPIPE, SIG_IGN);
	/* Before it says that it is ready: whoever hears that may send a signal at once. They
	 * come from a turn of the loop, and by then the app is there. */
	watch(&loop, &signals.hup, &signals, reload, SIGHUP);
	watch(&loop, &signals.term, &signals, stop, SIGTERM);
	watch(&loop, &signals.intr, &signals, stop, SIGINT);
	if (!shd_app_start(&loop, options, &signals.app, &err)) {
		close_signals(&signals);
		shd_log(SHD_LOG_start_failed, &(struct shd_about){.error = &err},
			"cannot start: %s", err.msg);
		code = exit_code(&err);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	shd_assert(uv_loop_close(&loop) == 0);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'n'},
		{"pretty", no_argument, NULL, 'p'},       {"debug", no_argument, NULL, 'd'},
		{"version", no_argument, NULL, 'V'},      {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct shd_app_options app = {.config_path = SHD_CONF_DIR "/storehealthd.yaml"};
	bool only_check = false, debug = false;

	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'c':
			app.config_path = optarg;
			break;
		case 'n':
			only_check = true;
			break;
		case 'p':
			app.pretty = true;
			break;
		case 'd':
			debug = true;
			break;
		case 'V':
			puts("storehealthd " SHD_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind < argc) {
		fprintf(stderr, "storehealthd: \"%s\" is not expected\n%s", argv[optind], usage);
		return EX_USAGE;
	}
	if (only_check)
		return check(app.config_path);
	shd_log_open(debug);
	return run(&app);
}
