/* conf/: documents into settings, and every mistake of a wrong configuration. */
#include "support/cases.h"

#include "base/zone.h"
#include "settings/settings.h"
#include "support/markets.h"

static struct shd_settings *build(const char *const *texts, size_t count, struct shd_diags *diags)
{
	struct shd_doc *docs[8];
	char name[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%zu.yaml", i + 1);
		docs[i] = shd_doc_parse(name, texts[i], strlen(texts[i]), diags);
		assert_non_null(docs[i]);
	}
	return shd_settings_build(docs, count, &test_markets, diags);
}

static void print_mistakes(const char *path, const char *name, struct shd_text *out)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	size_t len;
	char *text shd_autofree = case_file(path, &len);
	struct shd_doc *doc = shd_doc_parse(name, text, len, diags);

	assert_non_null(doc);
	struct shd_settings *settings = shd_settings_build(&doc, 1, &test_markets, diags);
	assert_int_equal(settings == NULL, shd_diags_mistakes(diags) > 0);
	shd_settings_destroy(settings);
	shd_diags_print(diags, out);
	assert_null(strstr(out->data, "very-secret"));
}

static void wrong_configurations_are_explained(void **state)
{
	(void)state;
	case_folder(SHD_SOURCE_DIR "/tests/cases/conf-settings", print_mistakes);
}

static const char whole[] =
	"listen: unix:/run/x.sock\n"
	"public_url: https://health.example.com\n"
	"state: /var/lib/x.db\n"
	"retention: {samples: 10d}\n"
	"in_flight_max: 8\n"
	"stores:\n"
	"  - id: main\n"
	"    marketplace: bazaar\n"
	"    client_id: \"123\"\n"
	"    api_key: {file: /etc/key}\n"
	"    kind: crossborder\n"
	"    region: eu\n"
	"    timezone: Europe/Moscow\n"
	"    currency: RUB\n"
	"    opened: 2026-09-01\n"
	"    rate: 20\n"
	"    timeout: 10s\n"
	"    body_max: 1MiB\n"
	"    labels: {team: ru}\n"
	"    egress: {proxy: socks5h://127.0.0.1:1080}\n"
	"    poll: {orders: 2m, reviews: off}\n"
	"channels:\n"
	"  mail: {type: pigeon, to: [anna, li], language: zh, timezone: Asia/Shanghai, fast: "
	"true}\n"
	"  hook: {type: pigeon, to: hook, give_up: 1h, ca_file: /etc/ca.pem}\n"
	"routes:\n"
	"  - {match: level >= critical, to: [hook, mail], group_for: 0s, continue: true}\n"
	"  - to: mail\n"
	"overrides: {a-rule: {enabled: false}}\n";

static void check_store(const struct shd_settings *s)
{
	const struct shd_store *store = &s->stores[0];
	const struct shd_source *source = &s->sources[0];
	const struct bazaar_settings *own = source->credential->settings;
	assert_string_equal(store->id, "main");
	assert_string_equal(store->marketplace, "bazaar");
	assert_int_equal(s->source_count, 1);
	assert_string_equal(source->id, "main");
	assert_ptr_equal(source->store, store);
	assert_ptr_equal(source->adapter, &bazaar);
	assert_ptr_equal(source->credential->adapter, &bazaar);
	assert_string_equal(source->credential->id, "main");
	assert_int_equal(store->kind, SHD_STORE_CROSSBORDER);
	assert_string_equal(store->region, "eu");
	assert_string_equal(store->timezone, "Europe/Moscow");
	assert_string_equal(store->currency, "RUB");
	assert_int_equal(store->opened.ms, 1788220800000);
	assert_string_equal(source->base_url, "https://api.bazaar.example");
	assert_int_equal(source->credential->rate_per_s, 20);
	assert_int_equal(source->timeout_ms, 10000);
	assert_int_equal(source->body_max_bytes, 1 << 20);
	assert_string_equal(store->labels.names[0], "team");
	assert_string_equal(store->labels.values[0], "ru");
	assert_string_equal(source->egress->proxy, "socks5h://127.0.0.1:1080");
	assert_null(source->egress->interface);
	assert_int_equal(source->every_ms[SHD_P_orders], 2 * SHD_MINUTE_MS);
	assert_int_equal(source->every_ms[SHD_P_reviews], 0);
	assert_int_equal(source->every_ms[SHD_P_account], SHD_HOUR_MS);
	assert_string_equal(own->client_id, "123");
	assert_int_equal(own->api_key.from, SHD_SECRET_FILE);
	assert_string_equal(own->api_key.name, "/etc/key");
}

static void every_key_reaches_its_place(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {whole};
	struct shd_settings *s = build(texts, 1, diags);

	(void)state;
	assert_int_equal(shd_diags_count(diags), 0);
	assert_non_null(s);
	assert_string_equal(s->listen, "unix:/run/x.sock");
	assert_string_equal(s->public_url, "https://health.example.com");
	assert_string_equal(s->state_path, "/var/lib/x.db");
	assert_int_equal(s->keep_samples_ms, 10 * SHD_DAY_MS);
	assert_int_equal(s->keep_events_ms, 400 * SHD_DAY_MS);
	assert_int_equal(s->keep_deliveries_ms, 90 * SHD_DAY_MS);
	assert_int_equal(s->in_flight_max, 8);
	assert_non_null(shd_node_get(s->overrides, "a-rule"));

	assert_int_equal(s->store_count, 1);
	check_store(s);

	assert_int_equal(s->channel_count, 2);
	const struct shd_channel_settings *mail = &s->channels[0];
	const struct pigeon_settings *flight = mail->notifier_settings;
	assert_string_equal(mail->name, "mail");
	assert_int_equal(mail->language, SHD_ZH);
	assert_string_equal(mail->timezone, "Asia/Shanghai");
	assert_int_equal(mail->give_up_ms, SHD_DAY_MS);
	assert_int_equal(flight->to.count, 2);
	assert_string_equal(flight->to.items[1], "li");
	assert_true(flight->fast);
	assert_int_equal(flight->loft_bytes, 1 << 20);
	assert_int_equal(s->channels[1].give_up_ms, SHD_HOUR_MS);
	assert_string_equal(s->channels[1].ca_file, "/etc/ca.pem");

	assert_int_equal(s->route_count, 2);
	assert_string_equal(s->routes[0].match, "level >= critical");
	assert_int_equal(s->routes[0].to.count, 2);
	assert_string_equal(s->routes[0].to.items[0], s->channels[1].name);
	assert_string_equal(s->routes[0].to.items[1], "mail");
	assert_int_equal(s->routes[0].group_for_ms, 0);
	assert_true(s->routes[0].more);
	assert_null(s->routes[1].match);
	assert_null(s->routes[1].match_node);
	assert_string_equal(s->routes[1].to.items[0], "mail");
	assert_int_equal(s->routes[1].group_for_ms, 0);
	assert_false(s->routes[1].more);
	shd_settings_destroy(s);
}

static void stores_share_a_credential_and_carriers_have_no_store(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {
		"credentials:\n"
		"  seller: {client_id: x, api_key: {env: K}, rate: 7, egress: {interface: eth1}}\n"
		"  post: {token: {env: K}}\n"
		"stores:\n"
		"  - {id: a, marketplace: bazaar, credential: seller}\n"
		"  - {id: b, marketplace: bazaar, client_id: y, api_key: {env: L}}\n"
		"  - {id: c, marketplace: bazaar, credential: seller}\n"
		"carriers:\n"
		"  courier: {credential: post, poll: {logistics: 5m}}\n"
		"  second: {carrier: courier, token: {env: K}}\n"};
	struct shd_settings *s = build(texts, 1, diags);

	(void)state;
	assert_int_equal(shd_diags_count(diags), 0);
	assert_non_null(s);
	assert_int_equal(s->store_count, 3);
	assert_int_equal(s->source_count, 5);
	const struct shd_source *a = s->stores[0].source, *b = s->stores[1].source,
		*c = s->stores[2].source, *post = &s->sources[3], *second = &s->sources[4];
	assert_ptr_equal(a->credential, c->credential);
	assert_string_equal(a->credential->id, "seller");
	assert_int_equal(a->credential->rate_per_s, 7);
	const struct bazaar_settings *keys = a->credential->settings;
	assert_string_equal(keys->client_id, "x");
	assert_ptr_equal(a->egress, c->egress);
	assert_string_equal(c->egress->interface, "eth1");
	assert_string_equal(b->credential->id, "b");
	assert_int_equal(b->credential->rate_per_s, 50);
	assert_null(b->egress->interface);
	assert_string_equal(post->id, "courier");
	assert_null(post->store);
	assert_ptr_equal(post->adapter, &courier);
	assert_string_equal(post->credential->id, "post");
	assert_int_equal(post->every_ms[SHD_P_logistics], 5 * SHD_MINUTE_MS);
	assert_int_equal(post->every_ms[SHD_P_orders], 0);
	assert_string_equal(second->id, "second");
	assert_string_equal(second->credential->id, "second");
	shd_settings_destroy(s);
}

static void without_routes_every_channel_is_told(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {
		"channels: {a: {type: pigeon, to: x}, b: {type: pigeon, to: y}}\n"};
	struct shd_settings *s = build(texts, 1, diags);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->route_count, 1);
	assert_int_equal(s->routes[0].to.count, 2);
	assert_string_equal(s->routes[0].to.items[1], "b");
	assert_int_equal(s->routes[0].group_for_ms, 0);
	shd_settings_destroy(s);
}

static void an_empty_configuration_has_the_defaults(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {"# nothing\n"};
	struct shd_settings *s = build(texts, 1, diags);

	(void)state;
	assert_non_null(s);
	assert_string_equal(s->listen, "unix:/run/storehealthd/api.sock");
	assert_null(s->state_path);
	assert_int_equal(s->in_flight_max, 64);
	assert_int_equal(s->store_count, 0);
	assert_int_equal(s->route_count, 0);
	shd_settings_destroy(s);
}

static void files_are_merged_by_key(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {
		"retention: {samples: 10d}\nstores: [{id: a, marketplace: street}]\n",
		"",
		("retention: {events: 20d}\nstores: [{id: b, marketplace: bazaar, client_id: x, "
		 "api_key: {env: K}}]\n"),
		"channels: {m: {type: pigeon, to: x}}\n",
	};
	struct shd_settings *s = build(texts, SHD_COUNT(texts), diags);

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->keep_samples_ms, 10 * SHD_DAY_MS);
	assert_int_equal(s->keep_events_ms, 20 * SHD_DAY_MS);
	assert_int_equal(s->store_count, 2);
	assert_string_equal(s->stores[1].id, "b");
	assert_int_equal(s->channel_count, 1);
	shd_settings_destroy(s);
}

static void a_value_in_two_files_is_refused(void **state)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(50);
	const char *const texts[] = {"listen: unix:/a\n", "listen: unix:/b\nstores: []\n",
		"stores: {id: x}\n"};

	(void)state;
	assert_null(build(texts, SHD_COUNT(texts), diags));
	assert_int_equal(shd_diags_mistakes(diags), 2);
	assert_string_equal(
		shd_diags_at(diags, 0)->text, "`listen` is given twice, first in 1.yaml:1");
	assert_string_equal(shd_diags_at(diags, 0)->file, "2.yaml");
	assert_string_equal(
		shd_diags_at(diags, 1)->text, "`stores` is given twice, first in 2.yaml:2");
}

static void zones_and_loopback_are_recognized(void **state)
{
	static const char *const zones[] = {"UTC", "Europe/Moscow", "Asia/Shanghai", "Etc/GMT+3"};
	static const char *const none[] = {"", "Moscow", "GMT+3", "europe", "Mars/Olympus"};
	static const char *const near[] = {"http://127.0.0.1", "http://127.1.2.3:80/x",
		"https://localhost/", "http://localhost:1", "http://[::1]:80",
		"http://[0:0:0:0:0:0:0:1]/", "http://LOCALHOST/",
		"http://u@127.0.0.1"};
	static const char *const far[] = {"http://127.0.0.1.example.com", "http://localhost.com",
		"http://example.com/127.0.0.1", "http://127.0.0.1@example.com", "127.0.0.1",
		"http://127.mail.example.com", "http://[::2]:80"};

	(void)state;
	for (size_t i = 0; i < SHD_COUNT(zones); i++)
		assert_true(shd_zone_known(zones[i]));
	for (size_t i = 0; i < SHD_COUNT(none); i++)
		assert_false(shd_zone_known(none[i]));
	for (size_t i = 0; i < SHD_COUNT(near); i++)
		assert_true(shd_url_is_loopback(near[i]));
	for (size_t i = 0; i < SHD_COUNT(far); i++)
		assert_false(shd_url_is_loopback(far[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_configurations_are_explained),
		cmocka_unit_test(every_key_reaches_its_place),
		cmocka_unit_test(stores_share_a_credential_and_carriers_have_no_store),
		cmocka_unit_test(without_routes_every_channel_is_told),
		cmocka_unit_test(an_empty_configuration_has_the_defaults),
		cmocka_unit_test(files_are_merged_by_key),
		cmocka_unit_test(a_value_in_two_files_is_refused),
		cmocka_unit_test(zones_and_loopback_are_recognized),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
