/* Any bytes as a configuration file: read, merged with itself, built, printed. */
#include "settings/settings.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reports at every place of every scalar, so that the way back to the source is
 * walked as well. */
static void visit(const struct shd_node *node, struct shd_diags *diags)
{
	if (node->type == SHD_NODE_SCALAR) {
		shd_assert(strlen(node->text) <= node->len);
		for (size_t at = 0; at <= node->len && at < 64; at++)
			shd_node_mistake_at(node, at, 2, diags, NULL, "here");
		return;
	}
	shd_node_warn(node, diags, "a hint", "a %s", "list");
	for (size_t i = 0; i < node->count; i++) {
		if (node->keys)
			shd_assert(shd_node_get(node, node->keys[i].text));
		visit(&node->items[i], diags);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SHD_AUTO(shd_diags_destroyp) struct shd_diags *diags = shd_diags_create(100);
	SHD_AUTO(shd_text_finish) struct shd_text out = {0};
	struct shd_doc *docs[2];
	size_t count = 0;

	shd_text_init(&out, 16 << 20);
	for (int i = 0; i < 2; i++) {
		docs[count] = shd_doc_parse(i ? "b" : "a", (const char *)data, size, diags);
		if (docs[count] && shd_doc_root(docs[count]) && size < 4096)
			visit(shd_doc_root(docs[count]), diags);
		count += docs[count] != NULL;
	}
	shd_settings_destroy(shd_settings_build(docs, count, NULL, diags));
	shd_diags_print(diags, &out);
	shd_assert(shd_text_ok(&out));
	return 0;
}
