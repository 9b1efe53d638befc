#include "online.h"

#include "base/mem.h"
#include "host/clock.h"
#include "market/adapter.h"
#include "notify/notify.h"
#include "net/transfer.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE          16
#define ANSWER_MAX_BYTES (4 << 20)
#define CONNECT_MS       (10 * SHD_SECOND_MS)
#define TOKEN_BYTES      (1 << 20)

struct run;

/* One store or channel on its way. */
struct trial {
	struct run *run;
	struct shd_probe *probe;
	const struct shd_source *source;     /* one of the two */
	const struct shd_channel_settings *channel;
	const struct shd_endpoint *endpoint;
	struct shd_page_in page;
	struct shd_keys keys;
	struct shd_secret *token;
	struct shd_request request;
	struct shd_envelope envelope;
	struct shd_arena *arena;
};

struct run {
	struct shd_config *config;
	struct shd_wall now;
	struct shd_transfers *transfers;
	struct trial *trials;
	size_t count, started, ended;
	struct shd_arena *arena;         /* of the tokens */
	struct shd_token_row *tokens;    /* in the state */
	size_t token_count;
};

static void start_more(struct run *run);

/* --- what was found, in words --------------------------------------------------- */

static void report(struct shd_probe *probe, bool ok, const char *fmt, ...) SHD_PRINTF(3, 4);
static void report(struct shd_probe *probe, bool ok, const char *fmt, ...)
{
	va_list args;

	probe->ok = ok;
	va_start(args, fmt);
	vsnprintf(probe->words, sizeof(probe->words), fmt, args);
	va_end(args);
}

/* The kind's meaning goes first: "the key was refused" is what a person looks for. */
static void report_error(struct shd_probe *probe, const struct shd_error *error)
{
	report(probe, false, "%s: %s", shd_err_text(error->kind), error->msg);
}

static void report_store(struct trial *trial, const struct shd_transfer_out *out)
{
	struct shd_answer answer = {.status = out->status, .body = out->body.data,
		.len = out->body.len, .header = out->header, .ctx = out->header_ctx};
	struct shd_answer_verdict verdict;

	if (trial->source->adapter->accept(trial->endpoint, &answer, &verdict)) {
		report(trial->probe, true, "key accepted by %s", trial->source->adapter->name);
	} else {
		shd_request_strike(&trial->request, verdict.error.msg);
		report_error(trial->probe, &verdict.error);
	}
}

static void report_channel(struct trial *trial, const struct shd_transfer_out *out)
{
	if (trial->channel->notifier->transport == SHD_TRANSPORT_HTTP)
		report(trial->probe, true, "answers (HTTP %d); no message was sent", out->status);
	else if (out->status < 400)
		report(trial->probe, true, "%s; no mail was sent",
			trial->envelope.user ? "connected, password accepted" : "connected");
	else
		report(trial->probe, false, "%s: the server says %d %s",
			trial->envelope.user ? "connected, but refused" : "refused", out->status,
			out->body.data);
}

/* --- the way of one ----------------------------------------------------------------- */

static void end(struct trial *trial)
{
	struct run *run = trial->run;

	shd_request_finish(&trial->request);
	shd_request_finish(&trial->envelope.http);
	shd_secret_destroy(trial->token);
	shd_arena_destroy(trial->arena);
	if (++run->ended == run->count)
		shd_transfers_close(shd_steal(run->transfers), NULL, NULL);
	else
		start_more(run);
}

static void on_answer(void *ctx, struct shd_transfer_out *out)
{
	struct trial *trial = ctx;

	trial->probe->took_ms = out->took_ms;
	if (!out->ok)
		report_error(trial->probe, &out->error);
	else if (trial->source)
		report_store(trial, out);
	else
		report_channel(trial, out);
	end(trial);
}

/* The access token that the daemon keeps, while it is good. */
static bool take_token(struct trial *trial, struct shd_error *reterr)
{
	const struct run *run = trial->run;

	if (!trial->source->adapter->renewal)
		return true;
	for (size_t i = 0; i < run->token_count && !trial->token; i++) {
		const struct shd_token_row *row = &run->tokens[i];

		if (strcmp(row->credential, trial->source->credential->id) == 0 &&
			row->access && row->expires.ms > run->now.ms)
			trial->token = shd_secret_create(row->access, strlen(row->access));
	}
	trial->keys.token = trial->token;
	return trial->token || shd_fail(reterr, SHD_ERR_CREDENTIALS,
		"not asked: the state has no access token in force; the running daemon gets one");
}

static void sign(void *ctx, struct shd_transfer_in *in)
{
	struct trial *trial = ctx;

	trial->source->adapter->sign(
		&trial->page, shd_clock_read().wall, &trial->keys, &trial->request);
	shd_transfer_point_to(in, &trial->request);
}

static bool start_store(struct trial *trial, struct shd_error *reterr)
{
	const struct shd_source *source = trial->source;

	trial->page = (struct shd_page_in){
		.source = source, .now = trial->run->now, .position = ""};
	trial->keys = (struct shd_keys){.secret = shd_config_secret, .ctx = trial->run->config};
	trial->endpoint = shd_source_endpoint(source, source->adapter->cheapest);
	shd_assert(trial->endpoint);
	if (!take_token(trial, reterr) || !source->adapter->request(trial->endpoint, &trial->page,
						  &trial->keys, &trial->request, reterr))
		return false;
	struct shd_transfer_in in = {.method = trial->request.method,
		.egress = source->egress,
		.before_send = source->adapter->sign ? sign : NULL,
		.connect_ms = CONNECT_MS,
		.total_ms = source->timeout_ms,
		.answer_max_bytes = ANSWER_MAX_BYTES};
	shd_transfer_point_to(&in, &trial->request);
	return shd_transfer_start(trial->run->transfers, &in, on_answer, trial, reterr);
}

static bool start_channel(struct trial *trial, struct shd_error *reterr)
{
	const struct shd_channel_settings *channel = trial->channel;
	const struct shd_envelope *envelope = &trial->envelope;

	if (!shd_config_render_sample(trial->run->config, channel, trial->run->now, trial->arena,
		    &trial->envelope, reterr))
		return false;
	const struct shd_egress egress = {.proxy = channel->proxy, .ca_file = channel->ca_file};
	struct shd_transfer_in in = {.method = "OPTIONS", .url = envelope->http.url.data,
		.egress = &egress,
		.connect_ms = CONNECT_MS, .total_ms = channel->timeout_ms,
		.answer_max_bytes = ANSWER_MAX_BYTES};
	if (channel->notifier->transport == SHD_TRANSPORT_SMTP) {
		in.probe = true;
		in.mail_from = envelope->from;
		in.require_tls = envelope->require_tls;
		in.user = envelope->user;
		in.password = envelope->password;
	}
	return shd_transfer_start(trial->run->transfers, &in, on_answer, trial, reterr);
}

/* A trial that cannot start ends here, and makes room for the next. */
static void start_more(struct run *run)
{
	while (run->transfers && run->started < run->count &&
		run->started - run->ended < AT_ONCE) {
		struct trial *trial = &run->trials[run->started++];
		struct shd_error error;
		bool started = trial->source ? start_store(trial, &error)
					    : start_channel(trial, &error);

		if (started)
			continue;
		report_error(trial->probe, &error);
		end(trial);
	}
}

/* --- all ------------------------------------------------------------------------------- */

static struct trial *make_trials(struct run *run, struct shd_probe *probes)
{
	const struct shd_settings *settings = run->config->settings;
	struct trial *trials = shd_xcalloc(run->count, sizeof(*trials));

	for (size_t i = 0; i < run->count; i++) {
		struct trial *trial = &trials[i];
		bool source = i < settings->source_count;

		trial->run = run;
		trial->probe = &probes[i];
		trial->source = source ? &settings->sources[i] : NULL;
		trial->channel = source ? NULL : &settings->channels[i - settings->source_count];
		trial->probe->kind = source ? "store" : "channel";
		trial->probe->name = source ? trial->source->id : trial->channel->name;
		shd_request_init(&trial->request, ANSWER_MAX_BYTES);
		shd_request_init(&trial->envelope.http, ANSWER_MAX_BYTES);
		trial->arena = shd_arena_create(ANSWER_MAX_BYTES);
	}
	return trials;
}

/* A state that cannot be opened has none. */
static void load_tokens(struct run *run)
{
	struct shd_text path SHD_AUTO(shd_text_finish) = {0};
	struct shd_state *state = NULL;
	struct shd_error ignored;

	shd_text_init(&path, 4096);
	shd_config_state_path(run->config->settings, &path);
	run->arena = shd_arena_create(TOKEN_BYTES);
	if (!shd_state_open_readonly(path.data, &state, &ignored) ||
		!shd_state_tokens(state, run->arena, &run->tokens, &run->token_count, &ignored))
		run->token_count = 0;
	shd_state_close(state);
}

size_t shd_probe_all(struct shd_config *config, struct shd_wall now, struct shd_probe **ret_probes)
{
	const struct shd_settings *settings = config->settings;
	struct run run = {.config = config, .now = now,
		.count = settings->source_count + settings->channel_count};
	uv_loop_t loop;

	*ret_probes = shd_xcalloc(run.count + 1, sizeof(**ret_probes));
	if (!run.count)
		return 0;
	shd_assert(uv_loop_init(&loop) == 0);
	run.transfers = shd_transfers_create(&loop, AT_ONCE);
	load_tokens(&run);
	run.trials = make_trials(&run, *ret_probes);
	start_more(&run);
	uv_run(&loop, UV_RUN_DEFAULT);
	shd_assert(uv_loop_close(&loop) == 0);
	free(run.trials);
	shd_arena_destroy(run.arena);
	return run.count;
}
