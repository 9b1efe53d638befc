/* tests/support/killer.c - kills the process it is preloaded into at a chosen write.
 *
 * With SHD_KILL_AT=N in the environment, the N-th write or sync of a regular file
 * ends the process with SIGKILL: before the call when N is odd, after it when N is
 * even. So every commit point of the state database is reached from outside, and
 * the daemon itself knows nothing of it. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long seen;

static int is_file(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

static void die_if(int now)
{
	if (now)
		kill(getpid(), SIGKILL);
}

/* True when this call is the chosen one; dies at once when it is to die before it. */
static int chosen(int fd)
{
	const char *text = getenv("SHD_KILL_AT");
	long at = text ? strtol(text, NULL, 10) : 0;

	if (at <= 0 || !is_file(fd))
		return 0;
	int mine = atomic_fetch_add(&seen, 1) + 1 == at;
	die_if(mine && at % 2);
	return mine;
}

#define REAL(type, name, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	int mine = chosen(fd);
	ssize_t done = real(fd, data, len, at);

	die_if(mine);
	return done;
}

int fdatasync(int fd)
{
	REAL(int, "fdatasync", int);
	int mine = chosen(fd);
	int done = real(fd);

	die_if(mine);
	return done;
}

int fsync(int fd)
{
	REAL(int, "fsync", int);
	int mine = chosen(fd);
	int done = real(fd);

	die_if(mine);
	return done;
}
