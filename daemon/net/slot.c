#include "slot.h"

#include "base/hash.h"
#include "easy.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY_KEEP_BYTES = 256 * 1024, /* a larger buffer is not kept for the next answer */
	RECEIVE_BYTES = 32 * 1024,    /* one read takes a usual page with its headers */
	MEGABYTE = 1000000,
};

/* --- what curl brings and takes ------------------------------------------- */

static struct shd_hold *hold_of(struct shd_slot *slot)
{
	if (!slot->hold)
		slot->hold = shd_hold_create(
			slot->budget, slot->in.who, slot->in.answer_max_bytes + 1, slot);
	return slot->hold;
}

/* False: it has to wait. */
static bool take_memory(struct shd_slot *slot, int64_t bytes)
{
	slot->needs_bytes = bytes;
	if (shd_hold_set(hold_of(slot), bytes))
		return true;
	slot->waits = true;
	return false;
}

/* Room for so many bytes more, and no more room than was taken from the budget. */
static bool make_room(struct shd_slot *slot, size_t len)
{
	size_t need = slot->answer.len + len, most = (size_t)slot->in.answer_max_bytes;
	size_t has = slot->hold ? (size_t)slot->needs_bytes - 1 : SHD_HOLD_FREE_BYTES;

	if (need <= has)
		return true;
	size_t room = has + has / 2 > need ? has + has / 2 : need;
	if (room > most)
		room = most;
	if (!take_memory(slot, (int64_t)room + 1))
		return false;
	shd_text_reserve(&slot->answer, room);
	return true;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
	struct shd_slot *slot = ctx;
	size_t len = size * count;

	if (len > (size_t)slot->in.answer_max_bytes - slot->answer.len) {
		slot->too_long = true;
		return CURL_WRITEFUNC_ERROR;
	}
	if (!make_room(slot, len))
		return CURL_WRITEFUNC_PAUSE;
	shd_text_add(&slot->answer, bytes, len);
	shd_running_hash_add(slot->hash, bytes, len);
	return len;
}

/* --- options of curl ------------------------------------------------------ */

/* What holds for every request of a slot, the way out as well. */
static void set_always(struct shd_slot *slot)
{
	CURL *easy = slot->easy;

	shd_easy_prepare(easy, slot->egress, slot->message);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "storehealthd/" SHD_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
}

static void set_request(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	curl_easy_setopt(easy, CURLOPT_URL, in->url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, in->unix_socket);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)in->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)in->total_ms);
	curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)in->answer_max_bytes);
}

static void set_http(struct shd_slot *slot)
{
	const struct shd_transfer_in *in = &slot->in;
	CURL *easy = slot->easy;

	for (size_t i = 0; i < in->header_count; i++) {
		slot->headers[i].data = in->headers[i].data;
		slot->headers[i].next =
			i + 1 < in->header_count ? &slot->headers[i + 1] : NULL;
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, in->header_count ? slot->headers : NULL);
	bool get = strcmp(in->method, "GET") == 0;
	if (get && !in->body_len) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, in->body ? in->body : "");
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)in->body_len);
	}
	bool plain = get ? !in->body_len : strcmp(in->method, "POST") == 0;
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, plain ? NULL : in->method);
}

/* --- a request ------------------------------------------------------------ */

struct shd_slot *shd_slot_create(const struct shd_egress *egress, struct shd_budget *budget)
{
	struct shd_slot *slot = shd_xcalloc(1, sizeof(*slot));

	slot->egress = egress;
	slot->budget = budget;
	slot->easy = curl_easy_init();
	slot->hash = shd_running_hash_create();
	shd_assert(slot->easy);
	shd_text_init(&slot->answer, SIZE_MAX / 2); /* on_write keeps the request's limit */
	set_always(slot);
	return slot;
}

void shd_slot_destroy(struct shd_slot *slot)
{
	shd_hold_destroy(slot->hold);
	curl_easy_cleanup(slot->easy);
	shd_running_hash_destroy(slot->hash);
	shd_text_finish(&slot->answer);
	free(slot);
}

void shd_slot_begin(struct shd_slot *slot, const struct shd_transfer_in *in, shd_transfer_fn *done,
		    void *ctx, int64_t now_ms)
{
	slot->in = *in;
	slot->done = done;
	slot->ctx = ctx;
	if (in->before_send)
		in->before_send(ctx, &slot->in);
	slot->too_long = slot->waits = slot->own_time = slot->arrived = false;
	slot->needs_bytes = slot->waited_ms = slot->waits_since_ms = 0;
	slot->given_up = false;
	slot->busy = true;
	slot->cancelled = false;
	slot->message[0] = '\0';
	slot->started_ms = now_ms;
	shd_text_clear(&slot->answer);
	shd_running_hash_reset(slot->hash);
	set_request(slot);
	set_http(slot);
}

/* Makes the slot forget what it did, but keeps a buffer of usual size. */
static void clear(struct shd_slot *slot)
{
	if (slot->answer.len > BODY_KEEP_BYTES)
		free(shd_text_take(&slot->answer));
	shd_hold_destroy(shd_steal(slot->hold));
	slot->busy = slot->waits = slot->arrived = false;
}

/* --- memory for a large answer -------------------------------------------- */

bool shd_slot_arrived(struct shd_slot *slot)
{
	int64_t more = slot->in.reading_bytes
			       ? slot->in.reading_bytes(slot->ctx, &slot->answer) : 0;

	if (!more)
		return true;
	slot->needs_bytes = (slot->hold ? slot->needs_bytes : (int64_t)slot->answer.len + 1) + more;
	slot->waits = slot->arrived = !shd_hold_read(hold_of(slot), slot->needs_bytes);
	return !slot->arrived;
}

static void give_up(struct shd_slot *slot, int64_t wait_max_ms)
{
	struct shd_memory_use use;

	shd_budget_use(slot->budget, &use);
	shd_fail(&slot->error, SHD_ERR_LIMIT,
		"no memory for an answer of %.1f MB or more within %lld s: the answers being read "
		"take "
		"%.1f of %.1f MB (answers_max), most of it \"%s\"",
		(double)slot->needs_bytes / MEGABYTE, (long long)(wait_max_ms / SHD_SECOND_MS),
		(double)use.now / MEGABYTE, (double)use.max / MEGABYTE,
		use.user_count ? use.users[0].who : "");
	shd_hold_give_up(slot->hold);
	slot->given_up = true;
}

/* The time limit of curl would count the waiting. */
static void begin_to_wait(struct shd_slot *slot, int64_t now_ms)
{
	slot->waits_since_ms = now_ms;
	if (slot->own_time)
		return;
	slot->own_time = true;
	curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, 0L);
}

/* on_write comes from within, and may begin to wait anew. */
static void go_on(struct shd_slot *slot, int64_t now_ms)
{
	slot->waited_ms += now_ms - slot->waits_since_ms;
	slot->waits_since_ms = 0;
	slot->waits = false;
	curl_easy_pause(slot->easy, CURLPAUSE_CONT);
}

enum shd_slot_turn shd_slot_turn(struct shd_slot *slot, int64_t now_ms, int64_t wait_max_ms)
{
	int64_t ran_ms = now_ms - slot->started_ms - slot->waited_ms;

	if (slot->waits && !slot->waits_since_ms)
		begin_to_wait(slot, now_ms);
	if (slot->arrived && shd_hold_read(slot->hold, slot->needs_bytes))
		return SHD_SLOT_READ;
	if (slot->waits && !slot->arrived && shd_hold_set(slot->hold, slot->needs_bytes)) {
		go_on(slot, now_ms);
		return SHD_SLOT_ON;
	}
	if (slot->waits && slot->waited_ms + now_ms - slot->waits_since_ms > wait_max_ms) {
		give_up(slot, wait_max_ms);
		return SHD_SLOT_OVER;
	}
	if (slot->waits || !slot->own_time || ran_ms <= slot->in.total_ms)
		return SHD_SLOT_ON;
	shd_fail(&slot->error, SHD_ERR_TIMEOUT, "timed out after %lld ms with %zu bytes received",
		(long long)ran_ms, slot->answer.len);
	slot->given_up = true;
	return SHD_SLOT_OVER;
}

/* --- its end -------------------------------------------------------------- */

static const char *header_of(const void *ctx, const char *name)
{
	const struct shd_slot *slot = ctx;
	struct curl_header *header;

	if (curl_easy_header(slot->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

/* Many answers a second carry the same Date; it is read once. */
static int64_t date_of(struct shd_slot *slot)
{
	const char *text = header_of(slot, "Date");

	if (!text || strlen(text) >= sizeof(slot->date_text))
		return 0;
	if (strcmp(text, slot->date_text) != 0) {
		time_t seconds = curl_getdate(text, NULL);

		memcpy(slot->date_text, text, strlen(text) + 1);
		slot->date_ms = seconds > 0 ? (int64_t)seconds * SHD_SECOND_MS : 0;
	}
	return slot->date_ms;
}

static enum shd_err kind_of(const struct shd_slot *slot, CURLcode code)
{
	if (slot->too_long || code == CURLE_FILESIZE_EXCEEDED)
		return SHD_ERR_LIMIT;
	return shd_easy_error_kind(code);
}

static void explain(const struct shd_slot *slot, CURLcode code, struct shd_error *reterr)
{
	enum shd_err kind = kind_of(slot, code);

	if (slot->given_up)
		*reterr = slot->error;
	else if (kind == SHD_ERR_LIMIT)
		shd_fail(reterr, kind, "the answer is longer than %lld bytes",
			 (long long)slot->in.answer_max_bytes);
	else
		shd_fail(reterr, kind, "%s",
			 slot->message[0] ? slot->message : curl_easy_strerror(code));
}

static void fill_out(struct shd_slot *slot, CURLcode code, int64_t now_ms,
		     struct shd_transfer_out *out)
{
	long status = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
	out->status = (int)status;
	out->last_byte.ms = now_ms;
	out->took_ms = out->last_byte.ms - slot->started_ms;
	out->header = header_of;
	out->header_ctx = slot;
	out->ok = code == CURLE_OK && !slot->given_up;
	if (out->ok)
		out->server_date_ms = date_of(slot);
	else
		explain(slot, code, &out->error);
	out->hash = shd_running_hash_value(slot->hash);
	out->body = slot->answer;
	out->hold = slot->hold;
	if (slot->hold)
		shd_hold_disown(slot->hold);
}

void shd_slot_end(struct shd_slot *slot, CURLcode code, int64_t now_ms)
{
	struct shd_transfer_out out = {0};

	fill_out(slot, code, now_ms, &out);
	slot->done(slot->ctx, &out);
	slot->answer = out.body; /* empty, when it was taken */
	slot->hold = out.hold;
	clear(slot);
}

void shd_slot_give_up(struct shd_slot *slot)
{
	shd_easy_cancel(slot->done, slot->ctx);
	clear(slot);
}
