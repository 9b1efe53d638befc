/* app/journal_narrator.h - what happened, put into words for the journal.
 *
 * Changes are told at their priority, repeats go to debug with a count. Any thread. */
#pragma once
#include "deliver/deliver.h"
#include "poll/scheduler.h"

void shd_narrate_polled(const struct shd_polled *what);
void shd_narrate_transition(const struct shd_transition *moved);
void shd_narrate_delivered(const struct shd_delivered *what);
/* err NULL: the state works again. */
void shd_narrate_state(const struct shd_error *err);
/* Every mistake and warning of a configuration, a message each. */
void shd_narrate_diags(const struct shd_diags *diags);
