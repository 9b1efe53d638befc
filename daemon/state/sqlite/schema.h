/* state/sqlite/schema.h - the tables of the entities, made from lib/catalog/fields.def.
 *
 * One STRICT table per kind, e_order for `order`: store, id, feed (the endpoint
 * that lists it) and one column per field; MONEY has a second one, NAME_currency.
 * The tables are not part of the migrations:
 * they are created, and given the columns they lack, when the file is opened, so
 * that a new field is one line in fields.def and nothing else. Private to
 * daemon/state. */
#pragma once
#include "judge/stored.h"

enum shd_table_sql {
	SHD_TABLE_CREATE,
	SHD_TABLE_GET,       /* ?1 store ?2 id -> id, feed, its wake-up or NULL, fields */
	SHD_TABLE_GET_ALL,   /* ?1 store ?2 ids as a JSON list -> the same */
	SHD_TABLE_UPDATE,    /* ?1 store ?2 id ?3 feed ?4... fields */
	SHD_TABLE_UPDATE_SAME, /* the same, where no column of an index changes; made at run time */
	SHD_TABLE_UPDATE_OWN, /* the same, or one of an index that this kind alone has; likewise */
	SHD_TABLE_INSERT,    /* as UPDATE; made at run time */
	SHD_TABLE_INSERT_MANY, /* ?1 store, then of each row: id, feed, fields; made at run time */
	SHD_TABLE_OPEN_IDS,  /* ?1 store ?2 feed or NULL -> id */
	SHD_TABLE_PAGE_OPEN, /* ?1 store ?2 after this id ?3 at most -> id, of the open ones */
	SHD_TABLE_PAGE_ALL,  /* the same, closed ones too */
	SHD_TABLE_UNREAD,    /* ?1 store -> unreadable, of the open ones that have it */
	SHD_TABLE_FORGET,    /* ?1 store ?2 before ?3 at most: closed ones */
	SHD_TABLE_FORGET_UNDATED, /* the same, of which is not known when they began */
	SHD_TABLE_FORGET_AGED, /* the same, open ones: no list has them any more, or (?4) the kind
				* may never close */
	SHD_TABLE_FORGET_ALL, /* the same, whatever there is */
	SHD_TABLE_DELETE,    /* ?1 store ?2 id */
	SHD_TABLE_SQL_COUNT
};

/* The statement for a kind, NULL for the two below. */
const char *shd_table_sql(enum shd_kind kind, enum shd_table_sql sql);

/* The rows of INSERT_MANY: what a statement costs by itself hardly shows any more. */
#define SHD_INSERT_ROWS 6

/* UPDATE_OWN or UPDATE_SAME, and the INSERTs of a kind; free() them. */
char *shd_table_update_same(enum shd_kind kind, bool but_own);
char *shd_table_insert(enum shd_kind kind, int rows);

/* ?1 store ?2 after ?3 until -> by the field `time`, the fields of the mask (stored.h), which is
 * not empty, before them the id if it is asked for. Columns that nobody reads would cost more than
 * the row. free() it. */
char *shd_table_window(enum shd_kind kind, int time, uint64_t fields);

/* "e_order" */
const char *shd_table_name(enum shd_kind kind);

/* Statements that add a field's column, and the second one of MONEY (else NULL). */
struct shd_table_column {
	const char *name, *add, *currency, *add_currency;
};
const struct shd_table_column *shd_table_column(enum shd_field field);

/* Indexes that make lookups and windows cheap, IF NOT EXISTS each; NULL at the end. */
const char *shd_table_index(size_t i);
