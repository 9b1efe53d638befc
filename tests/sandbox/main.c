/* storehealth-sandbox: a simulated Ozon, a mail server and a webhook receiver on
 * loopback, driven by a scenario file. */
#include "admin.h"
#include "scenario.h"
#include "sinks/smtp.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { SCENARIO_MAX = 4 << 20, MISTAKES_MAX = 100 };

enum port { PORT_OZON, PORT_SMTP, PORT_WEBHOOK, PORT_ADMIN, PORT_COUNT };

struct program {
	const char *scenario;
	int ports[PORT_COUNT];
	bool print;
	struct shd_faults faults;
	struct shd_ozon ozon;
	struct shd_sink sink;
	struct shd_admin admin;
	struct shd_http *ozon_http, *webhook_http, *admin_http;
	struct shd_smtp *smtp;
	uv_loop_t loop;
	uv_signal_t signals[2];
};

static const char usage[] =
	"Usage: storehealth-sandbox --scenario FILE [OPTION]...\n"
	"Simulates an Ozon store, a mail server and a webhook receiver on 127.0.0.1.\n"
	"\n"
	"  --scenario FILE    what happens in the stores, and what goes wrong\n"
	"  --ozon-port N      Ozon's Seller API; 0, the default, picks a free port\n"
	"  --smtp-port N      mail server\n"
	"  --webhook-port N   webhook receiver, any path\n"
	"  --admin-port N     GET /received /requests, POST /event /fault /reset\n"
	"  --print            print every mail and webhook as a line of JSON\n"
	"  --help             this text\n"
	"\n"
	"Prints one line of JSON with the ports when it is ready. SIGTERM ends it.\n";

static bool parse_port(const char *text, int *ret_port)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (!*text || *end || port < 0 || port > 65535) {
		fprintf(stderr, "storehealth-sandbox: \"%s\" is not a port\n", text);
		return false;
	}
	*ret_port = (int)port;
	return true;
}

/* 0 to go on, 1 when there is nothing more to do, 2 for a mistake. */
static int parse_options(struct program *p, int argc, char **argv)
{
	enum { OPTION_SCENARIO = 1, OPTION_PRINT, OPTION_HELP, OPTION_PORTS };
	static const struct option options[] = {
		{"scenario", required_argument, NULL, OPTION_SCENARIO},
		{"print", no_argument, NULL, OPTION_PRINT},
		{"help", no_argument, NULL, OPTION_HELP},
		{"ozon-port", required_argument, NULL, OPTION_PORTS + PORT_OZON},
		{"smtp-port", required_argument, NULL, OPTION_PORTS + PORT_SMTP},
		{"webhook-port", required_argument, NULL, OPTION_PORTS + PORT_WEBHOOK},
		{"admin-port", required_argument, NULL, OPTION_PORTS + PORT_ADMIN},
		{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			return 1;
		}
		if (option == OPTION_SCENARIO)
			p->scenario = optarg;
		else if (option == OPTION_PRINT)
			p->print = true;
		else if (option < OPTION_PORTS ||
			 !parse_port(optarg, &p->ports[option - OPTION_PORTS]))
			return 2;
	}
	if (p->scenario && optind == argc)
		return 0;
	fputs("storehealth-sandbox: --scenario FILE is needed; see --help\n", stderr);
	return 2;
}

static bool read_file(const char *path, struct shd_text *out)
{
	FILE *file = fopen(path, "re");
	char buf[8192];
	size_t len;

	if (!file) {
		fprintf(stderr, "storehealth-sandbox: %s: %s\n", path, strerror(errno));
		return false;
	}
	while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
		shd_text_add(out, buf, len);
	bool good = !ferror(file) && shd_text_ok(out);
	if (!good)
		fprintf(stderr, "storehealth-sandbox: %s: cannot be read, or larger than 4 MB\n",
			path);
	fclose(file);
	return good;
}

static bool load(struct program *p)
{
	struct shd_text text SHD_AUTO(shd_text_finish) = {0};
	struct shd_text printed SHD_AUTO(shd_text_finish) = {0};
	struct shd_diags *diags SHD_AUTO(shd_diags_destroyp) = shd_diags_create(MISTAKES_MAX);

	shd_text_init(&text, SCENARIO_MAX);
	shd_text_init(&printed, 1 << 20);
	if (!read_file(p->scenario, &text))
		return false;
	bool good = shd_scenario_read(
		p->scenario, text.data, text.len, &p->ozon, &p->sink.settings, diags);
	if (shd_diags_count(diags)) {
		shd_diags_print(diags, &printed);
		fputs(printed.data, stderr);
	}
	return good;
}

static bool listen_all(struct program *p)
{
	struct shd_error err;

	p->ozon_http =
		shd_http_open(&p->loop, p->ports[PORT_OZON], shd_ozon_handle, &p->ozon, &err);
	if (p->ozon_http)
		p->webhook_http = shd_http_open(&p->loop, p->ports[PORT_WEBHOOK],
						shd_webhook_handle, &p->sink, &err);
	if (p->webhook_http)
		p->admin_http = shd_http_open(
			&p->loop, p->ports[PORT_ADMIN], shd_admin_handle, &p->admin, &err);
	if (p->admin_http)
		p->smtp = shd_smtp_open(&p->loop, p->ports[PORT_SMTP], &p->sink, &err);
	if (!p->smtp) {
		fprintf(stderr, "storehealth-sandbox: %s\n", err.msg);
		return false;
	}
	printf("{\"ready\":true,\"ozon_port\":%d,\"smtp_port\":%d,\"webhook_port\":%d,"
	       "\"admin_port\":%d,\"pid\":%d}\n",
	       shd_http_port(p->ozon_http), shd_smtp_port(p->smtp), shd_http_port(p->webhook_http),
	       shd_http_port(p->admin_http), (int)getpid());
	fflush(stdout);
	return true;
}

static void close_all(struct program *p)
{
	shd_smtp_close(shd_steal(p->smtp));
	shd_http_close(shd_steal(p->admin_http));
	shd_http_close(shd_steal(p->webhook_http));
	shd_http_close(shd_steal(p->ozon_http));
	for (size_t i = 0; i < SHD_COUNT(p->signals); i++)
		if (!uv_is_closing((uv_handle_t *)&p->signals[i]))
			uv_close((uv_handle_t *)&p->signals[i], NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
	(void)number;
	close_all(signal->data);
}

static void watch_signals(struct program *p)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	for (size_t i = 0; i < SHD_COUNT(p->signals); i++) {
		uv_signal_init(&p->loop, &p->signals[i]);
		p->signals[i].data = p;
		uv_signal_start(&p->signals[i], on_signal, numbers[i]);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* Thousands of keep-alive connections need as many descriptors. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct program p = {0};
	int done = parse_options(&p, argc, argv);

	if (done)
		return done - 1;
	raise_limits();
	uv_loop_init(&p.loop);
	p.faults = (struct shd_faults){.refusals = shd_ozon_refusals,
				       .refusal_count = SHD_REFUSAL_COUNT};
	p.ozon = (struct shd_ozon){.sandbox = shd_sandbox_create(shd_now_ms()),
				   .faults = &p.faults,
				   .rate_per_s = SHD_OZON_RATE_PER_S,
				   .cursor_ttl_ms = 10 * SHD_MINUTE_MS};
	shd_sink_init(&p.sink, &p.faults);
	p.sink.print = p.print;
	p.admin = (struct shd_admin){&p.ozon, &p.sink};
	bool good = load(&p);
	if (good) {
		shd_sandbox_advance(p.ozon.sandbox, p.ozon.sandbox->start_ms);
		watch_signals(&p);
		good = listen_all(&p);
		if (!good)
			close_all(&p);
		uv_run(&p.loop, UV_RUN_DEFAULT);
	}
	shd_assert(uv_loop_close(&p.loop) == 0);
	shd_sink_finish(&p.sink);
	shd_ozon_reset(&p.ozon);
	shd_faults_clear(&p.faults);
	shd_sandbox_destroy(p.ozon.sandbox);
	return good ? 0 : 1;
}
