#include "clock.h"

#include <time.h>

enum { NOTABLE_MS = 60000 };

static int64_t read_ms(clockid_t clock)
{
	struct timespec at;

	shd_assert(clock_gettime(clock, &at) == 0);
	return at.tv_sec * SHD_SECOND_MS + at.tv_nsec / 1000000;
}

struct shd_clock_reading shd_clock_read(void)
{
	return (struct shd_clock_reading){
		.mono = {read_ms(CLOCK_MONOTONIC)},
		.boot_ms = read_ms(CLOCK_BOOTTIME),
		.wall = {read_ms(CLOCK_REALTIME)},
	};
}

/* The loop is about to wait: how long, nobody knows. */
static void turn_ends(uv_prepare_t *turn)
{
	struct shd_clock *clock = turn->data;

	clock->looked = false;
}

void shd_clock_open(struct shd_clock *clock, uv_loop_t *loop)
{
	const struct shd_clock_reading at = shd_clock_read();

	shd_clock_init(clock, &at);
	clock->turn.data = clock;
	uv_prepare_init(loop, &clock->turn);
	uv_prepare_start(&clock->turn, turn_ends);
	uv_unref((uv_handle_t *)&clock->turn);
}

static void turn_closed(uv_handle_t *turn)
{
	struct shd_clock *clock = turn->data;

	clock->closed(clock->ctx);
}

void shd_clock_close(struct shd_clock *clock, void (*closed)(void *ctx), void *ctx)
{
	clock->closed = closed;
	clock->ctx = ctx;
	uv_close((uv_handle_t *)&clock->turn, turn_closed);
}

void shd_clock_init(struct shd_clock *clock, const struct shd_clock_reading *at)
{
	*clock = (struct shd_clock){
		.at = *at, .epoch = 1, .epoch_boot_ms = at->boot_ms, .looked = true};
}

void shd_clock_advance(struct shd_clock *clock, const struct shd_clock_reading *to)
{
	int64_t passed_ms = to->boot_ms - clock->at.boot_ms;
	int64_t jumped_ms = to->wall.ms - clock->at.wall.ms - passed_ms;
	bool blind = passed_ms > NOTABLE_MS;
	bool jumped = jumped_ms > NOTABLE_MS || jumped_ms < -NOTABLE_MS;

	clock->at = *to;
	if (!blind && !jumped)
		return;
	clock->epoch++;
	clock->epoch_boot_ms = to->boot_ms;
	if (jumped)
		clock->jumped_ms += jumped_ms;
	if (blind) {
		clock->blind_from.ms = to->wall.ms - passed_ms;
		clock->blind_to = to->wall;
	}
}

const struct shd_clock *shd_clock_look(struct shd_clock *clock)
{
	if (!clock->looked) {
		const struct shd_clock_reading at = shd_clock_read();

		clock->looked = true;
		shd_clock_advance(clock, &at);
	}
	return clock;
}

struct shd_wall shd_clock_now(struct shd_clock *clock)
{
	return shd_clock_look(clock)->at.wall;
}

bool shd_epoch_changed(struct shd_epoch *known, struct shd_clock *clock, int64_t *ret_jumped_ms)
{
	const struct shd_epoch now = shd_epoch_now(clock);

	*ret_jumped_ms = now.jumped_ms - known->jumped_ms;
	if (now.number == known->number)
		return false;
	*known = now;
	return true;
}

struct shd_epoch shd_epoch_now(struct shd_clock *clock)
{
	shd_clock_look(clock);
	return (struct shd_epoch){clock->epoch, clock->jumped_ms};
}

const char *shd_clock_text(struct shd_wall time, struct shd_wall now, char buf[SHD_CLOCK_TEXT])
{
	time_t at_s = (time_t)(time.ms / SHD_SECOND_MS), now_s = (time_t)(now.ms / SHD_SECOND_MS);
	struct tm at, today;

	buf[0] = '\0';
	if (!time.ms || !localtime_r(&at_s, &at) || !localtime_r(&now_s, &today))
		return buf;
	bool same = at.tm_year == today.tm_year && at.tm_yday == today.tm_yday;
	strftime(buf, SHD_CLOCK_TEXT, same ? "%H:%M:%S %Z" : "%Y-%m-%d %H:%M:%S %Z", &at);
	return buf;
}
