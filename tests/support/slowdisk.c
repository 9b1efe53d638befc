/* tests/support/slowdisk.c - a bad disk, for the process it is preloaded into.
 *
 * While the file that SHD_HOLD_SYNC names is there, each sync waits; FILE.held is
 * created when the first one does. While the file that SHD_FAIL_WRITE names is there, each
 * write to the state fails: its first letter says how, E for EIO and N for ENOSPC, and S as EIO
 * when it is synced. So a test chooses what happens during a commit. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_US = 10000 };

static void *find(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static void wait_while_held(void)
{
	const char *path = getenv("SHD_HOLD_SYNC");
	char held[4096];

	if (!path || access(path, F_OK) != 0)
		return;
	snprintf(held, sizeof(held), "%s.held", path);
	int fd = open(held, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	while (access(path, F_OK) == 0)
		usleep(LOOK_US);
}

/* How the file of `fd` fails now; 0: it does not. */
static char how_it_fails(int fd)
{
	const char *flag = getenv("SHD_FAIL_WRITE");
	char link[64], path[4096], how = 0;

	int file = flag ? open(flag, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0)
		return 0;
	if (read(file, &how, 1) != 1)
		how = 'E';
	close(file);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof(path) - 1);
	path[len > 0 ? len : 0] = '\0';
	return strstr(path, "state.db") ? how : 0;
}

static int fails(int fd)
{
	char how = how_it_fails(fd);

	errno = how == 'N' ? ENOSPC : EIO;
	return how && how != 'S';
}

static int sync_with(const char *name, int fd)
{
	int (*real)(int fd);

	*(void **)&real = find(name);
	wait_while_held();
	if (how_it_fails(fd) == 'S') {
		errno = EIO;
		return -1;
	}
	return real(fd);
}

int fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int fsync(int fd)
{
	return sync_with("fsync", fd);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	ssize_t (*real)(int fd, const void *data, size_t len, off64_t at);

	*(void **)&real = find("pwrite64");
	return fails(fd) ? -1 : real(fd, data, len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
	return pwrite64(fd, data, len, at);
}

int ftruncate64(int fd, off64_t len)
{
	int (*real)(int fd, off64_t len);

	*(void **)&real = find("ftruncate64");
	return fails(fd) ? -1 : real(fd, len);
}

int ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}
