#include "schema.h"

#include "base/text.h"

#include <string.h>

enum { SAME_BYTES = 8192 };

/* The statements of all kinds are one literal, each ended by a NUL: fields.def is
 * grouped by kind and every kind begins with opened_at, so the macro that meets that
 * name ends the statement before and starts the next. What stands before the
 * first NUL is the end of a statement that never began. */
#define SECOND(a, b, ...)      b
#define FIRST_OF(...)          SECOND(__VA_ARGS__)
#define MARK_opened_at         ~, START
#define SKIP(kind)
#define START_OR_SKIP(name)    FIRST_OF(MARK_##name, SKIP, ~)
#define FIELD(kind, name, type, words, doc) START_OR_SKIP(name)(kind) COLUMN_##type(name)
#define COLUMN_BOOL(name)      COLUMN(name)
#define COLUMN_NUMBER(name)    COLUMN(name)
#define COLUMN_RATIO(name)     COLUMN(name)
#define COLUMN_DURATION(name)  COLUMN(name)
#define COLUMN_TIME(name)      COLUMN(name)

static const char create_sql[] =
#define END ", PRIMARY KEY (store, id)) STRICT" "\0"
#define START(kind)                                                                                \
	END "CREATE TABLE IF NOT EXISTS e_" #kind                                                  \
	    " (store TEXT NOT NULL, id TEXT NOT NULL, feed TEXT"
#define COLUMN(name) ", \"" #name "\" INTEGER"
#define COLUMN_TEXT(name) ", \"" #name "\" TEXT"
#define COLUMN_MONEY(name) ", \"" #name "\" INTEGER, \"" #name "_currency\" TEXT"
#include "catalog/fields.def"
	END;
#undef START
#undef END
#undef COLUMN
#undef COLUMN_TEXT
#undef COLUMN_MONEY

#define COLUMN(name) ", \"" #name "\""
#define COLUMN_TEXT(name) COLUMN(name)
#define COLUMN_MONEY(name) ", \"" #name "\", \"" #name "_currency\""
#define WAKE_OF(kind)                                                                              \
	", (SELECT at_ms FROM wake AS w WHERE w.store = ?1 AND w.kind = '" #kind                   \
	"' AND w.id = e.id)"
static const char get_sql[] =
#define END " FROM e" "\0"
#define START(kind)                                                                                \
	END "WITH e AS (SELECT * FROM e_" #kind " WHERE store = ?1 AND id = ?2) SELECT id, feed"   \
	    WAKE_OF(kind)
#include "catalog/fields.def"
	END;
#undef START
#undef END

static const char get_all_sql[] =
#define END " FROM e" "\0"
#define START(kind)                                                                                \
	END "WITH e AS (SELECT t.* FROM json_each(?2) AS j CROSS JOIN e_" #kind                    \
	    " AS t ON t.store = ?1 AND t.id = j.value) SELECT id, feed" WAKE_OF(kind)
#include "catalog/fields.def"
	END;
#undef START
#undef END

#undef COLUMN
#undef COLUMN_TEXT
#undef COLUMN_MONEY

static const char update_sql[] =
#define END " WHERE store = ?1 AND id = ?2" "\0"
#define START(kind) END "UPDATE e_" #kind " SET feed = coalesce(?3, feed)"
#define COLUMN(name) ", \"" #name "\" = ?"
#define COLUMN_TEXT(name) COLUMN(name)
#define COLUMN_MONEY(name) ", \"" #name "\" = ?, \"" #name "_currency\" = ?"
#include "catalog/fields.def"
	END;
#undef START
#undef END
#undef COLUMN
#undef COLUMN_TEXT
#undef COLUMN_MONEY
#undef FIELD

static const struct {
	const char *table, *open_ids, *page_open, *page_all, *unread, *forget, *forget_undated,
		*forget_aged, *forget_all, *delete_one;
} tables[] = {
#define FORGET(name, condition)                                                                    \
	"DELETE FROM e_" #name " WHERE rowid IN (SELECT rowid FROM e_" #name                       \
	" WHERE store = ?1 AND " condition " LIMIT ?3)"
#define LONG_OVER " AND coalesce(closed_at, progressed_at, 0) < ?2"
#define KIND(name, doc)                                                                            \
	[SHD_KIND_##name] = {                                                                      \
		"e_" #name,                                                                        \
		"SELECT id FROM e_" #name " WHERE store = ?1 AND closed IS NOT 1"                  \
		" AND (?2 IS NULL OR feed = ?2) ORDER BY id",                                      \
		"SELECT id FROM e_" #name " WHERE store = ?1 AND id > ?2 AND closed IS NOT 1"      \
		" ORDER BY id LIMIT ?3",                                                           \
		"SELECT id FROM e_" #name " WHERE store = ?1 AND id > ?2 ORDER BY id LIMIT ?3",    \
		"SELECT unreadable FROM e_" #name " WHERE store = ?1 AND unreadable IS NOT NULL"   \
		" AND closed IS NOT 1 LIMIT 10000",                                                \
		FORGET(name, "opened_at < ?2 AND closed = 1" LONG_OVER),                           \
		FORGET(name, "opened_at IS NULL AND closed = 1" LONG_OVER),                        \
		FORGET(name, "closed IS NOT 1 AND (unlisted_since < ?2 OR (?4"                     \
			" AND coalesce(opened_at, progressed_at) < ?2" LONG_OVER "))"),            \
		FORGET(name, "?2 > 0"),                                                            \
		"DELETE FROM e_" #name " WHERE store = ?1 AND id = ?2",                            \
	},
#include "catalog/kinds.def"
#undef KIND
#undef FORGET
#undef LONG_OVER
};

static const struct shd_table_column columns[] = {
#undef COLUMN_BOOL
#undef COLUMN_NUMBER
#undef COLUMN_RATIO
#undef COLUMN_DURATION
#undef COLUMN_TIME
#define COLUMN_OF(kind, name, type)                                                                \
	#name, "ALTER TABLE e_" #kind " ADD COLUMN \"" #name "\" " type
#define COLUMN_ALONE(kind, name, type) COLUMN_OF(kind, name, type), NULL, NULL
#define COLUMN_BOOL(kind, name)     COLUMN_ALONE(kind, name, "INTEGER")
#define COLUMN_NUMBER(kind, name)   COLUMN_ALONE(kind, name, "INTEGER")
#define COLUMN_RATIO(kind, name)    COLUMN_ALONE(kind, name, "INTEGER")
#define COLUMN_DURATION(kind, name) COLUMN_ALONE(kind, name, "INTEGER")
#define COLUMN_TIME(kind, name)     COLUMN_ALONE(kind, name, "INTEGER")
#define COLUMN_TEXT(kind, name)     COLUMN_ALONE(kind, name, "TEXT")
#define COLUMN_MONEY(kind, name)                                                                   \
	COLUMN_OF(kind, name, "INTEGER"), COLUMN_OF(kind, name##_currency, "TEXT")
#define FIELD(kind, name, type, words, doc) [SHD_F_##kind##_##name] = {COLUMN_##type(kind, name)},
#include "catalog/fields.def"
#undef FIELD
};

/* The same parameters as UPDATE. Changes nothing where a column of an index differs, so
 * that SQLite has no index to look at: nearly every change is of other columns. */
static bool is_indexed(enum shd_kind kind, const char *column, bool but_own)
{
	static const char *const shared[] = {"opened_at", "closed", "unreadable",
		/* of orders; they change when `closed` does */
		"cancelled_at", "delivered_at"};
	static const char *const own[] = {"sku", "category"};

	for (size_t i = 0; i < SHD_COUNT(shared); i++)
		if (strcmp(shared[i], column) == 0)
			return true;
	for (size_t i = 0; !but_own && i < SHD_COUNT(own); i++)
		if (strcmp(own[i], column) == 0)
			return true;
	return !but_own && kind == SHD_KIND_parcel && strcmp(column, "tracking_number") == 0;
}

char *shd_table_update_same(enum shd_kind kind, bool but_own)
{
	struct shd_text set, where;
	enum shd_field first = shd_kind_first(kind);
	int number = 4;

	shd_text_init(&set, SAME_BYTES);
	shd_text_init(&where, SAME_BYTES);
	shd_text_printf(&set, "UPDATE e_%s SET ", shd_kind_name(kind));
	const char *comma = "";
	for (int i = 0; i < shd_kind_fields(kind); i++) {
		const struct shd_table_column *column = &columns[first + (enum shd_field)i];

		if (is_indexed(kind, column->name, but_own)) {
			shd_text_printf(&where, " AND \"%s\" IS ?%d", column->name, number++);
			continue;
		}
		shd_text_printf(&set, "%s\"%s\" = ?%d", comma, column->name, number++);
		comma = ", ";
		if (column->currency)
			shd_text_printf(&set, ", \"%s\" = ?%d", column->currency, number++);
	}
	shd_text_puts(&set, " WHERE store = ?1 AND id = ?2 AND (?3 IS NULL OR feed IS ?3)");
	shd_text_puts(&set, where.data);
	shd_assert(shd_text_ok(&set) && shd_text_ok(&where));
	shd_text_finish(&where);
	return shd_text_take(&set);
}

/* OR FAIL: whoever writes rolls the transaction back, so SQLite need not remember what the
 * statement itself did. */
char *shd_table_insert(enum shd_kind kind, int rows)
{
	struct shd_text sql;
	enum shd_field first = shd_kind_first(kind);
	int width = 2, number = 2;

	shd_text_init(&sql, SAME_BYTES);
	shd_text_printf(&sql, "INSERT OR FAIL INTO e_%s (store, id, feed", shd_kind_name(kind));
	for (int i = 0; i < shd_kind_fields(kind); i++) {
		const struct shd_table_column *column = &columns[first + (enum shd_field)i];

		shd_text_printf(&sql, ", \"%s\"", column->name);
		width++;
		if (!column->currency)
			continue;
		shd_text_printf(&sql, ", \"%s\"", column->currency);
		width++;
	}
	for (int row = 0; row < rows; row++) {
		shd_text_puts(&sql, row ? "), (?1" : ") VALUES (?1");
		for (int i = 0; i < width; i++)
			shd_text_printf(&sql, ", ?%d", number++);
	}
	shd_text_putc(&sql, ')');
	shd_assert(shd_text_ok(&sql));
	return shd_text_take(&sql);
}

char *shd_table_window(enum shd_kind kind, int time, uint64_t fields)
{
	struct shd_text sql;
	enum shd_field first = shd_kind_first(kind);
	const char *comma = "";

	shd_text_init(&sql, SAME_BYTES);
	shd_text_puts(&sql, "SELECT ");
	if (fields & SHD_FIELDS_ID) {
		shd_text_puts(&sql, "id");
		comma = ", ";
	}
	for (int i = 0; i < shd_kind_fields(kind); i++) {
		const struct shd_table_column *column = &columns[first + (enum shd_field)i];

		if (!(fields >> i & 1))
			continue;
		shd_text_printf(&sql, "%s\"%s\"", comma, column->name);
		comma = ", ";
		if (column->currency)
			shd_text_printf(&sql, ", \"%s\"", column->currency);
	}
	const char *by = columns[first + (enum shd_field)time].name;
	shd_text_printf(&sql, " FROM e_%s WHERE store = ?1 AND %s > ?2 AND %s <= ?3 ORDER BY %s",
		shd_kind_name(kind), by, by, by);
	shd_assert(shd_text_ok(&sql));
	return shd_text_take(&sql);
}

static const char *const indexes[] = {
#define KIND(name, doc)                                                                            \
	"CREATE INDEX IF NOT EXISTS e_" #name "_opened ON e_" #name                                \
	" (store, opened_at) WHERE opened_at IS NOT NULL",                                         \
	"CREATE INDEX IF NOT EXISTS e_" #name "_open ON e_" #name                                  \
	" (store, id, feed) WHERE closed IS NOT 1",                                                \
	"CREATE INDEX IF NOT EXISTS e_" #name "_unreadable ON e_" #name                            \
	" (store) WHERE unreadable IS NOT NULL",                                                   \
	"CREATE INDEX IF NOT EXISTS e_" #name "_undated ON e_" #name                               \
	" (store) WHERE opened_at IS NULL AND closed = 1",
#include "catalog/kinds.def"
#undef KIND
	/* What windows of the many orders go by; others read all that the store has of a kind. */
	"CREATE INDEX IF NOT EXISTS e_order_cancelled ON e_order (store, cancelled_at)"
	" WHERE cancelled_at IS NOT NULL",
	"CREATE INDEX IF NOT EXISTS e_order_delivered ON e_order (store, delivered_at)"
	" WHERE delivered_at IS NOT NULL",
	"CREATE INDEX IF NOT EXISTS e_listing_sku ON e_listing (store, sku)",
	"CREATE INDEX IF NOT EXISTS e_stock_sku ON e_stock (store, sku)",
	/* Of two queries: that of open orders shall not walk through closed ones. */
	"CREATE INDEX IF NOT EXISTS e_order_sku ON e_order (store, sku, closed IS 1)"
	" WHERE closed IS NOT 1 OR category IS NULL",
	"CREATE INDEX IF NOT EXISTS e_return_sku ON e_return (store, sku)"
	" WHERE category IS NULL",
	"CREATE INDEX IF NOT EXISTS e_parcel_tracking ON e_parcel (tracking_number)"
	" WHERE tracking_number IS NOT NULL",
	NULL,
};

/* The piece of a literal that belongs to a kind. */
static const char *piece(const char *literal, enum shd_kind kind)
{
	const char *at = literal;

	for (int i = 0; i <= (int)kind; i++)
		at += strlen(at) + 1;
	return at;
}

const char *shd_table_sql(enum shd_kind kind, enum shd_table_sql sql)
{
	switch (sql) {
	case SHD_TABLE_CREATE: return piece(create_sql, kind);
	case SHD_TABLE_GET: return piece(get_sql, kind);
	case SHD_TABLE_UPDATE: return piece(update_sql, kind);
	case SHD_TABLE_GET_ALL: return piece(get_all_sql, kind);
	case SHD_TABLE_OPEN_IDS: return tables[kind].open_ids;
	case SHD_TABLE_PAGE_OPEN: return tables[kind].page_open;
	case SHD_TABLE_PAGE_ALL: return tables[kind].page_all;
	case SHD_TABLE_UNREAD: return tables[kind].unread;
	case SHD_TABLE_FORGET: return tables[kind].forget;
	case SHD_TABLE_FORGET_UNDATED: return tables[kind].forget_undated;
	case SHD_TABLE_FORGET_AGED: return tables[kind].forget_aged;
	case SHD_TABLE_FORGET_ALL: return tables[kind].forget_all;
	case SHD_TABLE_DELETE: return tables[kind].delete_one;
	case SHD_TABLE_UPDATE_SAME: case SHD_TABLE_UPDATE_OWN: break;
	case SHD_TABLE_INSERT: case SHD_TABLE_INSERT_MANY: break;
	case SHD_TABLE_SQL_COUNT: break;
	}
	return NULL;
}

const char *shd_table_name(enum shd_kind kind)
{
	return tables[kind].table;
}

const struct shd_table_column *shd_table_column(enum shd_field field)
{
	return &columns[field];
}

const char *shd_table_index(size_t i)
{
	return indexes[i];
}
