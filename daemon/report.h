/* daemon/report.h - what happened, put into words for the journal.
 *
 * Changes are told at their priority, repeats go to debug with a count. Any thread. */
#pragma once
#include "deliver.h"
#include "polls.h"

void shd_report_polled(const struct shd_polled *what);
void shd_report_moved(const struct shd_moved *moved);
void shd_report_delivered(const struct shd_delivered *what);
/* err NULL: the state works again. */
void shd_report_state(const struct shd_error *err);
/* Every mistake and warning of a configuration, a message each. */
void shd_report_diags(const struct shd_diags *diags);
