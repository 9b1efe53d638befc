#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_json(struct shd_http_reply *reply, json_t *json)
{
	char *text shd_autofree = json_dumps(json, JSON_COMPACT);

	shd_text_puts(&reply->body, text ? text : "null");
	shd_text_putc(&reply->body, '\n');
	json_decref(json);
}

static void fail(struct shd_http_reply *reply, const char *text)
{
	reply->status = 400;
	put_json(reply, json_pack("{s:s}", "error", text));
}

static void get_received(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	const struct shd_sink *sink = admin->sink;

	(void)body;
	put_json(reply, json_pack("{s:O,s:O,s:I,s:I}", "mails", sink->mails, "webhooks",
				sink->webhooks, "mail_count", (json_int_t)sink->mail_count,
				"webhook_count", (json_int_t)sink->webhook_count));
}

static void get_requests(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	const struct shd_ozon *ozon = admin->ozon;
	json_t *paths = json_object();

	(void)body;
	for (size_t i = 0; i < shd_method_count; i++)
		if (ozon->requests[i])
			json_object_set_new(paths, shd_methods[i].path,
					    json_pack("{s:I,s:I,s:O?}", "requests",
						      (json_int_t)ozon->requests[i], "refused",
						      (json_int_t)ozon->refused[i], "first",
						      ozon->first[i]));
	put_json(reply, paths);
}

/* Index of the store an event names, shop_count when there is none. */
static size_t find_shop(const struct shd_sandbox *sandbox, const json_t *store)
{
	char digits[32];
	const char *id = shd_json_scalar(store, digits);

	if (!store)
		return 0;
	for (size_t i = 0; i < sandbox->shop_count; i++)
		if (strcmp(sandbox->shops[i]->client_id, id) == 0)
			return i;
	return sandbox->shop_count;
}

static void post_event(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	struct shd_sandbox *sandbox = admin->ozon->sandbox;
	bool all = strcmp(shd_json_text(body, "of"), "all") == 0;
	size_t shop = all ? 0 : find_shop(sandbox, json_object_get(body, "of"));
	struct shd_error err;
	const char *key;
	int64_t now_ms = shd_now_ms();

	json_object_del(body, "of");
	if (shop >= sandbox->shop_count)
		fail(reply, "no such store");
	else if (!shd_sandbox_plan(sandbox, shop, all ? sandbox->shop_count : 1, body,
				   now_ms, &key, &err))
		fail(reply, err.msg);
	else
		put_json(reply, json_pack("{s:b}", "ok", 1));
	shd_sandbox_advance(sandbox, now_ms);
}

static void post_fault(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	struct shd_error err;
	const char *key;

	if (shd_fault_add(admin->ozon->faults, body, shd_now_ms(), &key, &err))
		put_json(reply, json_pack("{s:b}", "ok", 1));
	else
		fail(reply, err.msg);
}

static void delete_fault(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	(void)body;
	shd_faults_clear(admin->ozon->faults);
	put_json(reply, json_pack("{s:b}", "ok", 1));
}

static void post_reset(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply)
{
	struct shd_ozon *ozon = admin->ozon;

	shd_sink_reset(admin->sink);
	shd_ozon_reset(ozon);
	delete_fault(admin, body, reply);
}

static const struct {
	const char *method, *path;
	void (*act)(struct shd_admin *admin, json_t *body, struct shd_http_reply *reply);
} actions[] = {
	{"GET", "/received", get_received}, {"GET", "/requests", get_requests},
	{"POST", "/event", post_event},     {"POST", "/fault", post_fault},
	{"DELETE", "/fault", delete_fault}, {"POST", "/reset", post_reset},
};

void shd_admin_handle(void *ctx, const struct shd_http_request *request,
		      struct shd_http_reply *reply)
{
	json_auto_t *body = json_loadb(request->len ? request->body : "{}",
				       request->len ? request->len : 2, 0, NULL);

	for (size_t i = 0; i < SHD_COUNT(actions); i++) {
		if (strcmp(actions[i].method, request->method) != 0 ||
		    strcmp(actions[i].path, request->path) != 0)
			continue;
		if (json_is_object(body))
			actions[i].act(ctx, body, reply);
		else
			fail(reply, "the body is not a JSON object");
		return;
	}
	reply->status = 404;
	put_json(reply, json_pack("{s:s}", "error", "no such path"));
}
