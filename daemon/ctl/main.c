/* storehealthctl: parses the command line by the tables of options and commands, runs the command,
 * prints its output. */
#include "ctl.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SOCKET_DEFAULT  "/run/storehealthd/api.sock"
#define OUTPUT_MAX_BYTES (512 << 20)

enum option_type { OPTION_FLAG, OPTION_VALUE };

static const struct {
	const char *name, *value; /* value: its name in the usage */
	enum option_type type;
	size_t offset;            /* of a bool or const char * in struct shd_ctl */
	const char *of;           /* the commands that take it, or their first word; NULL: all */
	const char *doc;
} options[] = {
#define FLAG(name, member, of, doc)                                                                \
	{name, "", OPTION_FLAG, offsetof(struct shd_ctl, member), of, doc}
#define VALUE(name, value, member, of, doc)                                                        \
	{name, value, OPTION_VALUE, offsetof(struct shd_ctl, member), of, doc}
	VALUE("--after", "ID", after, "entities", "those behind this id, of one store"),
	FLAG("--all", all, "alerts, entities, replay",
		"also closed ones; of replay: also what is the same"),
	VALUE("--config", "FILE", config, "rules test",
		"also with the stores, overrides and calendars of this configuration"),
	VALUE("--credentials", "DIR", credentials, "check",
		"folder of the files that LoadCredential= names [" SHD_CONF_DIR "/secrets]"),
	VALUE("--entity", "KIND:ID", entity, "rules eval", "the entity whose fields stand alone"),
	FLAG("--feeds", feeds, "status", "each endpoint"),
	VALUE("--junit", "FILE", junit, "rules test", "also write a JUnit report"),
	FLAG("--json", json, NULL, "print JSON instead of tables"),
	VALUE("--max", "N", max, "entities", "at most so many, 1 to 1000 [100]"),
	FLAG("--online", online, "check", "also call each store and channel"),
	VALUE("--rules", "DIR", rules, "replay, rules test",
		"the rules to try, with the installed ones as DIR leaves them "
		"[" SHD_CONF_DIR "/rules.d]"),
	VALUE("--since", "AGE", since, "replay", "how far back, as 12h [30d]"),
	VALUE("--socket", "PATH", socket, NULL,
		"control socket of the daemon [" SOCKET_DEFAULT "]"),
	VALUE("--store", "ID", store, "alerts, entities, replay, rules, show, status",
		"of one store"),
#undef FLAG
#undef VALUE
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
		fprintf(to, "  %-15s %-9s %s\n", shd_commands[i].name, shd_commands[i].argument,
			shd_commands[i].doc);
	fprintf(to, "  %-15s %-9s %s\n\nOptions:\n", "help", "", "this text; also --help");
	for (size_t i = 0; i < SHD_COUNT(options); i++)
		fprintf(to, "  %-15s %-9s %s%s%s\n", options[i].name, options[i].value,
			options[i].of ? options[i].of : "", options[i].of ? ": " : "",
			options[i].doc);
	fprintf(to, "  %-15s %-9s %s\n\nExit codes:\n", "--version", "", "print the version");
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

/* The arguments that are no options, in order: the command and its own arguments. */
struct arguments {
	const char **items;
	size_t count;
};

/* What getopt_long returns: a non-option argument, -h, --version, or OPTION plus the row of the
 * table. */
enum { ARGUMENT = 1, HELP = 'h', VERSION = 256, OPTION };

static void suggest_option(const char *typed)
{
	const char *names[SHD_COUNT(options)];

	for (size_t i = 0; i < SHD_COUNT(options); i++)
		names[i] = options[i].name;
	suggest(typed, names, SHD_COUNT(options), "option");
}

/* getopt_long accepts `--sto` for --store; we want the full name. */
static bool is_full_name(const char *typed, const char *name)
{
	size_t len = strcspn(typed, "=");

	return len == strlen(name) + 2 && strncmp(typed + 2, name, len - 2) == 0;
}

static void set_option(struct shd_ctl *ctl, size_t row)
{
	char *target = (char *)ctl + options[row].offset;

	if (options[row].type == OPTION_FLAG)
		*(bool *)(void *)target = true;
	else
		*(const char **)(void *)target = optarg;
}

/* Converts the table for getopt_long; the last row stays empty. */
static void fill_getopt_table(struct option list[SHD_COUNT(options) + 3])
{
	size_t count = 0;

	for (; count < SHD_COUNT(options); count++)
		list[count] = (struct option){options[count].name + 2,
			options[count].type == OPTION_VALUE ? required_argument : no_argument, NULL,
			OPTION + (int)count};
	list[count++] = (struct option){"help", no_argument, NULL, HELP};
	list[count] = (struct option){"version", no_argument, NULL, VERSION};
}

/* Prints what is wrong with `typed`, for which getopt_long returned ':' or '?'. */
static void refuse(int what, const char *typed)
{
	size_t row = optopt >= OPTION ? (size_t)(optopt - OPTION) : SHD_COUNT(options);

	if (row < SHD_COUNT(options) && is_full_name(typed, options[row].name + 2))
		fprintf(stderr, "storehealthctl: %s takes %s\n", options[row].name,
			what == ':' ? options[row].value : "no value");
	else
		suggest_option(typed);
}

/* Parses the command line; false, and a message, when it is wrong. *ret_action: HELP or VERSION
 * when that was given, else 0. */
static bool parse_command_line(
	struct shd_ctl *ctl, int argc, char **argv, struct arguments *arguments, int *ret_action)
{
	struct option list[SHD_COUNT(options) + 3] = {0};

	fill_getopt_table(list);
	*ret_action = 0;
	for (int what; *ret_action != VERSION;) {
		const char *typed = argv[optind]; /* correct, as "-" below keeps argv in order */
		int row = -1;

		what = getopt_long(argc, argv, "-:h", list, &row);
		if (what == -1)
			break;
		if (what == ':' || what == '?' ||
			(row >= 0 && !is_full_name(typed, list[row].name))) {
			refuse(what, typed);
			return false;
		}
		if (what == ARGUMENT)
			arguments->items[arguments->count++] = optarg;
		else if (what >= OPTION)
			set_option(ctl, (size_t)(what - OPTION));
		else
			*ret_action = what;
	}
	while (optind < argc) /* behind -- */
		arguments->items[arguments->count++] = argv[optind++];
	return true;
}

/* Finds the command, whose name has one word or two, and removes it from the arguments. */
static const struct shd_command *parse_command(struct arguments *arguments)
{
	for (size_t i = 0; i < shd_command_count; i++) {
		const char *name = shd_commands[i].name, *space = strchr(name, ' ');
		size_t len = space ? (size_t)(space - name) : strlen(name);
		size_t used = space ? 2 : 1;

		if (arguments->count < used || strlen(arguments->items[0]) != len ||
			strncmp(arguments->items[0], name, len) != 0 ||
			(space && strcmp(arguments->items[1], space + 1) != 0))
			continue;
		arguments->items += used;
		arguments->count -= used;
		return &shd_commands[i];
	}
	return NULL;
}

/* Whether it is the first word of commands with two (`rules`). */
static bool is_group(const char *word)
{
	bool group = false;

	for (size_t i = 0; i < shd_command_count; i++) {
		const char *space = strchr(shd_commands[i].name, ' ');

		group |= space && strlen(word) == (size_t)(space - shd_commands[i].name) &&
			  strncmp(shd_commands[i].name, word, strlen(word)) == 0;
	}
	return group;
}

/* If only the first word of a group was given, prints the usage of its commands. */
static bool print_group(const struct arguments *arguments)
{
	if (arguments->count != 1 || !is_group(arguments->items[0]))
		return false;
	for (size_t i = 0; i < shd_command_count; i++)
		if (strncmp(shd_commands[i].name, arguments->items[0],
			    strlen(arguments->items[0])) == 0)
			fprintf(stderr, "Usage: storehealthctl %s %s\n", shd_commands[i].name,
				shd_commands[i].argument);
	return true;
}

static void suggest_command(const struct arguments *arguments)
{
	shd_autofree const char **names = shd_xcalloc(shd_command_count, sizeof(*names));
	struct shd_text typed SHD_AUTO(shd_text_finish) = {0};

	for (size_t i = 0; i < shd_command_count; i++)
		names[i] = shd_commands[i].name;
	shd_text_init(&typed, 1 << 16);
	shd_text_puts(&typed, arguments->items[0]);
	if (is_group(arguments->items[0]) && arguments->count > 1)
		shd_text_printf(&typed, " %s", arguments->items[1]);
	suggest(typed.data, names, shd_command_count, "command");
}

/* Whether the command accepts so many arguments. */
static bool accepts_count(const struct shd_command *command, size_t count)
{
	size_t least = 0, most = 0;

	for (const char *word = command->argument; *word; word += word[0] == ' ') {
		size_t len = strcspn(word, " ");
		bool many = len > 3 && strncmp(word + len - 3, "...", 3) == 0;

		least += word[0] != '[';
		most += many ? SIZE_MAX / 2 : 1;
		word += len;
	}
	return count >= least && count <= most;
}

/* Whether `names`, separated by commas, holds the command's name or the first word of it. */
static bool holds_command(const char *names, const char *command)
{
	for (const char *name = names; *name; name += strspn(name, ", ")) {
		size_t len = strcspn(name, ",");

		if (strncmp(command, name, len) == 0 && (!command[len] || command[len] == ' '))
			return true;
		name += len;
	}
	return false;
}

/* An option that would be ignored is a mistake; prints which. */
static bool takes_options(const struct shd_command *command, const struct shd_ctl *ctl)
{
	for (size_t i = 0; i < SHD_COUNT(options); i++) {
		const char *member = (const char *)ctl + options[i].offset;
		bool given = options[i].type == OPTION_FLAG
			? *(const bool *)(const void *)member
			: *(const char *const *)(const void *)member != NULL;

		if (!given || !options[i].of || holds_command(options[i].of, command->name))
			continue;
		fprintf(stderr, "storehealthctl: %s takes no %s: that is for %s\n"
				"Usage: storehealthctl %s %s\n",
			command->name, options[i].name, options[i].of, command->name,
			command->argument);
		return false;
	}
	return true;
}

static enum shd_exit run(struct shd_ctl *ctl, struct arguments *arguments)
{
	const struct shd_command *command = parse_command(arguments);

	if (!command) {
		if (!print_group(arguments))
			suggest_command(arguments);
		return SHD_EXIT_USAGE;
	}
	if (!accepts_count(command, arguments->count)) {
		fprintf(stderr, "Usage: storehealthctl %s %s\n", command->name, command->argument);
		return SHD_EXIT_USAGE;
	}
	if (!takes_options(command, ctl))
		return SHD_EXIT_USAGE;
	ctl->arguments = arguments->items;
	ctl->argument_count = arguments->count;
	ctl->argument = arguments->count ? arguments->items[0] : NULL;
	enum shd_exit code = command->run(ctl);
	fwrite(ctl->out.data, 1, ctl->out.len, stdout);
	if (!shd_text_ok(&ctl->out))
		fprintf(stderr, "storehealthctl: the output is cut at %d bytes\n",
			OUTPUT_MAX_BYTES);
	if (fflush(stdout) != 0)
		return SHD_EXIT_NO;
	return code;
}

/* As the environment says, else the terminal; 0: it goes to a file or another program. */
static size_t screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (width > 0 && width < 10000)
		return (size_t)width;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int main(int argc, char **argv)
{
	const char *no_color = getenv("NO_COLOR");
	struct shd_ctl ctl = {.socket = SOCKET_DEFAULT,
		.screen = {.colour = isatty(STDOUT_FILENO) && !(no_color && *no_color),
			.width = screen_width()}};
	shd_autofree const char **items = shd_xcalloc((size_t)argc + 1, sizeof(*items));
	struct arguments arguments = {.items = items};
	int action;

	if (!parse_command_line(&ctl, argc, argv, &arguments, &action))
		return SHD_EXIT_USAGE;
	if (action == VERSION) {
		puts("storehealthctl " SHD_VERSION);
		return SHD_EXIT_OK;
	}
	bool help = action == HELP;
	help |= arguments.count && strcmp(arguments.items[0], "help") == 0;
	if (!arguments.count || help) {
		print_usage(help ? stdout : stderr);
		return help ? SHD_EXIT_OK : SHD_EXIT_USAGE;
	}
	shd_text_init(&ctl.out, OUTPUT_MAX_BYTES);
	enum shd_exit code = run(&ctl, &arguments);
	shd_text_finish(&ctl.out);
	return (int)code;
}
