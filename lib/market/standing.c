#include "standing.h"

#include "adapter.h"

#include <string.h>

/* By the policy of a kind of error (base/error.h). `times`, `over_ms`: a refusal of what worked
 * is believed when there were so many in a row, and the first was so long ago; 0: never. Pauses
 * double from first_ms, to doubted_ms and, once it is believed, to believed_ms. With what
 * spreads them (a quarter), a pause in doubt is no longer than half an hour.
 *
 * A key that was refused three times in a minute and a half is worth a person's time before
 * its pollers count as blind; the rest has nobody who could act on it at once. */
static const struct policy {
	int times;
	int64_t over_ms, first_ms, doubted_ms, believed_ms;
} policies[] = {
	[SHD_RETRY_LATER] = {0, 0, SHD_SECOND_MS, 10 * SHD_MINUTE_MS, 0},
	[SHD_RETRY_OPERATOR] = {3, 0, SHD_MINUTE_MS / 2, 15 * SHD_MINUTE_MS, 15 * SHD_MINUTE_MS},
	[SHD_RETRY_SELDOM] = {8, SHD_HOUR_MS, SHD_MINUTE_MS, 24 * SHD_MINUTE_MS,
		SHD_STANDING_PAUSE_MAX_MS},
	[SHD_RETRY_NEVER] = {8, SHD_HOUR_MS, SHD_MINUTE_MS, 24 * SHD_MINUTE_MS,
		SHD_STANDING_PAUSE_MAX_MS},
};

static const char *const names[] = {
#define X(id, name, text) [SHD_STANDING_##id] = name,
	SHD_STANDING_MAP(X)
#undef X
};

const char *shd_standing_name(enum shd_standing standing)
{
	return names[standing];
}

bool shd_standing_find(const char *name, enum shd_standing *ret_standing)
{
	for (size_t i = 0; i < SHD_COUNT(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret_standing = (enum shd_standing)i;
			return true;
		}
	return false;
}

bool shd_standing_is_shared(enum shd_err kind)
{
	return kind == SHD_ERR_CREDENTIALS || kind == SHD_ERR_EGRESS || kind == SHD_ERR_BLOCKED ||
	       kind == SHD_ERR_CONFIG;
}

static bool is_believed(const struct policy *policy, const struct shd_failing *failing)
{
	if (failing->works_elsewhere && shd_standing_is_shared(failing->kind))
		return false;
	return !failing->worked ||
	       (failing->count >= policy->times && failing->for_ms >= policy->over_ms);
}

enum shd_standing shd_standing_after(
	const struct shd_endpoint *row, const struct shd_failing *failing)
{
	const struct policy *policy = &policies[shd_err_retry(failing->kind)];

	if (!policy->times)
		return SHD_STANDING_FAILING;
	if (!is_believed(policy, failing))
		return SHD_STANDING_DOUBTED;
	return failing->kind == SHD_ERR_TARIFF && row->may_be_lacking ? SHD_STANDING_LACKING
								      : SHD_STANDING_REFUSED;
}

static int64_t within(int64_t ms, int64_t least, int64_t most)
{
	return ms < least ? least : ms > most ? most : ms;
}

int64_t shd_standing_pause_ms(
	const struct shd_failing *failing, enum shd_standing standing, int64_t every_ms)
{
	const struct policy *policy = &policies[shd_err_retry(failing->kind)];
	int64_t most = shd_standing_lasts(standing) ? policy->believed_ms : policy->doubted_ms;
	int64_t ms = within(every_ms, SHD_SECOND_MS, policy->first_ms);

	if (!policy->times)
		most = within(3 * every_ms, SHD_SECOND_MS, most);
	for (int i = 1; i < failing->count && ms < most; i++)
		ms *= 2;
	return ms < most ? ms : most;
}
