#include "notify.h"

#include "base/secret.h"
#include "http/strike.h"

#include <string.h>

#define NOTIFIER(name) extern const struct shd_notifier shd_##name##_notifier;
#include "notifiers.def"
#undef NOTIFIER

const struct shd_notifier *const shd_notifiers[] = {
#define NOTIFIER(name) &shd_##name##_notifier,
#include "notifiers.def"
#undef NOTIFIER
};
const size_t shd_notifier_count = SHD_COUNT(shd_notifiers);

const struct shd_notifier *shd_notifier_find(const char *name)
{
	for (size_t i = 0; i < shd_notifier_count; i++) {
		if (strcmp(shd_notifiers[i]->name, name) == 0)
			return shd_notifiers[i];
	}
	return NULL;
}

const struct shd_channel_settings *shd_channel_find(
	const struct shd_channel_settings *channels, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(channels[i].name, name) == 0)
			return &channels[i];
	return NULL;
}

/* The whole, and each part that may be a key of its own. */
static void strike_path(const char *url, char *text)
{
	const char *host = strstr(url, "://");
	const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : url + strlen(url);

	if (strlen(path) >= SHD_STRIKE_LEAST)
		shd_strike(text, strlen(text), path, strlen(path));
	for (size_t n; *path; path += n) {
		path += strspn(path, "/?&=#");
		n = strcspn(path, "/?&=#");
		if (n >= SHD_STRIKE_LEAST)
			shd_strike_encoded(text, path, n);
	}
}

void shd_envelope_strike(const struct shd_envelope *envelope, char *text)
{
	if (envelope->http.url.data)
		strike_path(envelope->http.url.data, text);
	if (envelope->password) {
		size_t n;
		const char *password = shd_secret_reveal(envelope->password, &n);

		shd_strike(text, strlen(text), password, n);
	}
	shd_request_strike(&envelope->http, text);
}
