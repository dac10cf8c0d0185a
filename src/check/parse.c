/*
 * Rules files, line by line:
 *
 *   line   = [ forbid | allow | expect | for ] [ "#" comment ]
 *   forbid = "forbid" [ "optional" ] what { "," what }
 *   allow  = "allow" id [ number ]
 *   for    = "for" [ "optional" ] [ noun [ "with" ] ] condition
 *   expect = "expect" [ "optional" ] ( total | [ quantifier ] [ noun [ "with" ] ] condition )
 *   total  = ( "connections" | "count" "(" what { "," what } ")" | "sum" "(" [ end ] field ")" ) sign number
 *
 * Indented lines belong to the `for` above them.
 */
#include "check/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/parser.h"

/* ---- words --------------------------------------------------------------------------------- */

static void
take_token(struct tf_parser *p, const char *at)
{
	p->token = tf_lex(at, p->end);
	size_t length = p->token.length < TF_LONGEST_WORD ? p->token.length : TF_LONGEST_WORD;
	memcpy(p->word, p->token.start, length);
	p->word[length] = '\0';
}

void
tf_next_token(struct tf_parser *p)
{
	take_token(p, tf_token_end(&p->token));
}

static void
locate(struct tf_parser *p)
{
	const char *shown = p->token.start - (p->token.kind == TF_TOKEN_STRING);
	struct tf_rules_error *e = p->error;

	e->line = p->number;
	e->column = tf_lex_column(p->line, shown);
	e->source = p->line;
	e->source_length = (size_t)(p->end - p->line);
	e->source_offset = (size_t)(shown - p->line);
	e->fault_length = (size_t)(tf_token_end(&p->token) - shown);
}

bool
tf_fault(struct tf_parser *p, const char *format, ...)
{
	va_list arguments;

	locate(p);
	va_start(arguments, format);
	vsnprintf(p->error->message, sizeof p->error->message, format, arguments);
	va_end(arguments);
	return false;
}

bool
tf_no_room(struct tf_parser *p)
{
	return tf_fault(p, "out of memory");
}

bool
tf_expected_name(struct tf_parser *p, const char *what, const struct tf_suggestion *s)
{
	if (p->token.kind == TF_TOKEN_END)
		return tf_fault(p, "expected %s, not the end of the line", what);
	if (p->token.kind == TF_TOKEN_STRING)
		return tf_fault(p, "expected %s, not \"%s\"", what, p->word);
	if (p->token.kind == TF_TOKEN_WORD && strcmp(p->word, "optional") == 0)
		return tf_fault(p, "expected %s; optional stands right after for, expect or forbid", what);
	if (p->token.kind == TF_TOKEN_WORD && s->best)
		return tf_fault(p, "expected %s, not '%s'; did you mean %s?", what, p->word, s->best);
	return tf_fault(p, "expected %s, not '%s'", what, p->word);
}

bool
tf_expected(struct tf_parser *p, const char *what, const char *const *names)
{
	struct tf_suggestion s = {.word = p->word};

	for (; names && *names; names++)
		tf_suggest(&s, *names);
	return tf_expected_name(p, what, &s);
}

bool
tf_at_word(const struct tf_parser *p, const char *word)
{
	return p->token.kind == TF_TOKEN_WORD && strcmp(p->word, word) == 0;
}

bool
tf_accept_word(struct tf_parser *p, const char *word)
{
	if (!tf_at_word(p, word))
		return false;
	tf_next_token(p);
	return true;
}

bool
tf_accept_token(struct tf_parser *p, enum tf_token_kind kind)
{
	if (p->token.kind != kind)
		return false;
	tf_next_token(p);
	return true;
}

/* "conn", "connection", "connections". */
static bool
accept_noun(struct tf_parser *p)
{
	return tf_accept_word(p, "connections") || tf_accept_word(p, "connection") ||
	       tf_accept_word(p, "conn");
}

/* Does a comparison begin here? */
static bool
at_comparison(const struct tf_parser *p)
{
	return tf_at_word(p, "is") || (p->token.kind >= TF_TOKEN_EQUAL && p->token.kind <= TF_TOKEN_AT_LEAST);
}

/* ---- totals -------------------------------------------------------------------------------- */

static bool
parse_whats(struct tf_parser *p, struct tf_what *what)
{
	do {
		if (!tf_parse_what(p, what))
			return false;
	} while (tf_accept_token(p, TF_TOKEN_COMMA));
	return true;
}

/* "< 5", behind a total. */
static bool
parse_limit(struct tf_parser *p, struct tf_check_rule *r, enum tf_field_kind kind)
{
	struct tf_value v = {0};

	if (!tf_accept_comparison(p, &r->comparison))
		return tf_expected(p, "=, !=, <, <=, > or >=", NULL);
	if (!tf_parse_compared(p, kind, &r->comparison, &v))
		return false;
	r->limit = v.low;
	return true;
}

static bool
parse_count(struct tf_parser *p, struct tf_check_rule *r)
{
	r->kind = TF_RULE_FINDINGS;
	tf_next_token(p);
	if (!tf_accept_token(p, TF_TOKEN_OPEN))
		return tf_expected(p, "'(' and what to count", NULL);
	if (!parse_whats(p, &r->what))
		return false;
	if (!tf_accept_token(p, TF_TOKEN_CLOSE))
		return tf_expected(p, "',' or ')'", NULL);
	return parse_limit(p, r, TF_FIELD_NUMBER);
}

static bool
expected_summand(struct tf_parser *p)
{
	struct tf_suggestion s = {.word = p->word};

	for (int i = 0; i < TF_FIELD_COUNT; i++)
		if (tf_field((enum tf_field_id)i)->scope == TF_OF_SUM)
			tf_suggest(&s, tf_field((enum tf_field_id)i)->name);
	return tf_expected_name(p, "a counter (packets, bytes, retransmitted, ...)", &s);
}

static bool
parse_sum(struct tf_parser *p, struct tf_check_rule *r)
{
	r->kind = TF_RULE_SUM;
	r->which = TF_SUM_OF_ENDS;
	tf_next_token(p);
	if (!tf_accept_token(p, TF_TOKEN_OPEN))
		return tf_expected(p, "'(' and a counter", NULL);
	if (tf_accept_word(p, "client"))
		r->which = TF_THE_CLIENT;
	else if (tf_accept_word(p, "server"))
		r->which = TF_THE_SERVER;
	int field = p->token.kind == TF_TOKEN_WORD ? tf_field_by_name(p->word) : -1;
	if (field < 0 || tf_field((enum tf_field_id)field)->scope != TF_OF_SUM)
		return expected_summand(p);
	r->field = (enum tf_field_id)field;
	tf_next_token(p);
	if (!tf_accept_token(p, TF_TOKEN_CLOSE))
		return tf_expected(p, "')'", NULL);
	return parse_limit(p, r, tf_field(r->field)->kind);
}

/* ---- statements ---------------------------------------------------------------------------- */

static bool
parse_quantifier(struct tf_parser *p, struct tf_check_rule *r, bool *given)
{
	static const struct {
		const char *word;
		enum tf_quantifier quantifier;
	} words[] = {
	    {"every", TF_EVERY}, {"all", TF_EVERY}, {"some", TF_SOME}, {"any", TF_SOME}, {"no", TF_NO}};

	*given = true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!tf_accept_word(p, words[i].word))
			continue;
		r->quantifier = words[i].quantifier;
		return true;
	}
	if (tf_accept_word(p, "at")) {
		r->quantifier = tf_at_word(p, "least") ? TF_AT_LEAST : TF_AT_MOST;
		if (!tf_accept_word(p, "least") && !tf_accept_word(p, "most"))
			return tf_expected(p, "least or most", NULL);
		return tf_parse_whole(p, "a number of connections", &r->quantity);
	}
	if (tf_accept_word(p, "exactly")) {
		r->quantifier = TF_EXACTLY;
		return tf_parse_whole(p, "a number of connections", &r->quantity);
	}
	*given = false;
	return true;
}

static bool
parse_expectation(struct tf_parser *p, struct tf_check_rule *r)
{
	struct tf_parser at_noun;
	bool quantified;

	if (tf_at_word(p, "count"))
		return parse_count(p, r);
	if (tf_at_word(p, "sum"))
		return parse_sum(p, r);
	r->kind = TF_RULE_EACH;
	if (!parse_quantifier(p, r, &quantified))
		return false;
	if (tf_at_word(p, "count") || tf_at_word(p, "sum"))
		return tf_fault(p, "%s(...) is over all connections: leave out the words before it", p->word);
	at_noun = *p;
	if (accept_noun(p)) {
		if (at_comparison(p)) {
			if (!quantified) {
				r->kind = TF_RULE_CONNECTIONS;
				return parse_limit(p, r, TF_FIELD_NUMBER);
			}
			*p = at_noun;
		}
		tf_accept_word(p, "with");
	}
	return tf_parse_condition(p, &r->condition);
}

static bool
at_line_end(struct tf_parser *p, const char *what)
{
	return p->token.kind == TF_TOKEN_END || tf_expected(p, what, NULL);
}

/* The line at hand from AT on to its comment, with single blanks. */
static char *
squeeze(const struct tf_parser *p, const char *at)
{
	size_t length = (size_t)(p->token.start - at), n = 0;
	char *text = malloc(length + 1);

	for (size_t i = 0; text && i < length; i++) {
		bool blank = at[i] == ' ' || at[i] == '\t' || at[i] == '\r';
		if (!blank || (n > 0 && text[n - 1] != ' '))
			text[n++] = blank ? ' ' : at[i];
	}
	while (text && n > 0 && text[n - 1] == ' ')
		n--;
	if (text)
		text[n] = '\0';
	return text;
}

static bool
parse_rule(struct tf_parser *p)
{
	struct tf_check_rule rule = {.line = p->number,
	                             .column = tf_lex_column(p->line, p->token.start),
	                             .scope = p->scope},
	                     *r;
	const char *start = p->token.start;
	bool forbids = tf_accept_word(p, "forbid");

	if (!forbids)
		tf_next_token(p);
	rule.optional = tf_accept_word(p, "optional");
	if (forbids ? !parse_whats(p, &rule.what) : !parse_expectation(p, &rule))
		return false;
	if (!at_line_end(p, forbids                     ? "',' or the end of the line"
	                    : rule.kind == TF_RULE_EACH ? "and, or or the end of the line"
	                                                : "the end of the line"))
		return false;
	if (p->rules->rule_count == TF_MAX_RULES)
		return tf_fault(p, "more than %d rules", TF_MAX_RULES);
	rule.text = squeeze(p, start);
	r = rule.text ? tf_ruleset_add(p->rules) : NULL;
	if (!r) {
		free(rule.text);
		return tf_no_room(p);
	}
	*r = rule;
	p->scope_rules++;
	return true;
}

static bool
parse_allow(struct tf_parser *p)
{
	struct tf_allowance allowance = {.count = UINT64_MAX, .scope = p->scope}, *a;

	tf_next_token(p);
	if (!tf_parse_id(p, &allowance.id))
		return false;
	if (p->token.kind != TF_TOKEN_END &&
	    !tf_parse_whole(p, "how many, or the end of the line", &allowance.count))
		return false;
	if (!at_line_end(p, "the end of the line"))
		return false;
	a = tf_ruleset_add_allowance(p->rules);
	if (!a)
		return tf_no_room(p);
	*a = allowance;
	p->scope_rules++;
	return true;
}

static bool
parse_for(struct tf_parser *p)
{
	struct tf_scope *scope = &p->rules->scope[p->rules->scope_count];
	const char *start = p->token.start;
	struct tf_parser at_noun;

	if (p->rules->scope_count == TF_MAX_SCOPES)
		return tf_fault(p, "more than %d for blocks", TF_MAX_SCOPES);
	*scope = (struct tf_scope){.line = p->number};
	tf_next_token(p);
	scope->optional = tf_accept_word(p, "optional");
	(void)(tf_accept_word(p, "every") || tf_accept_word(p, "all"));
	at_noun = *p;
	if (accept_noun(p) && at_comparison(p))
		*p = at_noun;
	tf_accept_word(p, "with");
	if (!tf_parse_condition(p, &scope->condition) || !at_line_end(p, "and, or or the end of the line"))
		return false;
	scope->text = squeeze(p, start);
	if (!scope->text)
		return tf_no_room(p);
	p->scope = ++p->rules->scope_count;
	p->scope_rules = 0;
	return true;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* The block at hand ends above the line at hand. */
static bool
leave_block(struct tf_parser *p)
{
	const struct tf_scope *scope = p->scope ? &p->rules->scope[p->scope - 1] : NULL;

	if (!scope || p->scope_rules > 0) {
		p->scope = 0;
		return true;
	}
	return tf_fault(p, "the block of line %u is empty: expected an indented rule", scope->line);
}

static bool
parse_statement(struct tf_parser *p)
{
	static const char *const names[] = {"forbid", "allow", "expect", "for", NULL};
	bool indented = p->token.start > p->line;

	if (!indented && !leave_block(p))
		return false;
	if (indented && !p->scope)
		return tf_fault(p, "this line is indented, but no for stands above it");
	if (tf_at_word(p, "for"))
		return indented ? tf_fault(p, "a for stands at the start of its line: blocks do not nest")
		                : parse_for(p);
	if (tf_at_word(p, "forbid") || tf_at_word(p, "expect"))
		return parse_rule(p);
	if (tf_at_word(p, "allow"))
		return parse_allow(p);
	return tf_expected(p, "forbid, allow, expect or for", names);
}

static bool
parse_line(struct tf_parser *p)
{
	const char *odd = p->line;

	while (odd < p->end && ((unsigned char)*odd >= 0x20 || *odd == '\t' || *odd == '\r') && *odd != 0x7f)
		odd++;
	take_token(p, odd < p->end ? odd : p->line);
	if (odd < p->end) {
		p->token.length = 1;
		return tf_fault(p, "a control character: this is no text");
	}
	if (p->end - p->line > TF_MAX_RULES_LINE)
		return tf_fault(p, "a line of more than %d octets", TF_MAX_RULES_LINE);
	return p->token.kind == TF_TOKEN_END || parse_statement(p);
}

/* Where the file ends, an open block must have had a rule. */
static bool
parse_end(struct tf_parser *p)
{
	take_token(p, p->end);
	return leave_block(p);
}

bool
tf_ruleset_parse(struct tf_ruleset *r, const char *file, const char *text, size_t size,
                 struct tf_rules_error *error)
{
	static const char mark[] = "\xef\xbb\xbf"; /* that some editors put at the start of UTF-8 */
	const char *end = text + size;
	struct tf_parser p = {.rules = r, .error = error, .line = text, .end = text, .number = 1};

	*error = (struct tf_rules_error){0};
	r->file = file;
	if (size >= 3 && memcmp(text, mark, 3) == 0)
		text += 3;
	for (; text < end; p.number++) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		p.line = text;
		p.end = line_end ? line_end : end;
		if (!parse_line(&p))
			return false;
		text = line_end ? line_end + 1 : end;
	}
	p.line = p.end = end;
	return parse_end(&p);
}
