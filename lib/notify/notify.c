#include "notify.h"

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
