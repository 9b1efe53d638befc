/* conf/node.h - a YAML file as nodes that know where they stand.
 *
 * Only yaml.c uses libfyaml. Limits: 4 MB a file, 32 levels, 200 000 values, with
 * what aliases repeat counted every time. No tags, no second document. Pure; a document is
 * read-only once parsed and then safe on any thread. */
#pragma once
#include "diag.h"

enum shd_node_type { SHD_NODE_SCALAR, SHD_NODE_LIST, SHD_NODE_MAP };

struct shd_node {
	enum shd_node_type type;
	int line, col;     /* of its first character, from 1 */
	int width;         /* characters, on its first line */
	const char *text;  /* scalar: its content, NUL-terminated; else NULL */
	size_t len;
	bool quoted;       /* scalar: written in quotes or as a block */
	bool bad;          /* what it says is unknown, and was reported: nothing more is */
	size_t count;      /* list: items, map: pairs */
	const struct shd_node *items; /* list: count nodes; map: values */
	const struct shd_node *keys;  /* map: count scalar nodes, else NULL */
	const struct shd_doc *doc;
	/* private: */
	size_t at;         /* byte of the source where it, or a quoted text's content, begins */
};

struct shd_doc;

/* Parses text[0..len), keeping a copy for diagnostics. `file` is how the user
 * names it. NULL when it is not YAML; every mistake (also a duplicate key, a tab
 * used to indent) is reported to diags. A document comes back in spite of a
 * mistake that leaves the rest readable, so that one run shows everything.
 * Returns owned. */
struct shd_doc *shd_doc_parse(const char *file, const char *text, size_t len,
			      struct shd_diags *diags);
void shd_doc_destroy(struct shd_doc *doc);
void shd_doc_destroyp(struct shd_doc **doc);

/* The top node; NULL for an empty file. */
const struct shd_node *shd_doc_root(const struct shd_doc *doc);
const char *shd_doc_file(const struct shd_doc *doc);

/* A mistake was reported when it was parsed. */
bool shd_doc_flawed(const struct shd_doc *doc);

/* The value under `key` of a map, NULL when absent or not a map. */
const struct shd_node *shd_node_get(const struct shd_node *map, const char *key);

/* Whether both say the same, member by member; where they stand does not count. And a
 * number that is then the same. */
bool shd_node_same(const struct shd_node *a, const struct shd_node *b);
uint64_t shd_node_hash(const struct shd_node *node);

/* Report about a node, or about text[offset .. offset+width) inside a scalar (the
 * position is mapped back through quotes and folding as far as possible). */
void shd_node_mistake(const struct shd_node *node, struct shd_diags *diags, const char *hint,
		      const char *fmt, ...) SHD_PRINTF(4, 5);
void shd_node_mistake_at(const struct shd_node *node, size_t offset, size_t width,
			 struct shd_diags *diags, const char *hint, const char *fmt, ...)
	SHD_PRINTF(6, 7);
void shd_node_warn_at(const struct shd_node *node, size_t offset, size_t width,
		      struct shd_diags *diags, const char *hint, const char *fmt, ...)
	SHD_PRINTF(6, 7);
/* Reports the colon of "info:rating < 4", behind which the space is missing, so that a text
 * stands where a map or a key was meant (also a full-width colon, or an odd blank). False: that
 * is not what is wrong, nothing was reported. */
bool shd_node_refuse_colon(const struct shd_node *node, struct shd_diags *diags);
void shd_node_warn(const struct shd_node *node, struct shd_diags *diags, const char *hint,
		   const char *fmt, ...) SHD_PRINTF(4, 5);
