#include "shops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shd_sandbox *shd_sandbox_create(int64_t now_ms)
{
	struct shd_sandbox *sandbox = shd_xcalloc(1, sizeof(*sandbox));

	sandbox->start_ms = now_ms;
	return sandbox;
}

static void shop_destroy(struct shd_shop *shop)
{
	free(shop->client_id);
	free(shop->api_key);
	shop->face->close_account(shop->account);
	shd_world_unref(shop->world);
	free(shop);
}

void shd_sandbox_destroy(struct shd_sandbox *sandbox)
{
	if (!sandbox)
		return;
	HASH_CLEAR(hh, sandbox->by_client);
	for (size_t i = 0; i < sandbox->shop_count; i++)
		shop_destroy(sandbox->shops[i]);
	for (size_t i = 0; i < sandbox->entry_count; i++) {
		free(sandbox->entries[i].word);
		json_decref(sandbox->entries[i].fields);
		json_decref(sandbox->entries[i].keep);
	}
	free(sandbox->shops);
	free(sandbox->entries);
	free(sandbox);
}

struct shd_shop *shd_sandbox_shop(const struct shd_sandbox *sandbox, const char *client_id)
{
	struct shd_shop *shop;

	HASH_FIND_STR(sandbox->by_client, client_id, shop);
	return shop;
}

struct shd_shop *shd_sandbox_add(struct shd_sandbox *sandbox, const struct shd_face *face,
				 const char *client_id, const char *api_key)
{
	if (shd_sandbox_shop(sandbox, client_id))
		return NULL;
	struct shd_shop *shop = shd_xcalloc(1, sizeof(*shop));
	shop->client_id = shd_xstrdup(client_id);
	shop->api_key = shd_xstrdup(api_key);
	shop->face = face;
	shop->account = face->open_account(sandbox->start_ms);
	shop->world = shd_world_create();
	snprintf(shop->name, sizeof(shop->name), "Магазин %s", client_id);
	shd_grow(sandbox->shops, sandbox->shop_count, sandbox->shop_capacity);
	sandbox->shops[sandbox->shop_count++] = shop;
	HASH_ADD_KEYPTR(hh, sandbox->by_client, shop->client_id, strlen(shop->client_id), shop);
	return shop;
}
