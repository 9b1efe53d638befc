#include "adapter.h"

#include <string.h>

#define ADAPTER(name) extern const struct shd_adapter shd_##name##_adapter;
#include "adapters.def"
#undef ADAPTER

const struct shd_adapter *const shd_adapters[] = {
#define ADAPTER(name) &shd_##name##_adapter,
#include "adapters.def"
#undef ADAPTER
};
const size_t shd_adapter_count = SHD_COUNT(shd_adapters);

const struct shd_adapter *shd_adapter_find(const char *name)
{
	for (size_t i = 0; i < shd_adapter_count; i++)
		if (strcmp(shd_adapters[i]->name, name) == 0)
			return shd_adapters[i];
	return NULL;
}

const struct shd_endpoint *shd_adapter_endpoint(const struct shd_adapter *adapter, const char *name)
{
	for (size_t i = 0; i < adapter->endpoint_count; i++)
		if (strcmp(adapter->endpoints[i].name, name) == 0)
			return &adapter->endpoints[i];
	return NULL;
}

void shd_request_init(struct shd_request *request, size_t body_max_bytes)
{
	*request = (struct shd_request){0};
	shd_text_init(&request->url, 4096);
	shd_text_init(&request->body, body_max_bytes);
	for (size_t i = 0; i < SHD_COUNT(request->headers); i++)
		shd_text_init(&request->headers[i], 8192);
}

void shd_request_finish(struct shd_request *request)
{
	for (size_t i = 0; i < SHD_COUNT(request->headers); i++) {
		struct shd_text *header = &request->headers[i];

		if (header->size)
			explicit_bzero(header->data, header->size);
		shd_text_finish(header);
	}
	shd_text_finish(&request->url);
	shd_text_finish(&request->body);
	request->header_count = 0;
}

bool shd_adapter_lacks(const struct shd_endpoint *row, enum shd_err error)
{
	return row->may_be_lacking && error == SHD_ERR_TARIFF;
}
