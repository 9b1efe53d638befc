#include "bucket.h"

enum { TOKEN = 1000 };

void shd_request_bucket_init(struct shd_request_bucket *rate, int64_t per_s, struct shd_mono now)
{
	int64_t burst = per_s / 5 > 0 ? per_s / 5 : 1;

	shd_assert(per_s >= 1 && per_s <= INT32_MAX);
	rate->burst = (int32_t)burst;
	rate->refill_per_s = (int32_t)(per_s > burst ? per_s - burst : 1);
	rate->milli_tokens = burst * TOKEN;
	rate->at = now;
}

bool shd_request_bucket_take(
	struct shd_request_bucket *rate, struct shd_mono now, int64_t *ret_wait_ms)
{
	int64_t full = (int64_t)rate->burst * TOKEN, passed = now.ms - rate->at.ms;

	/* refill_per_s tokens a second are as many milli-tokens a millisecond */
	if (passed >= full / rate->refill_per_s + 1)
		rate->milli_tokens = full;
	else
		rate->milli_tokens += passed * rate->refill_per_s;
	if (rate->milli_tokens > full)
		rate->milli_tokens = full;
	rate->at = now;
	if (rate->milli_tokens >= TOKEN) {
		rate->milli_tokens -= TOKEN;
		return true;
	}
	*ret_wait_ms = (TOKEN - rate->milli_tokens + rate->refill_per_s - 1) / rate->refill_per_s;
	return false;
}
