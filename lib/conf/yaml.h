/* conf/yaml.h - what the reader of YAML (yaml.c) and node.c share. Private to conf/. */
#pragma once
#include "input.h"

struct shd_doc;

/* The text a document was read from; lives as long as it. */
const struct shd_input *shd_doc_input(const struct shd_doc *doc);
