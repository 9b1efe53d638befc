/* Credentials that several sources share. A name says nothing of the marketplace: whose
 * credential it is tells the first source that names it, and its table is applied then. */
#include "base/table.h"
#include "conf/value.h"
#include "market/adapter.h"
#include "sections.h"
#include "tables.h"

#include <string.h>

struct shd_named_credential {
	struct shd_credential credential; /* adapter NULL: nobody has named it */
	const struct shd_egress *egress;
	const struct shd_node *node;     /* its name */
	const struct shd_node *map;
	const struct shd_node *named_by; /* the first source that does */
	bool is_used;
	UT_hash_handle hh; /* by id */
};

static struct shd_named_credential *find(const struct shd_build *build, const char *id)
{
	struct shd_named_credential *found;

	HASH_FIND_STR(build->credential_table, id, found);
	return found;
}

void shd_credentials_build(struct shd_build *build, const struct shd_node *node)
{
	if (!node || (node->type == SHD_NODE_SCALAR && !node->len))
		return;
	if (node->type != SHD_NODE_MAP) {
		shd_node_mistake(node, build->diags, "write NAME: {...}",
			"`credentials` must be a map of names");
		return;
	}
	build->credential_count = node->count;
	build->credentials = shd_build_take(build, node->count, sizeof(*build->credentials));
	for (size_t i = 0; i < node->count; i++) {
		const struct shd_node *name = &node->keys[i];
		struct shd_named_credential *named = &build->credentials[i];

		shd_build_key(build, name, "credential");
		*named = (struct shd_named_credential){.node = name,
			.map = &node->items[i],
			.credential.id = shd_build_text(build, name->text, name->len)};
		if (!find(build, named->credential.id))
			HASH_ADD_KEYPTR(hh, build->credential_table, named->credential.id,
				strlen(named->credential.id), named);
	}
}

static void refuse_unknown(struct shd_build *build, const struct shd_node *node)
{
	const char **names shd_autofree = shd_xcalloc(build->credential_count + 1, sizeof(*names));
	struct shd_complaint complaint = {0};

	for (size_t i = 0; i < build->credential_count; i++)
		names[i] = build->credentials[i].credential.id;
	shd_complain_word(&complaint, node->text, names, build->credential_count,
		"no credential is called");
	shd_node_mistake(node, build->diags,
		complaint.hint[0] ? complaint.hint : "name it in `credentials`", "%s",
		complaint.text);
}

static void read_credential(struct shd_build *build, struct shd_named_credential *named,
	const struct shd_source *source, const struct shd_node *source_map)
{
	const struct shd_adapter *adapter = source->adapter;
	const struct shd_node *map = named->map;
	struct shd_source_parts parts = {.rate_per_s = adapter->rate_per_s};
	void *settings = shd_build_take(build, 1, adapter->credential_size);
	const struct shd_option_use uses[] = {
		{shd_credential_options, shd_credential_option_count, &parts},
		shd_build_use(adapter->credential_options, adapter->credential_option_count,
			settings),
	};

	named->named_by = source_map;
	named->credential.adapter = adapter;
	named->credential.settings = settings;
	shd_options_apply_all(
		map, uses, SHD_COUNT(uses), "a credential", build->settings->arena, build->diags);
	named->credential.rate_per_s = parts.rate_per_s;
	shd_source_check_rate(build, source, &named->credential, map);
	named->egress = shd_source_read_egress(build, source, parts.egress);
}

/* What belongs to the credential stands there, not beside its name. */
static void refuse_own(struct shd_build *build, const struct shd_adapter *adapter,
	const struct shd_node *map, const char *name)
{
	const struct {
		const struct shd_option *rows;
		size_t count;
	} tables[] = {{shd_credential_options, shd_credential_option_count},
		{adapter->credential_options, adapter->credential_option_count}};

	for (size_t t = 0; t < SHD_COUNT(tables); t++)
		for (size_t i = 0; i < tables[t].count; i++) {
			const struct shd_node *own = shd_node_get(map, tables[t].rows[i].name);

			if (own)
				shd_node_mistake(own, build->diags, "write it there, or leave out "
					"`credential`", "`%s` belongs to the credential `%s`",
					tables[t].rows[i].name, name);
		}
}

void shd_credentials_use(struct shd_build *build, struct shd_source *source,
	const struct shd_node *map)
{
	const struct shd_node *node = shd_node_get(map, "credential");
	const struct shd_adapter *adapter = source->adapter;

	if (!node || node->type != SHD_NODE_SCALAR || !node->len)
		return;
	struct shd_named_credential *named = find(build, node->text);
	if (!named) {
		refuse_unknown(build, node);
		return;
	}
	named->is_used = true;
	if (!adapter)
		return; /* which is reported */
	if (!named->credential.adapter)
		read_credential(build, named, source, map);
	refuse_own(build, adapter, map, named->credential.id);
	if (named->credential.adapter != adapter) {
		shd_node_mistake(node, build->diags, NULL,
			"the credential `%s` is one of %s (line %d), this is %s",
			named->credential.id, named->credential.adapter->name,
			named->named_by->line, adapter->name);
		return;
	}
	source->credential = &named->credential;
	source->egress = named->egress;
}

void shd_credentials_check(struct shd_build *build)
{
	const struct shd_settings *settings = build->settings;

	for (size_t i = 0; i < build->credential_count; i++) {
		const struct shd_named_credential *named = &build->credentials[i];

		if (!named->is_used)
			shd_node_warn(named->node, build->diags,
				"name it in a store: `credential: NAME`",
				"nobody uses the credential `%s`", named->credential.id);
	}
	for (size_t i = 0; i < settings->source_count; i++) {
		const struct shd_source *source = &settings->sources[i];
		const struct shd_named_credential *named =
			source->id ? find(build, source->credential->id) : NULL;

		if (named && source->credential != &named->credential)
			shd_node_mistake(named->node, build->diags, "choose another name",
				"`%s` is also the name of a store or carrier with a "
				"credential of its own", named->credential.id);
	}
	HASH_CLEAR(hh, build->credential_table);
}
