#include "narrator.h"

#include "message/plain.h"

void shd_narrate_finding(const struct shd_transition *moved, struct shd_text *out)
{
	const struct shd_facts *facts = &moved->facts;

	if (!moved->unwatched)
		shd_wording_finding(&facts->value, &facts->limit, facts->due, facts->at, out);
	if (!out->len && moved->why)
		shd_text_puts(out, moved->why);
}
