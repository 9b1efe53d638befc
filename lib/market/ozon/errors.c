#include "ozon.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	ANY = -1,
	BODY_MAX_BYTES = 64 * 1024, /* a refusal is short; a longer body is not read for one */
	REFUSAL_BYTES = 4096,       /* the longest 2xx that may be one */
	RETRY_MAX_MS = SHD_HOUR_MS,
};

/* What a refusal means: the first row that fits, top to bottom. Texts are compared in
 * lower case, as parts of the message. What is said of key, account or tariff counts only in
 * Ozon's own words, a JSON object: a gateway that answers in Ozon's stead knows nothing of
 * them. */
static const struct meaning {
	int status, code;
	const char *part;
	enum shd_err kind;
	int64_t wait_ms;
	const char *wording;
} meanings[] = {
	{ANY, ANY, "circle is open", SHD_ERR_THROTTLED, 3 * SHD_MINUTE_MS,
		"the method is closed for some minutes after a burst"},
	{429, ANY, "", SHD_ERR_THROTTLED, 0, "too many requests"},
	{ANY, 8, "", SHD_ERR_THROTTLED, 0, "too many requests"},
	{ANY, ANY, "obsolete method", SHD_ERR_RETIRED, 0, "Ozon has switched this method off"},
	{400, 9, "", SHD_ERR_RETIRED, 0, "Ozon has switched this method off"},
	{400, ANY, "chat guid", SHD_ERR_MISSING, 0, "no such chat"},
	{400, ANY, "client-id", SHD_ERR_CONFIG, 0, "client_id is not what Ozon expects"},
	{401, ANY, "headers are required", SHD_ERR_CONFIG, 0,
		"Client-Id or Api-Key did not reach Ozon"},
	{401, ANY, "", SHD_ERR_CREDENTIALS, 0, "the Api-Key was refused"},
	{ANY, ANY, "invalid api-key", SHD_ERR_CREDENTIALS, 0,
		"the Api-Key is wrong, expired or deleted, or client_id is not the one it was "
		"made for"},
	{ANY, ANY, "is deactivated", SHD_ERR_CREDENTIALS, 0, "the Api-Key is deactivated"},
	{403, ANY, "required role", SHD_ERR_ROLE, 0, "the Api-Key lacks the role for this method"},
	{403, ANY, "specific ip", SHD_ERR_EGRESS, 0,
		"the Api-Key may not be used from this address"},
	{403, ANY, "existing subscription", SHD_ERR_TARIFF, 0, "not part of the store's tariff"},
	{403, ANY, "no access to this method", SHD_ERR_TARIFF, 0, "not part of the store's tariff"},
	{403, ANY, "method is not allowed", SHD_ERR_TARIFF, 0, "not open to this account"},
	{403, ANY, "premium", SHD_ERR_TARIFF, 0, "not part of the store's tariff"},
	{403, ANY, "company is blocked", SHD_ERR_BLOCKED, 0, "Ozon has blocked the store"},
	{403, ANY, "offer not signed", SHD_ERR_BLOCKED, 0,
		"the contract has to be accepted in the cabinet"},
	{403, ANY, "access denied", SHD_ERR_TARIFF, 0,
		"a programme the store does not take part in"},
	{403, ANY, "", SHD_ERR_ROLE, 0, "Ozon does not allow it"},
	{404, 5, "", SHD_ERR_MISSING, 0, "no such object"},
	{404, ANY, "404 page not found", SHD_ERR_RETIRED, 0, "Ozon does not know this method"},
	{404, ANY, "", SHD_ERR_SERVER, 0, "nothing there; is base_url right?"},
	{407, ANY, "", SHD_ERR_CONFIG, 0, "the proxy wants credentials"},
	{408, ANY, "", SHD_ERR_TIMEOUT, 0, "no answer in time"},
	{503, ANY, "", SHD_ERR_SERVER, 0, "maintenance"},
	{504, ANY, "", SHD_ERR_TIMEOUT, 0, "no answer in time"},
};

/* What the body says about the refusal; empty members when it says nothing. */
struct words {
	bool own;          /* Ozon's: a JSON object with a code or a message */
	int64_t code;
	char message[160]; /* as it came, printable */
	char lower[160];
};

static void set_message(struct words *words, const char *text, size_t len)
{
	size_t n = shd_utf8_cut(text, len, sizeof(words->message) - 1);

	for (size_t i = 0; i < n; i++) {
		words->message[i] =
			(unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i];
		words->lower[i] = (char)tolower((unsigned char)words->message[i]);
	}
	words->message[n] = words->lower[n] = '\0';
}

/* Where the telling part of a long message begins: gRPC wraps put it at the end. */
static const char *tail(const char *text, size_t len, size_t *ret_len)
{
	const char mark[] = "desc = ";
	const char *found = text, *next;

	while ((next = memmem(found, len - (size_t)(found - text), mark, sizeof(mark) - 1)))
		found = next + sizeof(mark) - 1;
	*ret_len = len - (size_t)(found - text);
	return found;
}

static bool is_page(const struct shd_answer *answer)
{
	const char *type = answer->header(answer->ctx, "Content-Type");

	return type && strncasecmp(type, "text/html", 9) == 0;
}

static void read_words(const struct shd_answer *answer, struct words *words)
{
	json_auto_t *body = NULL;
	struct shd_error ignored;
	size_t len;

	*words = (struct words){.code = ANY};
	if (answer->len == 0 || answer->len > BODY_MAX_BYTES)
		return;
	if (answer->body[0] == '{' && !is_page(answer))
		body = shd_adapter_parse(answer->body, answer->len, &ignored);
	if (!body) {
		/* plain text is told as it is, a page for people (HTML) is not */
		if (!memchr(answer->body, '<', answer->len))
			set_message(words, answer->body, answer->len);
		return;
	}
	const json_t *message = json_object_get(body, "message");
	words->own = shd_loose_int(json_object_get(body, "code"), &words->code) ||
		     json_string_length(message);
	if (json_is_string(message)) {
		const char *text =
			tail(json_string_value(message), json_string_length(message), &len);

		set_message(words, text, len);
	}
}

/* Whether a gateway may say so as well. */
static bool is_anybodys(const struct meaning *row)
{
	return row->kind == SHD_ERR_THROTTLED || row->kind == SHD_ERR_SERVER ||
	       row->kind == SHD_ERR_TIMEOUT || row->kind == SHD_ERR_RETIRED || row->status == 407;
}

static const struct meaning *find_meaning(int status, const struct words *words)
{
	for (size_t i = 0; i < SHD_COUNT(meanings); i++) {
		const struct meaning *row = &meanings[i];

		if ((row->status == ANY || row->status == status) &&
			(row->code == ANY || row->code == words->code) &&
			(words->own || is_anybodys(row)) && strstr(words->lower, row->part))
			return row;
	}
	return NULL;
}

/* Ozon limits single methods; a key or a store that is refused is so for every one. */
static enum shd_scope scope_of(enum shd_err kind)
{
	if (kind == SHD_ERR_CREDENTIALS)
		return SHD_SCOPE_CREDENTIAL;
	return kind == SHD_ERR_BLOCKED || kind == SHD_ERR_EGRESS ? SHD_SCOPE_SOURCE : SHD_SCOPE_ROW;
}

/* The HTTP status that goes with a gRPC code, for a refusal that came as a 2xx. */
static int status_of(int64_t code)
{
	switch (code) {
	case 3:
	case 9:
		return 400;
	case 5:
		return 404;
	case 7:
		return 403;
	case 8:
		return 429;
	case 16:
		return 401;
	default:
		return 500;
	}
}

/* A store that sells from Ozon's warehouses only is refused the lists of its own postings, in
 * words that nobody has recorded. Those of a request that is wrong are known. */
static bool lacks_fbs(const struct shd_endpoint *row, int status, const struct words *words)
{
	static const char *const ours[] = {
		"validation", "period", "filter", "limit", "cursor", "value", "proto", "syntax"};

	if (status != 400 || words->code == ANY || words->code == 3 || !row->may_be_lacking ||
		!strstr(row->path, "/posting/fbs/"))
		return false;
	for (size_t i = 0; i < SHD_COUNT(ours); i++)
		if (strstr(words->lower, ours[i]))
			return false;
	return true;
}

static bool refuse(const struct shd_endpoint *row, const struct shd_answer *answer,
		   const struct words *words, struct shd_answer_verdict *ret_verdict)
{
	bool good = answer->status >= 200 && answer->status <= 299;
	int status = good ? status_of(words->code) : answer->status;
	const struct meaning *meaning = find_meaning(status, words);
	bool no_fbs = !meaning && words->own && lacks_fbs(row, status, words);
	enum shd_err kind = meaning			   ? meaning->kind
			    : no_fbs			   ? SHD_ERR_TARIFF
			    : words->own && status >= 400 && status < 500 ? SHD_ERR_REQUEST
									  : SHD_ERR_SERVER;
	const char *wording = meaning  ? meaning->wording
			      : no_fbs ? "the store does not sell from its own warehouses"
			      : words->own || status >= 500 ? shd_err_text(kind)
							    : "an answer that is not Ozon's";

	*ret_verdict = (struct shd_answer_verdict){.scope = scope_of(kind),
		.retry_after_ms = shd_retry_after_ms(answer, RETRY_MAX_MS)};
	if (meaning && meaning->wait_ms > ret_verdict->retry_after_ms)
		ret_verdict->retry_after_ms = meaning->wait_ms;
	return shd_fail(&ret_verdict->error, kind, "%s: %s (HTTP %d%s%s)", row->path, wording,
			answer->status, *words->message ? ": " : "", words->message);
}

/* {"code": 7, "message": "...", "details": []}, some of it: nothing but a refusal's members, one
 * of which says something. */
static bool is_refusal(const json_t *body)
{
	static const char *const members[] = {"code", "message", "error", "details"};
	size_t known = 0, told = 0;

	for (size_t i = 0; i < SHD_COUNT(members); i++) {
		const json_t *member = json_object_get(body, members[i]);
		int64_t code = 1;

		known += member != NULL;
		if (i == 0)
			told += shd_loose_int(member, &code) && code != 0;
		else if (i < 3)
			told += member && !json_is_null(member) &&
				!(json_is_string(member) && !json_string_length(member));
	}
	return told && known == json_object_size(body);
}

/* A 2xx that refuses. */
static bool is_disguised(const struct shd_answer *answer, struct words *words)
{
	struct shd_error ignored;

	if (answer->len > REFUSAL_BYTES || (!memmem(answer->body, answer->len, "\"code\"", 6) &&
		!memmem(answer->body, answer->len, "\"message\"", 9) &&
		!memmem(answer->body, answer->len, "\"error\"", 7)))
		return false;
	json_auto_t *body = shd_adapter_parse(answer->body, answer->len, &ignored);
	if (!is_refusal(body))
		return false;
	read_words(answer, words);
	return true;
}

bool shd_ozon_accept(const struct shd_endpoint *row, const struct shd_answer *answer,
		     struct shd_answer_verdict *ret_verdict)
{
	struct words words = {.code = ANY};
	size_t at = 0;

	if (answer->status < 200 || answer->status > 299) {
		read_words(answer, &words);
		return refuse(row, answer, &words, ret_verdict);
	}
	if (is_disguised(answer, &words))
		return refuse(row, answer, &words, ret_verdict);
	while (at < answer->len && strchr(" \t\r\n", answer->body[at]) && answer->body[at])
		at++;
	if (at < answer->len && (answer->body[at] == '{' || answer->body[at] == '[')) {
		ret_verdict->ok = true;
		return true;
	}
	*ret_verdict = (struct shd_answer_verdict){0};
	return shd_fail(&ret_verdict->error, SHD_ERR_SYNTAX, "%s: %s (HTTP %d)", row->path,
			at == answer->len ? "an empty answer" : "the answer is not JSON",
			answer->status);
}
