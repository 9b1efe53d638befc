/* tests/support/clock.c - shows the process it is preloaded into another time.
 *
 * SHD_CLOCK names a file that holds two numbers, in ms: how much later the wall clock
 * is than the real one, and for how long the machine seems to have slept so far (which
 * moves the wall clock and CLOCK_BOOTTIME, but not CLOCK_MONOTONIC). The file is read
 * at each look at the clock, so a test sets the time by replacing it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MS = 1000, NS_OF_MS = 1000000, NS = 1000000000 };

static void read_offsets(long long *wall_ms, long long *slept_ms)
{
	const char *path = getenv("SHD_CLOCK");
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file || fscanf(file, "%lld %lld", wall_ms, slept_ms) != 2)
		*wall_ms = *slept_ms = 0;
	if (file)
		fclose(file);
}

static void add_ms(struct timespec *at, long long ms)
{
	long long ns = at->tv_nsec + ms % MS * NS_OF_MS;

	at->tv_sec += ms / MS;
	if (ns < 0) {
		ns += NS;
		at->tv_sec--;
	}
	at->tv_sec += ns / NS;
	at->tv_nsec = ns % NS;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	static int (*real)(clockid_t clock, struct timespec *at);
	long long wall_ms = 0, slept_ms = 0;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int done = real(clock, at);
	if (done != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return done;
	read_offsets(&wall_ms, &slept_ms);
	add_ms(at, slept_ms + (clock == CLOCK_REALTIME ? wall_ms : 0));
	return done;
}
