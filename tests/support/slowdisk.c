/* tests/support/slowdisk.c - a disk that does not answer, for the process it is preloaded into.
 *
 * While the file that SHD_HOLD_SYNC names is there, each sync waits; FILE.held is
 * created when the first one does. So a test chooses what happens during a commit. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_US = 10000 };

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

static int sync_with(const char *name, int fd)
{
	int (*real)(int fd);

	*(void **)&real = dlsym(RTLD_NEXT, name);
	wait_while_held();
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
