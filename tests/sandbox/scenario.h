/* sandbox/scenario.h - a YAML file becomes stores, a timeline and faults.
 *
 *   rate: 50                 requests a store may make in a second
 *   cursor_ttl: 10m
 *   smtp: {user: u, password: p}
 *   webhook: {secret: whsec_...}
 *   stores:
 *     - client_id: "1001"    also api_key, name, tariff, reviews, roles, rate,
 *                            expires_at, state, count (that many stores alike), churn (5%: share
 *                            of the records that changes from one poll to the next)
 *       timeline:
 *         - {at: -3d, order: {posting_number: 1-1-1, sku: 7, ship_by: +20h}}
 *         - {at: -3d, repeat: 9, every: 1h, order: {posting_number: 1-#-1, ...}}
 *   faults:
 *     - {do: throttled, path: /v4/posting*, from: 20s, to: 30s, retry_after: 2}
 *
 * All times count from the start of the sandbox. An entry says what happens by the
 * kind of thing (world/kinds.def) and its members by Ozon's names; a second entry with the
 * same id changes it. "store" changes the account, "remove: {order: 1-1-1}" takes a
 * thing away. With repeat, # is the number of the copy and times shift by every; keep
 * names the only members a new object has. */
#pragma once
#include "conf/node.h"
#include "faces/ozon/ozon.h"
#include "sinks/sink.h"

/* Reads the stores into ozon's sandbox, the faults into its faults, and what the
 * sinks expect. Reports every mistake to diags with file:line:col; false when there was
 * one. */
bool shd_scenario_read(const char *file, const char *text, size_t len, struct shd_ozon *ozon,
		       struct shd_sink_settings *ret_sinks, struct shd_diags *diags);
