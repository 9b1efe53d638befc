/* config/config.h - reads the configuration folder and resolves secrets.
 *
 * One value holds everything that a reload replaces. Reads files: call it at start
 * and from a pool job, not from the loop. */
#pragma once
#include "message/message.h"
#include "rule/rule.h"
#include "settings/settings.h"

struct shd_config {
	const char *dir;                 /* folder of storehealthd.yaml */
	struct shd_settings *settings;
	struct shd_rules *rules;
	struct shd_word_lists *word_lists;
	struct shd_phrasebook *book;
	/* private: */
	struct shd_config_holds *holds;
	struct shd_secrets *secrets;
};

/* Reads `path` (storehealthd.yaml), conf.d/, rules.d/, words.d/, texts/ beside it
 * and every secret that is named. The installed rules, words and texts in
 * SHD_DATA_DIR ($STOREHEALTHD_DATA_DIR instead, where it is set) are read as well;
 * a file beside the configuration takes the place of the installed one of the same
 * name. All mistakes of all files go to diags; NULL when there is one. Returns
 * owned. */
struct shd_config *shd_config_load(const char *path, struct shd_diags *diags);
/* Reads rules and word lists only, to try them: rules_dir and the words.d beside it (NULL: those
 * of SHD_CONF_DIR), and the installed ones, as shd_config_load does. Everything else of the
 * value is empty. NULL when diags got a mistake. Returns owned. */
struct shd_config *shd_config_load_rules(const char *rules_dir, struct shd_diags *diags);
/* Reads `path` and conf.d/ for the stores, overrides and calendars, the words and rules as
 * the daemon would, with rules_dir (NULL: as it is) in place of rules.d, to try them on these
 * stores. No secrets, no texts. NULL when diags got a mistake. Returns owned. */
struct shd_config *shd_config_load_trial(const char *path, const char *rules_dir,
					 struct shd_diags *diags);
/* Appends the path of the state database. */
void shd_config_state_path(const struct shd_settings *settings, struct shd_text *out);
/* Wipes the secrets. While somebody holds it, it goes with the last release. */
void shd_config_destroy(struct shd_config *config);

/* Lets a configuration that a reload replaces live on while the pool reads it. Loop
 * thread only; each hold has its release. */
void shd_config_hold(const struct shd_config *config);
void shd_config_release(const struct shd_config *config);

/* The secret behind a reference of this configuration; signature fits
 * shd_adapter.request and shd_notifier.render with ctx = config. Never NULL for a
 * reference that was loaded without a mistake. Any thread. */
const struct shd_secret *shd_config_secret(void *config, const struct shd_secret_ref *ref);

/* Some message as the channel would send it, for its address and its password; its text goes
 * nowhere. The caller has initialised ret_envelope->http. Any thread. */
SHD_MUST_USE bool shd_config_render_sample(const struct shd_config *config,
					   const struct shd_channel_settings *channel,
					   struct shd_wall now, struct shd_arena *arena,
					   struct shd_envelope *ret_envelope,
					   struct shd_error *reterr);

/* What the judge takes of it, borrowed; `stored` is to be added. */
struct shd_judge_in shd_config_for_judge(const struct shd_config *config);
