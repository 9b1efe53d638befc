#include "online.h"

#include "base/mem.h"
#include "host/clock.h"
#include "market/adapter.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONCURRENT_MAX          16
#define ANSWER_MAX_BYTES (4 << 20)
#define CONNECT_MS       (10 * SHD_SECOND_MS)
#define TOKEN_BYTES      (1 << 20)

struct run;

/* A store or channel that is probed. */
struct target {
	struct run *run;
	struct shd_probe *probe;
	const struct shd_source *source;     /* or NULL */
	const struct shd_channel_settings *channel; /* if source is NULL */
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
	struct target *targets;
	size_t count, started, ended;
	struct shd_arena *arena;         /* of the tokens */
	struct shd_token_row *tokens;    /* those in the state */
	size_t token_count;
};

static void start_more(struct run *run);

/* --- results -------------------------------------------------------------------- */

void shd_probe_set(struct shd_probe *probe, bool ok, const char *fmt, ...)
{
	va_list args;

	probe->ok = ok;
	va_start(args, fmt);
	vsnprintf(probe->text, sizeof(probe->text), fmt, args);
	va_end(args);
}

/* The meaning of the kind comes first: "the key was refused" is what people look for. */
static void report_error(struct shd_probe *probe, const struct shd_error *error)
{
	shd_probe_set(probe, false, "%s: %s", shd_err_text(error->kind), error->msg);
}

static void report_store(struct target *target, const struct shd_transfer_out *out)
{
	struct shd_answer answer = {.status = out->status, .body = out->body.data,
		.len = out->body.len, .header = out->header, .ctx = out->header_ctx};
	struct shd_answer_verdict verdict;

	if (target->source->adapter->accept(target->endpoint, &answer, &verdict)) {
		shd_probe_set(
			target->probe, true, "key accepted by %s", target->source->adapter->name);
	} else {
		shd_request_strike(&target->request, verdict.error.msg);
		report_error(target->probe, &verdict.error);
	}
}


/* --- one probe ---------------------------------------------------------------------- */

static void end_target(struct target *target)
{
	struct run *run = target->run;

	shd_request_finish(&target->request);
	shd_request_finish(&target->envelope.http);
	shd_secret_destroy(target->token);
	shd_arena_destroy(target->arena);
	if (++run->ended == run->count)
		shd_transfers_close(shd_steal(run->transfers), NULL, NULL);
	else
		start_more(run);
}

static void on_answer(void *ctx, struct shd_transfer_out *out)
{
	struct target *target = ctx;

	target->probe->took_ms = out->took_ms;
	if (target->channel && target->channel->notifier->transport == SHD_TRANSPORT_SMTP)
		shd_probe_mail(target->probe, &target->envelope, out);
	else if (!out->ok)
		report_error(target->probe, &out->error);
	else if (target->source)
		report_store(target, out);
	else
		shd_probe_set(
			target->probe, true, "answers (HTTP %d); no message was sent", out->status);
	if (target->channel)
		shd_envelope_strike(&target->envelope, target->probe->text);
	else
		shd_request_strike(&target->request, target->probe->text);
	end_target(target);
}

/* Loads the access token from the state, if the credential has tokens and it has not expired. */
static bool load_token(struct target *target, struct shd_error *reterr)
{
	const struct run *run = target->run;

	if (!target->source->adapter->renewal)
		return true;
	for (size_t i = 0; i < run->token_count && !target->token; i++) {
		const struct shd_token_row *row = &run->tokens[i];

		if (strcmp(row->credential, target->source->credential->id) == 0 &&
			row->access && row->expires.ms > run->now.ms)
			target->token = shd_secret_create(row->access, strlen(row->access));
	}
	target->keys.token = target->token;
	return target->token || shd_fail(reterr, SHD_ERR_CREDENTIALS,
		"not asked: the state has no access token in force; the running daemon gets one");
}

static void sign(void *ctx, struct shd_transfer_in *in)
{
	struct target *target = ctx;

	target->source->adapter->sign(
		&target->page, shd_clock_read().wall, &target->keys, &target->request);
	shd_transfer_point_to(in, &target->request);
}

static bool start_store(struct target *target, struct shd_error *reterr)
{
	const struct shd_source *source = target->source;

	target->page = (struct shd_page_in){
		.source = source, .now = target->run->now, .position = ""};
	target->keys = (struct shd_keys){.secret = shd_config_secret, .ctx = target->run->config};
	target->endpoint = shd_source_endpoint(source, source->adapter->cheapest);
	shd_assert(target->endpoint);
	if (!load_token(target, reterr) ||
		!source->adapter->request(
			target->endpoint, &target->page, &target->keys, &target->request, reterr))
		return false;
	struct shd_transfer_in in = {.method = target->request.method,
		.egress = source->egress,
		.before_send = source->adapter->sign ? sign : NULL,
		.connect_ms = CONNECT_MS,
		.total_ms = source->timeout_ms,
		.answer_max_bytes = ANSWER_MAX_BYTES};
	shd_transfer_point_to(&in, &target->request);
	return shd_transfer_start(target->run->transfers, &in, on_answer, target, reterr);
}

static bool start_channel(struct target *target, struct shd_error *reterr)
{
	const struct shd_channel_settings *channel = target->channel;
	const struct shd_envelope *envelope = &target->envelope;

	if (!shd_config_render_sample(target->run->config, channel, target->run->now, target->arena,
		    &target->envelope, reterr))
		return false;
	const struct shd_egress egress = {.proxy = channel->proxy, .ca_file = channel->ca_file};
	struct shd_transfer_in in = {.method = "OPTIONS", .url = envelope->http.url.data,
		.egress = &egress,
		.connect_ms = CONNECT_MS, .total_ms = channel->timeout_ms,
		.answer_max_bytes = ANSWER_MAX_BYTES};
	if (channel->notifier->transport == SHD_TRANSPORT_SMTP) {
		in.probe = true;
		in.mail_from = envelope->from;
		in.mail_to = envelope->to;
		in.require_tls = envelope->require_tls;
		in.user = envelope->user;
		in.password = envelope->password;
	}
	return shd_transfer_start(target->run->transfers, &in, on_answer, target, reterr);
}

/* Starts probes while there is room; one that cannot start ends at once. */
static void start_more(struct run *run)
{
	while (run->transfers && run->started < run->count &&
		run->started - run->ended < CONCURRENT_MAX) {
		struct target *target = &run->targets[run->started++];
		struct shd_error error;
		bool started = target->source ? start_store(target, &error)
					    : start_channel(target, &error);

		if (started)
			continue;
		report_error(target->probe, &error);
		end_target(target);
	}
}

/* --- all ------------------------------------------------------------------------------- */

static struct target *make_targets(struct run *run, struct shd_probe *probes)
{
	const struct shd_settings *settings = run->config->settings;
	struct target *targets = shd_xcalloc(run->count, sizeof(*targets));

	for (size_t i = 0; i < run->count; i++) {
		struct target *target = &targets[i];
		bool source = i < settings->source_count;

		target->run = run;
		target->probe = &probes[i];
		target->source = source ? &settings->sources[i] : NULL;
		target->channel = source ? NULL : &settings->channels[i - settings->source_count];
		target->probe->kind = source ? "store" : "channel";
		target->probe->name = source ? target->source->id : target->channel->name;
		shd_request_init(&target->request, ANSWER_MAX_BYTES);
		shd_request_init(&target->envelope.http, ANSWER_MAX_BYTES);
		target->arena = shd_arena_create(ANSWER_MAX_BYTES);
	}
	return targets;
}

/* Without a readable state there are no tokens. */
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
	run.transfers = shd_transfers_create(&loop, CONCURRENT_MAX);
	load_tokens(&run);
	run.targets = make_targets(&run, *ret_probes);
	start_more(&run);
	uv_run(&loop, UV_RUN_DEFAULT);
	shd_assert(uv_loop_close(&loop) == 0);
	free(run.targets);
	shd_arena_destroy(run.arena);
	return run.count;
}
