#include "backoff.h"

int64_t shd_backoff_ms(int attempt, uint32_t luck)
{
	int64_t bound_ms = 2 * SHD_BACKOFF_MIN_MS;

	for (int i = 1; i < attempt && bound_ms < SHD_BACKOFF_MAX_MS; i++)
		bound_ms *= 2;
	if (bound_ms > SHD_BACKOFF_MAX_MS)
		bound_ms = SHD_BACKOFF_MAX_MS;
	return SHD_BACKOFF_MIN_MS +
	       (int64_t)(((uint64_t)(bound_ms - SHD_BACKOFF_MIN_MS) * luck) >> 32);
}

struct shd_backoff shd_backoff_next(const struct shd_sent_result *result, int attempt,
	struct shd_wall now, struct shd_wall give_up, uint32_t luck)
{
	struct shd_backoff next = {.becomes = SHD_OUTBOX_SENT, .next_try = now};

	switch (result->sent) {
	case SHD_SENT_DELIVERED:
		return next;
	case SHD_SENT_REJECTED:
		next.becomes = SHD_OUTBOX_DEAD;
		return next;
	case SHD_SENT_RETRY:
		break;
	}
	if (now.ms >= give_up.ms) {
		next.becomes = SHD_OUTBOX_DEAD;
		return next;
	}
	int64_t wait_ms = shd_backoff_ms(attempt, luck);
	int64_t pause_ms = result->pause_ms < SHD_BACKOFF_MAX_MS ? result->pause_ms
								 : SHD_BACKOFF_MAX_MS;
	if (wait_ms < pause_ms)
		wait_ms = pause_ms;
	next.becomes = SHD_OUTBOX_WAITING;
	next.next_try.ms = give_up.ms - now.ms < wait_ms ? give_up.ms : now.ms + wait_ms;
	return next;
}
