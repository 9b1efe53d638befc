#include "narrator.h"

#include "message/plain.h"

void shd_narrate_finding(const struct shd_transition *transition, struct shd_text *out)
{
	const struct shd_facts *facts = &transition->facts;

	if (!transition->unwatched)
		shd_wording_finding(&facts->value, &facts->limit, facts->due, facts->at, out);
	if (!out->len && transition->why)
		shd_text_puts(out, transition->why);
}
