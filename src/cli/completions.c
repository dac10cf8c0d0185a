/*
 * Completion scripts: see completions.h.  What an argument may be is told by
 * the word that stands for it in the table of options ("FILE", "STATE[,...]");
 * a word that is not known here is completed with nothing.
 */
#include "cli/completions.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_table.h"
#include "output/output.h"
#include "tcpfsm/config.h"

enum value_kind {
	NOTHING, /* a number, a time, an expression */
	PATH,
	DIRECTORY,
	USERS,
	WORDS,
	WORD_LIST, /* separated by commas */
};

struct value {
	const char *argument; /* as in the table of options */
	enum value_kind kind;
	void (*words)(void); /* print them, each with a blank before it */
};

/* ---- the words ------------------------------------------------------------------------------- */

static void
put_ids(void)
{
	for (int i = 0; i < TF_ANOMALY_COUNT; i++)
		printf(" %s", tf_anomaly_info((enum tf_anomaly)i)->id);
}

static void
put_whats(void)
{
	for (int i = TF_SEVERITY_COUNT; i-- > 0;)
		printf(" %s", tf_severity_name((enum tf_severity)i));
	for (int i = 0; i < TF_FAMILY_COUNT; i++)
		printf(" %s", tf_family_name((enum tf_family)i));
	put_ids();
}

static void
put_states(void)
{
	for (int i = 0; i < TF_STATE_COUNT; i++)
		printf(" %s", tf_state_name((enum tf_state)i));
}

static void
put_formats(void)
{
	size_t count;
	const struct tf_output_format *formats = tf_output_formats(&count);
	for (size_t i = 0; i < count; i++)
		printf(" %s", formats[i].name);
}

static void
put_timers(void)
{
	for (int i = 0; i < TF_TIMER_COUNT; i++)
		printf(" %s=", tf_timer_name((enum tf_timer)i));
}

static void
put_profiles(void)
{
	fputs(" linux rfc bsd windows", stdout);
}

static void
put_whens(void)
{
	fputs(" auto always never", stdout);
}

static void
put_shells(void)
{
	fputs(" bash zsh fish", stdout);
}

static const struct value values[] = {
    {"FILE", PATH, NULL},
    {"FILE.svg", PATH, NULL},
    {"DIR", DIRECTORY, NULL},
    {"USER", USERS, NULL},
    {"FORMAT[:FILE]", WORDS, put_formats},
    {"STATE[,...]", WORD_LIST, put_states},
    {"ID[,...]", WORD_LIST, put_ids},
    {"ID", WORDS, put_ids},
    {"ID[:N]", WORDS, put_ids},
    {"WHAT[,...]", WORD_LIST, put_whats},
    {"WHEN", WORDS, put_whens},
    {"NAME", WORDS, put_profiles},
    {"NAME=SEC", WORDS, put_timers},
    {"SHELL", WORDS, put_shells},
};

static const struct value *
value_of(const struct tf_option_row *row)
{
	static const struct value nothing = {"", NOTHING, NULL};
	for (size_t i = 0; row->argument && i < sizeof values / sizeof *values; i++)
		if (strcmp(values[i].argument, row->argument) == 0)
			return &values[i];
	return &nothing;
}

static bool
is_option(const struct tf_option_row *row)
{
	return row->kind != HEADING;
}

static bool
takes_argument(const struct tf_option_row *row)
{
	return row->argument && !tf_option_argument_is_optional(row);
}

/* ---- bash --------------------------------------------------------------------------------------- */

static void
put_bash_option(const struct tf_option_row *row)
{
	if (row->letter)
		printf(" -%c", row->letter);
	if (row->name)
		printf(" --%s%s", row->name, takes_argument(row) ? "=" : "");
}

/* "	-r|--read)": the words after which VALUE is wanted. */
static bool
put_bash_case(const struct value *value)
{
	bool any = false;
	for (int i = 0; i < tf_option_row_count; i++) {
		const struct tf_option_row *row = &tf_option_rows[i];
		if (!is_option(row) || !takes_argument(row) || value_of(row) != value)
			continue;
		if (row->letter)
			printf("%s-%c", any ? "|" : "\t", row->letter);
		any = any || row->letter;
		if (row->name)
			printf("%s--%s", any ? "|" : "\t", row->name);
		any = true;
	}
	if (any)
		puts(")");
	return any;
}

static void
put_bash_value(const struct value *value)
{
	if (!put_bash_case(value))
		return;
	if (value->kind == PATH)
		puts("\t\tcompopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))");
	else if (value->kind == DIRECTORY)
		puts("\t\tcompopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))");
	else if (value->kind == USERS)
		puts("\t\tCOMPREPLY=($(compgen -u -- \"$cur\"))");
	if (value->words) {
		fputs("\t\twords='", stdout);
		value->words();
		puts("'");
		if (value->kind == WORD_LIST)
			puts("\t\t[[ $cur == *,* ]] && before=${cur%,*},");
		puts("\t\tCOMPREPLY=($(compgen -P \"$before\" -W \"$words\" -- \"${cur#\"$before\"}\"))");
		puts("\t\tcompopt -o nospace");
	}
	puts("\t\treturn ;;");
}

/* Words after which nothing can be proposed. */
static void
put_bash_nothing(void)
{
	bool any = false;
	for (int i = 0; i < tf_option_row_count; i++) {
		const struct tf_option_row *row = &tf_option_rows[i];
		if (!is_option(row) || !takes_argument(row) || value_of(row)->kind != NOTHING)
			continue;
		if (row->letter)
			printf("%s-%c", any ? "|" : "\t", row->letter);
		any = any || row->letter;
		if (row->name)
			printf("%s--%s", any ? "|" : "\t", row->name);
		any = true;
	}
	if (any)
		puts(")\n\t\treturn ;;");
}

static void
show_bash(void)
{
	puts("# bash completion for tcpfsm, made by tcpfsm --completions=bash\n"
	     "_tcpfsm()\n"
	     "{\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words before=\n"
	     "\tCOMPREPLY=()\n"
	     "\t# bash breaks words at '=': \"--read=x\" comes as three.\n"
	     "\t[[ $prev == = && COMP_CWORD -ge 2 ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\t[[ $cur == = ]] && cur=\n"
	     "\tcase $prev in");
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		put_bash_value(&values[i]);
	put_bash_nothing();
	fputs("\tesac\n"
	      "\twords='",
	      stdout);
	for (int i = 0; i < tf_option_row_count; i++)
		if (is_option(&tf_option_rows[i]))
			put_bash_option(&tf_option_rows[i]);
	puts("'\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	     "\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
	     "}\n"
	     "complete -F _tcpfsm tcpfsm");
}

/* ---- zsh ---------------------------------------------------------------------------------------- */

/* TEXT within a single-quoted word of _arguments. */
static void
put_zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void
put_zsh_value(const struct tf_option_row *row)
{
	const struct value *value = value_of(row);
	fputs(tf_option_argument_is_optional(row) ? "::" : ":", stdout);
	put_zsh_text(row->argument);
	putchar(':');
	if (value->kind == PATH)
		fputs("_files", stdout);
	else if (value->kind == DIRECTORY)
		fputs("_files -/", stdout);
	else if (value->kind == USERS)
		fputs("_users", stdout);
	else if (value->kind == WORD_LIST)
		fputs("_sequence compadd -", stdout);
	else if (value->words)
		putchar('(');
	if (value->words)
		value->words();
	if (value->kind == WORDS)
		putchar(')');
}

static void
put_zsh_spec(const struct tf_option_row *row, bool is_letter)
{
	const char *sign = !row->argument                        ? ""
	                   : is_letter                           ? "+"
	                   : tf_option_argument_is_optional(row) ? "=-"
	                                                         : "=";
	if (is_letter)
		printf("\t'*-%c%s[", row->letter, sign);
	else
		printf("\t'*--%s%s[", row->name, sign);
	put_zsh_text(row->help);
	putchar(']');
	if (row->argument)
		put_zsh_value(row);
	puts("' \\");
}

static void
show_zsh(void)
{
	puts("#compdef tcpfsm\n"
	     "# zsh completion for tcpfsm, made by tcpfsm --completions=zsh\n"
	     "_arguments -s -S \\");
	for (int i = 0; i < tf_option_row_count; i++) {
		const struct tf_option_row *row = &tf_option_rows[i];
		if (is_option(row) && row->letter)
			put_zsh_spec(row, true);
		if (is_option(row) && row->name)
			put_zsh_spec(row, false);
	}
	puts("\t'*:filter: '");
}

/* ---- fish --------------------------------------------------------------------------------------- */

static void
put_fish_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void
put_fish_option(const struct tf_option_row *row)
{
	const struct value *value = value_of(row);
	fputs("complete -c tcpfsm", stdout);
	if (row->letter)
		printf(" -s %c", row->letter);
	if (row->name)
		printf(" -l %s", row->name);
	if (takes_argument(row))
		fputs(value->kind == PATH ? " -r -F" : " -x", stdout);
	if (value->kind == DIRECTORY)
		fputs(" -a '(__fish_complete_directories)'", stdout);
	else if (value->kind == USERS)
		fputs(" -a '(__fish_complete_users)'", stdout);
	else if (value->words) {
		fputs(value->kind == WORD_LIST ? " -a '(__fish_complete_list , \"string split \\\\  --"
		                               : " -a '",
		      stdout);
		value->words();
		fputs(value->kind == WORD_LIST ? "\")'" : "'", stdout);
	}
	fputs(" -d '", stdout);
	put_fish_text(row->help);
	puts("'");
}

static void
show_fish(void)
{
	puts("# fish completion for tcpfsm, made by tcpfsm --completions=fish\n"
	     "complete -c tcpfsm -f");
	for (int i = 0; i < tf_option_row_count; i++)
		if (is_option(&tf_option_rows[i]))
			put_fish_option(&tf_option_rows[i]);
}

/* ---- the choice ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*show)(void);
} shells[] = {{"bash", show_bash}, {"zsh", show_zsh}, {"fish", show_fish}};

bool
tf_completions_known(const char *shell)
{
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].name, shell) == 0)
			return true;
	return false;
}

void
tf_completions_show(const char *shell)
{
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(shells[i].name, shell) == 0)
			shells[i].show();
}
