#include "narrator.h"

#include "host/clock.h"
#include "message/plain.h"

void shd_narrate_finding(const struct shd_transition *transition, struct shd_text *out)
{
	const struct shd_facts *facts = &transition->facts;
	char due[SHD_CLOCK_TEXT];

	if (!transition->unwatched)
		shd_wording_finding(&facts->value, &facts->limit, facts->due,
			shd_clock_text(facts->due, facts->at, due), facts->at, out);
	if (!out->len && transition->why)
		shd_text_puts(out, transition->why);
}
