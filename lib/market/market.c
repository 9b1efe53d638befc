#include "market.h"

#include <string.h>

#define MARKET(name) extern const struct shd_market shd_##name##_market;
#include "markets.def"
#undef MARKET

const struct shd_market *const shd_markets[] = {
#define MARKET(name) &shd_##name##_market,
#include "markets.def"
#undef MARKET
};
const size_t shd_market_count = SHD_COUNT(shd_markets);

const struct shd_market *shd_market_find(const char *name)
{
	for (size_t i = 0; i < shd_market_count; i++)
		if (strcmp(shd_markets[i]->name, name) == 0)
			return shd_markets[i];
	return NULL;
}

const struct shd_endpoint *shd_market_endpoint(const struct shd_market *market, const char *name)
{
	for (size_t i = 0; i < market->endpoint_count; i++)
		if (strcmp(market->endpoints[i].name, name) == 0)
			return &market->endpoints[i];
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

bool shd_market_lacks(const struct shd_endpoint *row, enum shd_err error)
{
	return row->may_be_lacking && error == SHD_ERR_TARIFF;
}
