#include "yaml.h"
#include "node.h"
#include "yaml_words.h"

#include <libfyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX = 4 << 20,
	NODES_MAX = 200000, /* keys not counted */
	DEPTH_MAX = 32,
	ROUNDS_MAX = 20, /* of reading a file with mistakes */
	ARENA_MAX = 64 << 20, /* cannot be reached: 200 000 nodes and 4 MB of texts */
};

struct shd_doc {
	struct shd_input input;
	struct shd_arena *arena;
	struct shd_node *root; /* NULL: empty file */
	bool flawed;
};

/* A finished node and what it takes to repeat it through an alias. */
struct made {
	struct shd_node node;
	size_t weight; /* nodes in it, itself included */
	int height;    /* levels below it */
};

/* A list or map that is not yet closed. Keys and values of a map alternate. */
struct frame {
	struct made made;
	struct shd_node *children;
	size_t count, capacity;
	char *anchor; /* or NULL */
	bool flow;    /* written in brackets */
};

struct anchor {
	char *name;
	struct made made;
};

struct reader {
	struct shd_doc *doc;
	struct shd_diags *diags;
	struct frame frames[DEPTH_MAX];
	int depth;
	struct anchor *anchors;
	size_t anchor_count, anchor_capacity;
	struct shd_node blank; /* stands for what could not be read */
	size_t nodes;          /* values, aliases counted in full */
	size_t seen;           /* end of the last text */
	size_t documents;
	int star_line;         /* of the last * that stands for nothing */
	const char *text;      /* the input without what was wrong in earlier rounds */
	const bool *gone;      /* by line: it was taken out whole */
	bool again;            /* not the first round: what is absent may have been there */
	int stopped; /* the line that cannot be read, 0: none */
	bool broken; /* what follows makes no sense */
};

static void mistake(struct reader *reader, size_t at, size_t end, const char *hint,
		    const char *fmt, ...) SHD_PRINTF(5, 6);
static void mistake(struct reader *reader, size_t at, size_t end, const char *hint,
		    const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	reader->doc->flawed = true;
	shd_input_report(
		&reader->doc->input, at, end, SHD_MISTAKE, hint, text, reader->diags);
}

/* The same, and the reader stops. */
#define stop_with(reader, at, end, hint, ...)                                                      \
	do {                                                                                       \
		mistake(reader, at, end, hint, __VA_ARGS__);                                       \
		(reader)->broken = true;                                                           \
	} while (0)

static struct shd_node node_at(struct reader *reader, enum shd_node_type type, size_t at,
			       size_t end)
{
	const struct shd_input *input = &reader->doc->input;
	struct shd_node node = {.type = type, .doc = reader->doc, .at = at};

	shd_input_place(input, at, &node.line, &node.col);
	for (size_t i = at; i < end && !strchr("\r\n", input->text[i]); node.width++)
		shd_utf8_next(input->text, input->len, &i);
	if (node.width == 0)
		node.width = 1;
	return node;
}

static struct frame *top(struct reader *reader)
{
	return reader->depth > 0 ? &reader->frames[reader->depth - 1] : NULL;
}

static bool wants_key(const struct frame *frame)
{
	return frame && frame->made.node.type == SHD_NODE_MAP && frame->count % 2 == 0;
}

/* Puts a finished node where it belongs. */
static void place(struct reader *reader, const struct made *made, char *anchor)
{
	struct frame *frame = top(reader);

	if (anchor) {
		shd_grow(reader->anchors, reader->anchor_count, reader->anchor_capacity);
		reader->anchors[reader->anchor_count++] =
			(struct anchor){.name = anchor, .made = *made};
	}
	if (!frame) {
		reader->doc->root = shd_arena_alloc(reader->doc->arena, 1, sizeof(made->node));
		shd_assert(reader->doc->root);
		*reader->doc->root = made->node;
		return;
	}
	if (wants_key(frame) && made->node.type != SHD_NODE_SCALAR) {
		stop_with(reader, made->node.at, made->node.at + 1, NULL,
			"a key must be a text, not a %s",
			made->node.type == SHD_NODE_MAP ? "map" : "list");
		return;
	}
	shd_grow(frame->children, frame->count, frame->capacity);
	frame->children[frame->count++] = made->node;
	frame->made.weight += made->weight;
	if (frame->made.height <= made->height)
		frame->made.height = made->height + 1;
}

static bool count_nodes(struct reader *reader, size_t more, size_t at)
{
	reader->nodes += more;
	if (reader->nodes <= NODES_MAX)
		return true;
	stop_with(reader, at, at + 1, "split the file, or use fewer aliases",
		"more than %d values in one file", NODES_MAX);
	return false;
}

static char *anchor_name(struct fy_token *token)
{
	size_t len = 0;
	const char *text = token ? fy_token_get_text(token, &len) : NULL;

	return text ? shd_xstrndup(text, len) : NULL;
}

static void refuse_tag(struct reader *reader, struct fy_token *tag)
{
	const struct fy_mark *from = tag ? fy_token_start_mark(tag) : NULL;
	const struct fy_mark *to = tag ? fy_token_end_mark(tag) : NULL;

	if (from && to)
		mistake(reader, from->input_pos, to->input_pos,
			"a text that begins with ! needs quotes", "YAML tags are not used here");
}

/* The next line that begins with a dash; where the last text ends when there is none. */
static size_t next_dash(const struct reader *reader)
{
	const struct shd_input *input = &reader->doc->input;
	const char *line = input->text + reader->seen;

	while ((line = strchr(line, '\n'))) {
		line++;
		line += strspn(line, " ");
		if (line[0] == '-' && strchr(" \t\r\n", line[1]))
			return (size_t)(line - input->text);
	}
	return reader->seen;
}

/* Where an absent value would stand: behind its key, or its dash. */
static struct shd_node absent_value(struct reader *reader)
{
	struct frame *frame = top(reader);
	struct shd_node node;

	if (frame && frame->made.node.type == SHD_NODE_MAP && frame->count > 0) {
		node = frame->children[frame->count - 1];
		node.quoted = false;
		node.len = 0;
	} else {
		size_t at = frame ? next_dash(reader) : 0;

		node = node_at(reader, SHD_NODE_SCALAR, at, at + 1);
		reader->seen = at < reader->doc->input.len ? at + 1 : at;
	}
	node.text = "";
	node.bad = reader->again;
	return node;
}

/* The marks of a quoted text are inside its quotes, those of a block at the
 * start of its first line. */
static struct shd_node scalar_node(struct reader *reader, struct fy_token *token)
{
	const struct fy_mark *from = fy_token_start_mark(token), *to = fy_token_end_mark(token);

	if (!from || !to)
		return absent_value(reader);
	const char *input = reader->doc->input.text;
	enum fy_scalar_style style = fy_token_scalar_style(token);
	bool quotes = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	size_t at = from->input_pos, end = to->input_pos, len = 0;

	reader->seen = end;
	if (style == FYSS_LITERAL || style == FYSS_FOLDED) {
		while (at < end && strchr(" \t\r\n", input[at]))
			at++;
	}
	struct shd_node node = node_at(reader, SHD_NODE_SCALAR, at - quotes, end + quotes);
	node.at = at;
	node.quoted = style != FYSS_PLAIN;
	const char *text = fy_token_get_text(token, &len);
	node.text = shd_arena_text(reader->doc->arena, text ? text : "", text ? len : 0);
	shd_assert(node.text);
	node.len = len;
	if (memchr(node.text, '\0', len))
		mistake(reader, at, end, NULL, "a text cannot hold the character \\0");
	return node;
}

static void add_scalar(struct reader *reader, const struct fy_event *event)
{
	struct made made = {.node = scalar_node(reader, event->scalar.value), .weight = 1};

	if (wants_key(top(reader)))
		made.weight = 0; /* its value is counted */
	refuse_tag(reader, event->scalar.tag);
	if (wants_key(top(reader)) || count_nodes(reader, 1, made.node.at))
		place(reader, &made, anchor_name(event->scalar.anchor));
}

static void add_alias(struct reader *reader, struct fy_event *event)
{
	const struct fy_mark *from = fy_event_start_mark(event), *to = fy_event_end_mark(event);
	size_t at = from ? from->input_pos : 0, end = to ? to->input_pos : 0;
	char *name shd_autofree = anchor_name(event->alias.anchor);
	const struct anchor *anchor = NULL;

	for (size_t i = reader->anchor_count; i > 0 && !anchor; i--) {
		if (name && strcmp(reader->anchors[i - 1].name, name) == 0)
			anchor = &reader->anchors[i - 1];
	}
	reader->seen = end;
	size_t from_star = at > 0 && reader->doc->input.text[at] != '*' ? at - 1 : at;
	struct made made;
	if (!anchor) {
		mistake(reader, from_star, end, "a text that begins with * needs quotes",
			"`*%s` stands for a value marked `&%s`, and there is none above",
			name ? name : "", name ? name : "");
		made = (struct made){
			.node = node_at(reader, SHD_NODE_SCALAR, at, end), .weight = 1};
		made.node.text = "";
		made.node.bad = true;
		reader->star_line = made.node.line;
	} else {
		made = anchor->made;
	}
	if (reader->depth + made.height >= DEPTH_MAX)
		stop_with(reader, from_star, end, NULL, "nested deeper than %d levels", DEPTH_MAX);
	else if (count_nodes(reader, made.weight, from_star))
		place(reader, &made, NULL);
}

static void open_frame(struct reader *reader, enum shd_node_type type, struct fy_event *event,
		       struct fy_token *anchor, struct fy_token *tag)
{
	const struct fy_mark *from = fy_event_start_mark(event), *to = fy_event_end_mark(event);
	size_t at = from ? from->input_pos : 0, end = to ? to->input_pos : at;

	refuse_tag(reader, tag);
	if (reader->depth >= DEPTH_MAX) {
		stop_with(reader, at, at + 1, NULL, "nested deeper than %d levels", DEPTH_MAX);
		return;
	}
	if (!count_nodes(reader, 1, at))
		return;
	reader->frames[reader->depth++] = (struct frame){
		.made = {.node = node_at(reader, type, at, end), .weight = 1},
		.anchor = anchor_name(anchor),
		.flow = end > at,
	};
}

static int by_text_then_place(const void *a, const void *b)
{
	const struct shd_node *const *x = a, *const *y = b;
	int order = strcmp((*x)->text, (*y)->text);

	return order ? order : ((*x)->at > (*y)->at) - ((*x)->at < (*y)->at);
}

static void refuse_duplicate_keys(struct reader *reader, const struct shd_node *map)
{
	const struct shd_node **sorted shd_autofree = shd_xcalloc(map->count, sizeof(*sorted));

	for (size_t i = 0; i < map->count; i++)
		sorted[i] = &map->keys[i];
	qsort(sorted, map->count, sizeof(*sorted), by_text_then_place);
	for (size_t i = 1, first = 0; i < map->count; i++) {
		if (strcmp(sorted[first]->text, sorted[i]->text) != 0) {
			first = i;
			continue;
		}
		reader->doc->flawed = true;
		shd_node_mistake(sorted[i], reader->diags, NULL,
			"`%s` is given twice, first in line %d", sorted[i]->text,
			sorted[first]->line);
	}
}

/* A line from `first` on, up to the one where `event` stands, was taken out. */
static bool lost_lines(struct reader *reader, int first, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	const struct shd_input *input = &reader->doc->input;
	int last, col;

	if (!reader->again)
		return false;
	shd_input_place(input, mark ? mark->input_pos : input->len, &last, &col);
	for (int line = first; line <= last; line++)
		if (reader->gone[line])
			return true;
	return false;
}

static void close_frame(struct reader *reader, struct fy_event *event)
{
	struct frame frame = reader->frames[--reader->depth];
	struct shd_node *node = &frame.made.node;
	bool map = node->type == SHD_NODE_MAP;
	size_t count = map ? frame.count / 2 : frame.count;
	struct shd_node *items = shd_arena_alloc(reader->doc->arena, count, sizeof(*items));
	struct shd_node *keys =
		map ? shd_arena_alloc(reader->doc->arena, count, sizeof(*keys)) : NULL;

	shd_assert(items && (keys || !map));
	for (size_t i = 0; i < count; i++) {
		items[i] = frame.children[map ? 2 * i + 1 : i];
		if (map)
			keys[i] = frame.children[2 * i];
	}
	free(frame.children);
	node->count = count;
	node->items = items;
	node->keys = keys;
	node->bad = lost_lines(reader, node->line, event);
	if (map && !node->bad) /* else two maps may have become one */
		refuse_duplicate_keys(reader, node);
	/* A map without brackets is known by its first key. */
	if (map && count > 0 && !frame.flow)
		node->width = keys[0].width;
	place(reader, &frame.made, frame.anchor);
}

static void take_event(struct reader *reader, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (++reader->documents > 1) {
			const struct fy_mark *mark = fy_event_start_mark(event);
			size_t at = mark ? mark->input_pos : 0;

			stop_with(reader, at, at + 3, NULL, "a file holds one document only");
		}
		break;
	case FYET_MAPPING_START:
		open_frame(reader, SHD_NODE_MAP, event, event->mapping_start.anchor,
			event->mapping_start.tag);
		break;
	case FYET_SEQUENCE_START:
		open_frame(reader, SHD_NODE_LIST, event, event->sequence_start.anchor,
			event->sequence_start.tag);
		break;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		close_frame(reader, event);
		break;
	case FYET_SCALAR:
		add_scalar(reader, event);
		break;
	case FYET_ALIAS:
		add_alias(reader, event);
		break;
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		break;
	}
}

/* What libfyaml found wrong, in words that help. */
static void take_errors(struct reader *reader, struct fy_diag *diag)
{
	const struct frame *frame = NULL;
	struct fy_diag_error *error;
	void *at = NULL;

	for (int i = reader->depth; i > 0 && !frame; i--)
		frame = reader->frames[i - 1].flow ? &reader->frames[i - 1] : NULL;
	while ((error = fy_diag_errors_iterate(diag, &at))) {
		const struct fy_mark *mark = error->fyt ? fy_token_start_mark(error->fyt) : NULL;
		size_t where = mark ? mark->input_pos : reader->doc->input.len;
		int line, col;

		shd_input_place(&reader->doc->input, where, &line, &col);
		reader->stopped = line;
		if (line != reader->star_line) /* else it is the same slip, and told */
			shd_yaml_explain(&reader->doc->input, error->msg, where,
				frame ? &frame->made.node.at : NULL, reader->diags);
		reader->broken = true;
	}
}

/* libfyaml reports to its diag object only: it never writes to stderr. */
static void read_events(struct reader *reader)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_event *event;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	shd_assert(diag);
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 |
			 FYPCF_JSON_NONE,
		.diag = diag,
	};
	struct fy_parser *parser = fy_parser_create(&cfg);
	shd_assert(parser);
	shd_assert(fy_parser_set_string(
			   parser, reader->text, reader->doc->input.len) == 0);
	while (!reader->broken && (event = fy_parser_parse(parser))) {
		take_event(reader, event);
		fy_parser_event_free(parser, event);
	}
	if (!reader->broken) {
		take_errors(reader, diag);
		if (!reader->broken && fy_parser_get_stream_error(parser))
			stop_with(reader, 0, 1, NULL, "this is not YAML");
	}
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
}

static void finish_reader(struct reader *reader)
{
	while (reader->depth > 0) {
		struct frame *frame = &reader->frames[--reader->depth];

		free(frame->children);
		free(frame->anchor);
	}
	for (size_t i = 0; i < reader->anchor_count; i++)
		free(reader->anchors[i].name);
	free(reader->anchors);
}

/* Reads the document; after a mistake that ends it, again without what is wrong, so that all
 * mistakes are told. What was told already is not told twice. False: the rest cannot be read. */
static bool read_rounds(struct shd_doc *doc, struct shd_diags *diags)
{
	size_t len = doc->input.len;
	int lines, col;

	shd_input_place(&doc->input, len, &lines, &col);
	char *text shd_autofree = shd_xcalloc(len + 1, 1);
	bool *gone shd_autofree = shd_xcalloc((size_t)lines + 2, sizeof(*gone));
	memcpy(text, doc->input.text, len);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct reader reader = {
			.doc = doc, .diags = diags, .text = text, .gone = gone, .again = round > 0};

		doc->arena = shd_arena_create(ARENA_MAX);
		read_events(&reader);
		finish_reader(&reader);
		if (!reader.broken)
			return true;
		doc->flawed = true;
		if (!shd_yaml_blank(&doc->input, reader.stopped, text, gone))
			return false;
		shd_arena_destroy(shd_steal(doc->arena));
		doc->root = NULL;
	}
	return false;
}

struct shd_doc *shd_doc_parse(const char *file, const char *text, size_t len,
			      struct shd_diags *diags)
{
	if (len > FILE_MAX) {
		char what[64];

		snprintf(what, sizeof(what), "larger than %d MB", FILE_MAX >> 20);
		struct shd_diag diag = {.severity = SHD_MISTAKE, .file = file, .text = what};
		shd_diags_add(diags, &diag);
		return NULL;
	}
	SHD_AUTO(shd_doc_destroyp) struct shd_doc *doc = shd_xcalloc(1, sizeof(*doc));

	shd_input_init(&doc->input, file, text, len);
	if (!shd_yaml_characters(&doc->input, diags))
		return NULL;
	return doc->input.len == 0 || read_rounds(doc, diags) ? shd_steal(doc) : NULL;
}

void shd_doc_destroy(struct shd_doc *doc)
{
	if (!doc)
		return;
	shd_input_finish(&doc->input);
	shd_arena_destroy(doc->arena);
	free(doc);
}

void shd_doc_destroyp(struct shd_doc **doc)
{
	shd_doc_destroy(*doc);
}

const struct shd_node *shd_doc_root(const struct shd_doc *doc)
{
	return doc->root;
}

bool shd_doc_flawed(const struct shd_doc *doc)
{
	return doc->flawed;
}

const char *shd_doc_file(const struct shd_doc *doc)
{
	return doc->input.file;
}

const struct shd_input *shd_doc_input(const struct shd_doc *doc)
{
	return &doc->input;
}
