/* tests/bench/shop.c - the other side of the benchmarks: answers polls cheaply and
 * takes webhooks, so that what is measured is the daemon.
 *
 *   bench-shop --records N --churn PERCENT --fresh --news
 *
 * Every Ozon list is answered with N postings of about 330 bytes. With --churn,
 * that share of the records changes from one poll of a feed to its next. With
 * --fresh, every poll of a list of postings brings N that were never seen; there are
 * no cancellations then, for the new ones would close those before. With --news,
 * every answer of the unfulfilled list carries one new order, and the time from its
 * answer to the first webhook that names it is kept. Prints its port at start; GET
 * /stats tells what it has seen, GET /calm ends the news, GET /forget
 * leaves those so far out of the figures. From GET /hang/N on, stores whose Client-Id is greater
 * than N get no answer. From GET /gaps/N on, the longest time between two polls of the unfulfilled
 * list is kept of each store up to N. */
#include <microhttpd.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORD_MAX = 400, STORES_MAX = 16384, FEEDS = 4, CANCELLATIONS = 3 };
enum { NEWS_MAX = 1 << 20, BODY_MAX = 1 << 20 };

static struct {
	int records, churn_percent;
	bool with_news, fresh;
	uint64_t requests, fresh_requests, webhooks, webhook_alerts;
	uint32_t polls[STORES_MAX][FEEDS];
	unsigned long hang_after;     /* stores after this one hang; 0: none does */
	unsigned long gaps_of;        /* the last store whose gaps count */
	int64_t last_ns[STORES_MAX], gap_ns[STORES_MAX];
	int64_t asked_ns[NEWS_MAX];   /* when the answer with news i was given */
	int64_t latency_ns[NEWS_MAX]; /* until the webhook that names it, 0: not yet */
	uint32_t news, forgotten; /* all, and the first ones that do not count */
	char steady[FEEDS][BODY_MAX];
	size_t steady_len[FEEDS];
} shop;

static const struct {
	const char *path, *head, *tail;
} feeds[FEEDS] = {
	{"/v4/posting/fbs/unfulfilled/list", "{\"postings\":[",
		"],\"count\":50,\"cursor\":\"\",\"has_next\":false}"},
	{"/v4/posting/fbs/list", "{\"postings\":[", "],\"cursor\":\"\",\"has_next\":false}"},
	{"/v3/posting/fbo/list", "{\"postings\":[", "],\"cursor\":\"\",\"has_next\":false}"},
	{"/v2/conditional-cancellation/list", "{\"result\":[", "],\"counter\":0,\"last_id\":0}"},
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static size_t add_posting(
	char *out, size_t room, const char *number, const char *status, uint32_t version)
{
	return (size_t)snprintf(out, room,
		"{\"posting_number\":\"%s\",\"order_id\":680420041,\"order_number\":\"05708065-"
		"0029\","
		"\"status\":\"%s\",\"substatus\":\"posting_created\",\"in_process_at\":\"%s\","
		"\"shipment_date\":\"2099-01-01T10:00:00Z\",\"shipment_date_without_delay\":\"2099-"
		"01-01T10:00:00Z\","
		"\"delivering_date\":null,\"tracking_number\":\"TRK%010u\",\"products\":[{\"sku\":"
		"1100526203,"
		"\"offer_id\":\"A-17\",\"name\":"
		"\"\xD0\xA7\xD0\xB0\xD0\xB9\xD0\xBD\xD0\xB8\xD0\xBA\",\"quantity\":1,"
		"\"price\":{\"amount\":\"1990\",\"currency\":\"RUB\"}}]}",
		number, status, status[0] == 'a' ? "2026-11-01T08:00:00Z" : "2026-10-01T08:00:00Z",
		version);
}

static size_t add_cancellation(char *out, size_t room, int i, uint32_t version)
{
	return (size_t)snprintf(out, room,
		"{\"cancellation_id\":%d,\"posting_number\":\"05708065-%04d-1\",\"state\":{\"id\":"
		"1,\"name\":\"x\","
		"\"state\":\"ON_APPROVAL\"},\"cancellation_initiator\":\"CLIENT\",\"cancellation_"
		"reason\":{\"id\":508,"
		"\"name\":\"changed my "
		"mind\"},\"cancellation_reason_message\":\"%010u\",\"cancelled_at\":"
		"\"2026-10-01T08:00:00Z\",\"order_date\":\"2026-10-01T07:00:00Z\",\"auto_approve_"
		"date\":"
		"\"2099-01-01T10:00:00Z\",\"approve_date\":null,\"approve_comment\":\"\"}",
		1000 + i, i, version);
}

/* The answer of a feed at its poll number n: record i changes when (n + i) is a
 * multiple of the period, so churn percent of them change at every poll. */
static size_t render(char *out, int feed, uint32_t n, int64_t news)
{
	uint32_t period = shop.churn_percent ? (uint32_t)(100 / shop.churn_percent) : 0;
	size_t at = (size_t)snprintf(out, BODY_MAX, "%s", feeds[feed].head);
	char number[40];

	if (news >= 0) {
		struct timespec t;
		char opened[32];
		struct tm tm;

		clock_gettime(CLOCK_REALTIME, &t);
		gmtime_r(&t.tv_sec, &tm);
		strftime(opened, sizeof(opened), "%Y-%m-%dT%H:%M:%SZ", &tm);
		at += (size_t)snprintf(out + at, BODY_MAX - at,
			"{\"posting_number\":\"NEWS-%07" PRId64 "-1\",\"order_id\":1,\"status\":"
			"\"awaiting_packaging\",\"substatus\":\"posting_created\",\"in_process_"
			"at\":\"%s\","
			"\"shipment_date\":\"2099-01-01T10:00:00Z\",\"shipment_date_without_"
			"delay\":"
			"\"2099-01-01T10:00:00Z\",\"products\":[]}%s",
			news, opened, shop.records ? "," : "");
	}
	for (int i = 0; i < shop.records && !(shop.fresh && feed == CANCELLATIONS); i++) {
		uint32_t version = period ? (n + (uint32_t)i) / period : 0;

		snprintf(number, sizeof(number), "%08u-%04d-%d", shop.fresh ? n : 5708065, i,
			feed + 1);
		if (feed == CANCELLATIONS)
			at += add_cancellation(out + at, BODY_MAX - at, i, version);
		else
			at += add_posting(out + at, BODY_MAX - at, number,
				feed == 0 ? "awaiting_packaging" : "delivered", version);
		if (i + 1 < shop.records)
			out[at++] = ',';
	}
	at += (size_t)snprintf(out + at, BODY_MAX - at, "%s", feeds[feed].tail);
	return at;
}

static enum MHD_Result reply(struct MHD_Connection *connection, const char *body, size_t len,
	enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, mode);

	MHD_add_response_header(response, "Content-Type", "application/json");
	enum MHD_Result result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

static void note_gap(unsigned long store)
{
	int64_t now = now_ns(), gap = shop.last_ns[store] ? now - shop.last_ns[store] : 0;

	shop.last_ns[store] = now;
	if (gap > shop.gap_ns[store])
		shop.gap_ns[store] = gap;
}

static enum MHD_Result answer_list(struct MHD_Connection *connection, int feed)
{
	static char body[BODY_MAX];
	const char *client = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Client-Id");
	unsigned long store = client ? strtoul(client, NULL, 10) % STORES_MAX : 0;
	if (shop.hang_after && store > shop.hang_after) {
		MHD_suspend_connection(connection);
		return MHD_YES;
	}
	uint32_t n = shop.polls[store][feed]++;
	bool news = shop.with_news && feed == 0 && n > 1;

	if (feed == 0)
		note_gap(store);
	shop.requests++;
	shop.fresh_requests += shop.fresh && feed != CANCELLATIONS;
	if (!shop.churn_percent && !shop.fresh && !news)
		return reply(connection, shop.steady[feed], shop.steady_len[feed],
			MHD_RESPMEM_PERSISTENT);
	int64_t number = news && shop.news < NEWS_MAX ? (int64_t)shop.news++ : -1;
	size_t len = render(body, feed, n, number);
	if (number >= 0)
		shop.asked_ns[number] = now_ns();
	return reply(connection, body, len, MHD_RESPMEM_MUST_COPY);
}

static void take_webhook(const char *body)
{
	int64_t now = now_ns();

	shop.webhooks++;
	for (const char *at = body; (at = strstr(at, "\"entity\":\"NEWS-")); at++) {
		long number = strtol(at + 15, NULL, 10);

		if (number < 0 || number >= NEWS_MAX || shop.latency_ns[number])
			continue;
		shop.webhook_alerts++;
		shop.latency_ns[number] = now - shop.asked_ns[number];
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The gaps of the first `among` stores that were polled, the one at a share of 1000 of them; one
 * that goes on counts. */
static double gap_ms(unsigned long among, size_t per_mille)
{
	static int64_t sorted[STORES_MAX];
	int64_t now = now_ns();
	size_t count = 0;

	for (unsigned long i = 0; i <= among && i < STORES_MAX; i++) {
		int64_t open = now - shop.last_ns[i];

		if (shop.last_ns[i])
			sorted[count++] = open > shop.gap_ns[i] ? open : shop.gap_ns[i];
	}
	qsort(sorted, count, sizeof(*sorted), compare);
	return count ? (double)sorted[(count - 1) * per_mille / 1000] / 1e6 : 0.0;
}

static enum MHD_Result answer_stats(struct MHD_Connection *connection)
{
	static int64_t sorted[NEWS_MAX];
	static char body[512];
	size_t count = 0;

	for (uint32_t i = shop.forgotten; i < shop.news; i++)
		if (shop.latency_ns[i])
			sorted[count++] = shop.latency_ns[i];
	qsort(sorted, count, sizeof(*sorted), compare);
	int len = snprintf(body, sizeof(body),
		"{\"requests\":%" PRIu64 ",\"fresh_requests\":%" PRIu64
		",\"webhooks\":%" PRIu64
		",\"news\":%u,\"told\":%zu,\"p50_ms\":%.3f,"
		"\"p99_ms\":%.3f,\"max_ms\":%.3f,"
		"\"gap_p50_ms\":%.0f,\"gap_p99_ms\":%.0f}\n",
		shop.requests, shop.fresh_requests, shop.webhooks, shop.news - shop.forgotten,
		count,
		count ? (double)sorted[count / 2] / 1e6 : 0.0,
		count ? (double)sorted[count * 99 / 100] / 1e6 : 0.0,
		count ? (double)sorted[count - 1] / 1e6 : 0.0, gap_ms(shop.gaps_of, 500),
		gap_ms(shop.gaps_of, 990));
	return reply(connection, body, (size_t)len, MHD_RESPMEM_MUST_COPY);
}

/* A request under way: its body so far. */
struct upload {
	size_t len;
	char body[1 << 18];
};

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **request)
{
	struct upload *upload = *request;

	(void)ctx, (void)version, (void)method;
	if (!upload) {
		upload = malloc(sizeof(*upload));
		if (!upload)
			return MHD_NO;
		upload->len = 0;
		*request = upload;
		return MHD_YES;
	}
	if (*data_len) {
		size_t room = sizeof(upload->body) - 1 - upload->len;
		size_t take = *data_len < room ? *data_len : room;

		memcpy(upload->body + upload->len, data, take);
		upload->len += take;
		*data_len = 0;
		return MHD_YES;
	}
	upload->body[upload->len] = '\0';
	for (int feed = 0; feed < FEEDS; feed++)
		if (strcmp(url, feeds[feed].path) == 0)
			return answer_list(connection, feed);
	if (strcmp(url, "/stats") == 0)
		return answer_stats(connection);
	if (strcmp(url, "/calm") == 0)
		shop.with_news = false;
	if (strcmp(url, "/forget") == 0)
		shop.forgotten = shop.news;
	if (strncmp(url, "/gaps/", 6) == 0) {
		shop.gaps_of = strtoul(url + 6, NULL, 10);
		memset(shop.gap_ns, 0, sizeof(shop.gap_ns));
	}
	if (strncmp(url, "/hang/", 6) == 0)
		shop.hang_after = strtoul(url + 6, NULL, 10);
	if (strcmp(url, "/hook") == 0)
		take_webhook(upload->body);
	return reply(connection, "{}", 2, MHD_RESPMEM_PERSISTENT);
}

static void completed(void *ctx, struct MHD_Connection *connection, void **request,
	enum MHD_RequestTerminationCode why)
{
	(void)ctx, (void)connection, (void)why;
	free(*request);
	*request = NULL;
}

int main(int argc, char **argv)
{
	sigset_t stop;
	int got;

	shop.records = 50;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--news") == 0)
			shop.with_news = true;
		else if (strcmp(argv[i], "--fresh") == 0)
			shop.fresh = true;
		else if (strcmp(argv[i], "--records") == 0 && i + 1 < argc)
			shop.records = (int)strtol(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--churn") == 0 && i + 1 < argc)
			shop.churn_percent = (int)strtol(argv[++i], NULL, 10);
	}
	if (shop.records < 0 || shop.records > RECORD_MAX || shop.churn_percent < 0 ||
		shop.churn_percent > 50) {
		fprintf(stderr, "bench-shop: --records 0..%d, --churn 0..50\n", RECORD_MAX);
		return 2;
	}
	for (int feed = 0; feed < FEEDS; feed++)
		shop.steady_len[feed] = render(shop.steady[feed], feed, 0, -1);
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);

	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
			NULL, NULL, answer, NULL,
			MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
			4096u, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
	if (!daemon) {
		perror("bench-shop");
		return 1;
	}
	printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&stop, &got);
	if (shop.hang_after)
		_exit(0); /* it could not end in order */
	MHD_stop_daemon(daemon);
	return 0;
}
