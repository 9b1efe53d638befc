/* state/sqlite/log_file.h - SQLite's log, written in large pieces.
 *
 * SQLite writes its log (WAL) page by page, each in two calls: a head of 24 bytes and the page.
 * Here they are gathered until the transaction is complete, as the head of its last page says,
 * and go to the disk in one call; nobody reads them before, as SQLite tells readers of a
 * transaction only after its last page was written. A write that fails is told then, and SQLite
 * rolls back. All other files are SQLite's own.
 *
 * Private to daemon/state. On the thread of its connection. */
#pragma once
#include <sqlite3.h>

struct shd_log_file_vfs {
	sqlite3_vfs vfs;
	sqlite3_vfs *base; /* SQLite's own */
	char name[40];
};

/* sqlite3_open_v2 for a connection that writes. `log` lives as long as the connection. */
int shd_log_file_open(struct shd_log_file_vfs *log, const char *path, sqlite3 **ret_db, int flags);
