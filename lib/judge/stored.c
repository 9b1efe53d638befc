#include "stored.h"

#include <string.h>

bool shd_stored_is_one_of(const char *const *texts, size_t count, const struct shd_value *value)
{
	for (size_t i = 0; !value->none && i < count; i++)
		if (strcmp(texts[i], value->text) == 0)
			return true;
	return false;
}

int shd_stored_by_store_and_id(const void *a, const void *b)
{
	const struct shd_stored_parcel *x = a, *y = b;
	int order = strcmp(x->store, y->store);

	return order ? order : strcmp(x->id, y->id);
}
