/* storehealthctl: what a person types. Reads the command line by its tables, runs
 * the command, prints what it said. */
#include "ctl.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_PRESET  "/run/storehealthd/api.sock"
#define OUTPUT_MAX_BYTES (512 << 20)

enum option_type { SWITCH, VALUE };

static const struct option {
	const char *name, *value; /* value: its name in the usage */
	enum option_type type;
	size_t offset;            /* of a bool or const char * in struct shd_ctl */
	const char *doc;
} options[] = {
	{"--all", "", SWITCH, offsetof(struct shd_ctl, all),
		"alerts: also closed ones; replay: also what is the same"},
	{"--config", "FILE", VALUE, offsetof(struct shd_ctl, config),
		"rules test: also with the stores, overrides and calendars of this configuration"},
	{"--credentials", "DIR", VALUE, offsetof(struct shd_ctl, credentials),
		"check: folder of the files that LoadCredential= names [" SHD_CONF_DIR "/secrets]"},
	{"--entity", "KIND:ID", VALUE, offsetof(struct shd_ctl, entity),
		"rules eval: the entity whose fields stand alone"},
	{"--feeds", "", SWITCH, offsetof(struct shd_ctl, feeds), "status: each endpoint"},
	{"--junit", "FILE", VALUE, offsetof(struct shd_ctl, junit),
		"rules test: also write a JUnit report"},
	{"--json", "", SWITCH, offsetof(struct shd_ctl, json), "print JSON instead of tables"},
	{"--online", "", SWITCH, offsetof(struct shd_ctl, online),
		"check: also call each store and channel"},
	{"--rules", "DIR", VALUE, offsetof(struct shd_ctl, rules),
		"replay, rules test: the rules to try, those of DIR alone [" SHD_CONF_DIR
		"/rules.d and the installed ones]"},
	{"--since", "AGE", VALUE, offsetof(struct shd_ctl, since),
		"replay: how far back, as 12h [30d]"},
	{"--socket", "PATH", VALUE, offsetof(struct shd_ctl, socket),
		"control socket of the daemon [" SOCKET_PRESET "]"},
	{"--store", "ID", VALUE, offsetof(struct shd_ctl, store),
		"alerts, replay, rules, status: of one store"},
};

static const struct {
	int code;
	const char *text;
} exits[] = {
#define X(id, code, text) {code, text},
	SHD_EXIT_MAP(X)
#undef X
};

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: storehealthctl COMMAND [OPTION...]\n\nAsks storehealthd, or checks "
		    "its configuration.\n\nCommands:\n");
	for (size_t i = 0; i < shd_command_count; i++)
		fprintf(to, "  %-13s %-7s %s\n", shd_commands[i].name, shd_commands[i].argument,
			shd_commands[i].doc);
	fprintf(to, "  %-13s %-7s %s\n\nOptions:\n", "help", "", "this text; also --help");
	for (size_t i = 0; i < SHD_COUNT(options); i++)
		fprintf(to, "  %-13s %-7s %s\n", options[i].name, options[i].value, options[i].doc);
	fprintf(to, "  %-13s %-7s %s\n\nExit codes:\n", "--version", "", "print the version");
	for (size_t i = 0; i < SHD_COUNT(exits); i++)
		fprintf(to, "  %-3d %s\n", exits[i].code, exits[i].text);
}

static void suggest(const char *word, const char *const *words, size_t count, const char *what)
{
	const char *nearest = shd_nearest(word, words, count);

	fprintf(stderr, "storehealthctl: there is no %s \"%s\"%s%s%s; see storehealthctl help\n",
		what, word, nearest ? ", did you mean " : "", nearest ? nearest : "",
		nearest ? "?" : "");
}

/* What is no option, in order. */
struct words {
	const char **items;
	size_t count;
};

/* Reads args[at]; returns how many arguments it took, 0 after a mistake. */
static int read_option(struct shd_ctl *ctl, char **args, int at)
{
	const char *names[SHD_COUNT(options)], *arg = args[at];
	size_t len = strcspn(arg, "=");

	for (size_t i = 0; i < SHD_COUNT(options); i++) {
		char *target = (char *)ctl + options[i].offset;
		const char *value = arg[len] ? arg + len + 1 : args[at + 1];

		names[i] = options[i].name;
		if (strlen(names[i]) != len || strncmp(names[i], arg, len) != 0)
			continue;
		if (options[i].type == SWITCH && !arg[len]) {
			*(bool *)(void *)target = true;
			return 1;
		}
		if (options[i].type == SWITCH || !value) {
			fprintf(stderr, "storehealthctl: %s takes %s\n", names[i],
				value ? "no value" : options[i].value);
			return 0;
		}
		*(const char **)(void *)target = value;
		return arg[len] ? 1 : 2;
	}
	suggest(arg, names, SHD_COUNT(options), "option");
	return 0;
}

/* Takes the command off the words: its name has one word, or two. */
static const struct shd_command *take_command(struct words *words)
{
	for (size_t i = 0; i < shd_command_count; i++) {
		const char *name = shd_commands[i].name, *space = strchr(name, ' ');
		size_t len = space ? (size_t)(space - name) : strlen(name);
		size_t used = space ? 2 : 1;

		if (words->count < used || strlen(words->items[0]) != len ||
			strncmp(words->items[0], name, len) != 0 ||
			(space && strcmp(words->items[1], space + 1) != 0))
			continue;
		words->items += used;
		words->count -= used;
		return &shd_commands[i];
	}
	return NULL;
}

/* True for the first word of a command that has two. */
static bool is_family(const char *word)
{
	bool family = false;

	for (size_t i = 0; i < shd_command_count; i++) {
		const char *space = strchr(shd_commands[i].name, ' ');

		family |= space && strlen(word) == (size_t)(space - shd_commands[i].name) &&
			  strncmp(shd_commands[i].name, word, strlen(word)) == 0;
	}
	return family;
}

/* A family alone: its members. */
static bool print_family(const struct words *words)
{
	if (words->count != 1 || !is_family(words->items[0]))
		return false;
	for (size_t i = 0; i < shd_command_count; i++)
		if (strncmp(shd_commands[i].name, words->items[0], strlen(words->items[0])) == 0)
			fprintf(stderr, "Usage: storehealthctl %s %s\n", shd_commands[i].name,
				shd_commands[i].argument);
	return true;
}

static void suggest_command(const struct words *words)
{
	shd_autofree const char **names = shd_xcalloc(shd_command_count, sizeof(*names));
	struct shd_text typed SHD_AUTO(shd_text_finish) = {0};

	for (size_t i = 0; i < shd_command_count; i++)
		names[i] = shd_commands[i].name;
	shd_text_init(&typed, 1 << 16);
	shd_text_puts(&typed, words->items[0]);
	if (is_family(words->items[0]) && words->count > 1)
		shd_text_printf(&typed, " %s", words->items[1]);
	suggest(typed.data, names, shd_command_count, "command");
}

/* True when the command takes so many arguments. */
static bool takes(const struct shd_command *command, size_t count)
{
	const char *argument = command->argument;
	size_t len = strlen(argument);
	bool many = len > 3 && strcmp(argument + len - 3, "...") == 0;
	bool needs = len > 0 && argument[0] != '[';

	return count >= needs && (many || count <= (len > 0));
}

static enum shd_exit run(struct shd_ctl *ctl, struct words *words)
{
	const struct shd_command *command = take_command(words);

	if (!command) {
		if (!print_family(words))
			suggest_command(words);
		return SHD_EXIT_USAGE;
	}
	if (!takes(command, words->count)) {
		fprintf(stderr, "Usage: storehealthctl %s %s\n", command->name, command->argument);
		return SHD_EXIT_USAGE;
	}
	ctl->arguments = words->items;
	ctl->argument_count = words->count;
	ctl->argument = words->count ? words->items[0] : NULL;
	enum shd_exit code = command->run(ctl);
	fwrite(ctl->out.data, 1, ctl->out.len, stdout);
	if (!shd_text_ok(&ctl->out))
		fprintf(stderr, "storehealthctl: the output is cut at %d bytes\n",
			OUTPUT_MAX_BYTES);
	if (fflush(stdout) != 0)
		return SHD_EXIT_NO;
	return code;
}

int main(int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	struct shd_ctl ctl = {.socket = SOCKET_PRESET,
		.colour = isatty(STDOUT_FILENO) && !(no_color && *no_color)};
	shd_autofree const char **items = shd_xcalloc((size_t)argc + 1, sizeof(*items));
	struct words words = {.items = items};
	bool help = false;

	for (int at = 1, took; at < argc; at += took) {
		took = 1;
		if (strcmp(argv[at], "--version") == 0) {
			puts("storehealthctl " SHD_VERSION);
			return SHD_EXIT_OK;
		}
		if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
			help = true;
		else if (argv[at][0] == '-' && argv[at][1])
			took = read_option(&ctl, argv, at);
		else
			words.items[words.count++] = argv[at];
		if (!took)
			return SHD_EXIT_USAGE;
	}
	help |= words.count && strcmp(words.items[0], "help") == 0;
	if (!words.count || help) {
		print_usage(help ? stdout : stderr);
		return help ? SHD_EXIT_OK : SHD_EXIT_USAGE;
	}
	shd_text_init(&ctl.out, OUTPUT_MAX_BYTES);
	enum shd_exit code = run(&ctl, &words);
	shd_text_finish(&ctl.out);
	return (int)code;
}
