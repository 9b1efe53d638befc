#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 1000 };

static void close_file(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Into one block of the file's size, so that no copy of a secret is left behind by
 * a growing buffer. */
static bool read_all(int fd, char *bytes, size_t size, size_t *ret_len, struct shd_error *reterr)
{
	size_t len = 0;

	while (len <= size) {
		ssize_t got = read(fd, bytes + len, size + 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return shd_fail(reterr, SHD_ERR_IO, "cannot be read: %s", strerror(errno));
		if (got == 0) {
			bytes[len] = '\0';
			*ret_len = len;
			return true;
		}
		len += (size_t)got;
	}
	return shd_fail(reterr, SHD_ERR_IO, "grew while it was read");
}

static bool open_ordinary(const char *path, int *ret_fd, struct stat *ret_stat,
			  struct shd_error *reterr)
{
	/* Non-blocking: a pipe without a writer would hang the check. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return shd_fail(reterr, errno == ENOENT ? SHD_ERR_MISSING : SHD_ERR_IO,
			"cannot be read: %s", strerror(errno));
	if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode)) {
		close(fd);
		return shd_fail(reterr, SHD_ERR_IO, "is no ordinary file");
	}
	*ret_fd = fd;
	return true;
}

bool shd_file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_len,
		   uint32_t *ret_mode, struct shd_error *reterr)
{
	SHD_AUTO(close_file) int fd = -1;
	struct stat st;

	if (!open_ordinary(path, &fd, &st, reterr))
		return false;
	if (st.st_size < 0 || (uintmax_t)st.st_size > max_bytes)
		return shd_fail(reterr, SHD_ERR_LIMIT, "larger than %zu KB", max_bytes / 1024);
	size_t size = (size_t)st.st_size;
	char *text shd_autofree = shd_xcalloc(size + 2, 1);
	if (!read_all(fd, text, size, ret_len, reterr)) {
		explicit_bzero(text, size + 2);
		return false;
	}
	if (ret_mode)
		*ret_mode = st.st_mode & 07777;
	*ret_text = shd_steal(text);
	return true;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && strcmp(name + len - tail, suffix) == 0;
}

/* Keeps the names in order; false when it is there already. */
static bool insert_name(struct shd_folder *folder, const char *name)
{
	size_t at = folder->count;

	while (at > 0 && strcmp(folder->names[at - 1], name) > 0)
		at--;
	if (at > 0 && strcmp(folder->names[at - 1], name) == 0)
		return false;
	shd_grow(folder->names, folder->count, folder->capacity);
	memmove(folder->names + at + 1, folder->names + at,
		(folder->count - at) * sizeof(*folder->names));
	folder->names[at] = shd_xstrdup(name);
	folder->count++;
	return true;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

bool shd_folder_add(struct shd_folder *folder, const char *path, const char *suffix,
		    struct shd_error *reterr)
{
	SHD_AUTO(close_dir) DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir && errno == ENOENT)
		return true;
	if (!dir)
		return shd_fail(reterr, SHD_ERR_IO, "cannot be listed: %s", strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !ends_in(entry->d_name, suffix))
			continue;
		if (folder->count == NAMES_MAX)
			return shd_fail(
				reterr, SHD_ERR_LIMIT, "more than %d files", (int)NAMES_MAX);
		insert_name(folder, entry->d_name);
	}
	return true;
}

void shd_folder_finish(struct shd_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->names[i]);
	free(folder->names);
	*folder = (struct shd_folder){0};
}
