#include "bucket.h"

#define TOKEN 1000000000LL
#define MICRO 1000000LL

void shd_bucket_init(struct shd_bucket *bucket, int64_t micro_per_s, int64_t burst)
{
	shd_assert(micro_per_s >= 0 && burst >= 0 && burst <= INT32_MAX);
	burst = burst > 0 ? burst : 1;
	*bucket = (struct shd_bucket){
		.micro_per_s = micro_per_s, .burst = burst, .nano_tokens = burst * TOKEN};
}

void shd_bucket_init_per_second(struct shd_bucket *bucket, int64_t per_s)
{
	int64_t burst = per_s / 5 > 0 ? per_s / 5 : 1;

	shd_assert(per_s >= 1 && per_s <= INT32_MAX);
	shd_bucket_init(bucket, (per_s > burst ? per_s - burst : 1) * MICRO, burst);
}

int64_t shd_bucket_wait_ms(struct shd_bucket *bucket, int64_t now_ms)
{
	int64_t full = bucket->burst * TOKEN, rate = bucket->micro_per_s;
	int64_t passed_ms = now_ms - bucket->at_ms;

	if (!rate)
		return 0;
	/* micro-tokens a second are as many nano-tokens a millisecond */
	if (passed_ms > (full - bucket->nano_tokens) / rate)
		bucket->nano_tokens = full;
	else if (passed_ms > 0)
		bucket->nano_tokens += passed_ms * rate;
	bucket->at_ms = now_ms;
	if (bucket->nano_tokens >= TOKEN)
		return 0;
	return (TOKEN - bucket->nano_tokens + rate - 1) / rate;
}

void shd_bucket_spend(struct shd_bucket *bucket)
{
	if (!bucket->micro_per_s)
		return;
	shd_assert(bucket->nano_tokens >= TOKEN);
	bucket->nano_tokens -= TOKEN;
}

void shd_bucket_inherit(struct shd_bucket *bucket, const struct shd_bucket *old)
{
	int64_t full = bucket->burst * TOKEN;

	if (!old->micro_per_s)
		return;
	bucket->nano_tokens = old->nano_tokens < full ? old->nano_tokens : full;
	bucket->at_ms = old->at_ms;
}

void shd_bucket_set_rate(struct shd_bucket *bucket, int64_t micro_per_s, int64_t now_ms)
{
	shd_bucket_wait_ms(bucket, now_ms); /* what came by the old rate */
	bucket->micro_per_s = micro_per_s;
}

int64_t shd_bucket_tokens(const struct shd_bucket *bucket)
{
	return bucket->nano_tokens / TOKEN;
}
