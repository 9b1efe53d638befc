#include "log_file.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	GATHERED_BYTES = 64 * 1024,
	/* https://www.sqlite.org/fileformat2.html#walformat */
	FRAME_HEAD_BYTES = 24,
	FRAME_HEAD_COMMIT = 4, /* four bytes, not 0: the last page of a transaction follows */
};

/* The log as SQLite sees it; its own file stands behind it in memory. */
struct log_file {
	sqlite3_file file;
	sqlite3_file *base;
	char *gathered;            /* GATHERED_BYTES, from the first write on */
	sqlite3_int64 at;          /* where gathered[0..len) belongs */
	int len;
	sqlite3_int64 end;         /* of what was written last, gathered or not */
	bool completes;            /* the page to come is the last of its transaction */
};

static struct log_file *log_of(sqlite3_file *file)
{
	return (struct log_file *)file;
}

static sqlite3_file *base_of(sqlite3_file *file)
{
	return log_of(file)->base;
}

static int flush(struct log_file *log)
{
	int len = log->len;

	log->len = 0;
	return len ? log->base->pMethods->xWrite(log->base, log->gathered, len, log->at)
		   : SQLITE_OK;
}

static int gather(struct log_file *log, const void *bytes, int len, sqlite3_int64 at)
{
	if (len > GATHERED_BYTES - log->len) {
		int rc = flush(log);

		if (rc != SQLITE_OK)
			return rc;
	}
	if (!log->len)
		log->at = at;
	memcpy(log->gathered + log->len, bytes, (size_t)len);
	log->len += len;
	return SQLITE_OK;
}

static bool is_last_of_transaction(const void *head)
{
	static const char zero[4];

	return memcmp((const char *)head + FRAME_HEAD_COMMIT, zero, sizeof(zero)) != 0;
}

/* What is appended waits for the end of its transaction. What is written anew does not: it may
 * belong to one that is complete but for that. */
static int write_log(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	bool completed = log->completes;
	int rc;

	if (!log->gathered)
		log->gathered = shd_xcalloc(1, GATHERED_BYTES);
	log->completes = len == FRAME_HEAD_BYTES && is_last_of_transaction(bytes);
	if (at == log->end && len <= GATHERED_BYTES) {
		rc = gather(log, bytes, len, at);
		if (rc == SQLITE_OK && completed)
			rc = flush(log);
	} else {
		rc = flush(log);
		if (rc == SQLITE_OK)
			rc = log->base->pMethods->xWrite(log->base, bytes, len, at);
	}
	log->end = at + len;
	return rc;
}

static int read_log(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc ? rc : log->base->pMethods->xRead(log->base, bytes, len, at);
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc ? rc : log->base->pMethods->xTruncate(log->base, size);
}

static int sync_log(sqlite3_file *file, int flags)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc ? rc : log->base->pMethods->xSync(log->base, flags);
}

static int size_of_log(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	struct log_file *log = log_of(file);
	int rc = flush(log);

	return rc ? rc : log->base->pMethods->xFileSize(log->base, ret_size);
}

/* What was gathered is of no complete transaction. */
static int close_log(sqlite3_file *file)
{
	struct log_file *log = log_of(file);

	free(log->gathered);
	return log->base->pMethods->xClose(log->base);
}

static int lock_log(sqlite3_file *file, int lock)
{
	return base_of(file)->pMethods->xLock(base_of(file), lock);
}

static int unlock_log(sqlite3_file *file, int lock)
{
	return base_of(file)->pMethods->xUnlock(base_of(file), lock);
}

static int is_log_reserved(sqlite3_file *file, int *ret_is)
{
	return base_of(file)->pMethods->xCheckReservedLock(base_of(file), ret_is);
}

static int control_log(sqlite3_file *file, int op, void *arg)
{
	return base_of(file)->pMethods->xFileControl(base_of(file), op, arg);
}

static int sector_of_log(sqlite3_file *file)
{
	return base_of(file)->pMethods->xSectorSize(base_of(file));
}

static int device_of_log(sqlite3_file *file)
{
	return base_of(file)->pMethods->xDeviceCharacteristics(base_of(file));
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = close_log,
	.xRead = read_log,
	.xWrite = write_log,
	.xTruncate = truncate_log,
	.xSync = sync_log,
	.xFileSize = size_of_log,
	.xLock = lock_log,
	.xUnlock = unlock_log,
	.xCheckReservedLock = is_log_reserved,
	.xFileControl = control_log,
	.xSectorSize = sector_of_log,
	.xDeviceCharacteristics = device_of_log,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		     int *ret_flags)
{
	sqlite3_vfs *base = ((struct shd_log_file_vfs *)vfs)->base;
	struct log_file *log = log_of(file);

	if (!(flags & SQLITE_OPEN_WAL))
		return base->xOpen(base, name, file, flags, ret_flags);
	*log = (struct log_file){.base = (sqlite3_file *)(log + 1), .end = -1};
	memset(log->base, 0, (size_t)base->szOsFile);
	int rc = base->xOpen(base, name, log->base, flags, ret_flags);
	/* SQLite closes what has methods, also after an error. */
	log->file.pMethods = log->base->pMethods ? &log_methods : NULL;
	return rc;
}

int shd_log_file_open(struct shd_log_file_vfs *log, const char *path, sqlite3 **ret_db, int flags)
{
	log->base = sqlite3_vfs_find(NULL);
	log->vfs = *log->base;
	snprintf(log->name, sizeof(log->name), "shd-%p", (void *)log);
	log->vfs.zName = log->name;
	log->vfs.pNext = NULL;
	log->vfs.szOsFile += (int)sizeof(struct log_file);
	log->vfs.xOpen = open_file;
	int rc = sqlite3_vfs_register(&log->vfs, 0);
	if (rc != SQLITE_OK)
		return rc;
	/* By its name it is needed here only. */
	rc = sqlite3_open_v2(path, ret_db, flags, log->name);
	sqlite3_vfs_unregister(&log->vfs);
	return rc;
}
