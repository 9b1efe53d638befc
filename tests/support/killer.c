/* tests/support/killer.c - kills the process it is preloaded into at a chosen write.
 *
 * With SHD_KILL_AT=N in the environment, the N-th write or sync of a regular file
 * ends the process with SIGKILL: before the call, or with SHD_KILL_AFTER=1 after it.
 * With SHD_KILL_COUNT=FILE nothing is killed, and each such call adds a line "call
 * suffix" (of the file: "pwrite64 wal") to FILE, so that a test knows from a run how
 * many points there are and of which kinds. SHD_KILL_OF="call suffix" has N count the
 * calls of one kind only. So every commit point of the state
 * database is reached from outside, and the daemon itself knows nothing of it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* "call suffix": the suffix is the part of the file's name behind the last dot or dash. */
static void name_kind(const char *call, int fd, char *ret, size_t size)
{
	char link[64], path[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	const char *dash = strrchr(path, '-'), *dot = strrchr(path, '.');
	const char *suffix = dash > dot ? dash : dot;
	snprintf(ret, size, "%s %.16s", call, len > 0 && suffix ? suffix + 1 : "file");
}

static void count_call(const char *list, const char *kind)
{
	char line[128];
	int out = open(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int size = snprintf(line, sizeof(line), "%s\n", kind);

	if (out < 0)
		return;
	if (write(out, line, (size_t)size) != size)
		die_if(1); /* a count that is not whole is worse than none */
	close(out);
}

/* True when it is to die after this call; dies at once when it is to die before it. */
static int chosen(const char *call, int fd)
{
	const char *list = getenv("SHD_KILL_COUNT"), *text = getenv("SHD_KILL_AT");
	const char *only = getenv("SHD_KILL_OF");
	char kind[64];
	long at = text ? strtol(text, NULL, 10) : 0;

	if ((!list && at <= 0) || !is_file(fd))
		return 0;
	name_kind(call, fd, kind, sizeof(kind));
	if (list)
		count_call(list, kind);
	if (only && strcmp(only, kind) != 0)
		return 0;
	int mine = atomic_fetch_add(&seen, 1) + 1 == at;
	int after = getenv("SHD_KILL_AFTER") != NULL;
	die_if(mine && !after);
	return mine;
}

#define REAL(type, name, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
	int mine = chosen("pwrite64", fd);
	ssize_t done = real(fd, data, len, at);

	die_if(mine);
	return done;
}

int fdatasync(int fd)
{
	REAL(int, "fdatasync", int);
	int mine = chosen("fdatasync", fd);
	int done = real(fd);

	die_if(mine);
	return done;
}

int fsync(int fd)
{
	REAL(int, "fsync", int);
	int mine = chosen("fsync", fd);
	int done = real(fd);

	die_if(mine);
	return done;
}
