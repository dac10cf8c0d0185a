/*
 * The edges of the state diagram out of rules.def: see diagram.h.  What is
 * written on them are the inputs' own words, those of resets and errors
 * shortened.
 */
#include "output/picture/diagram.h"

#include <assert.h>

/* Inputs that are no part of a normal life, in a word or two; NULL: a normal one. */
static const char *const abort_words[TF_INPUT_COUNT] = {
    [TF_IN_SND_RST] = "RST",
    [TF_IN_SND_REFUSAL] = "RST",
    [TF_IN_RCV_RST] = "RST",
    [TF_IN_RCV_RST_DOUBTFUL] = "RST",
    [TF_IN_RCV_REFUSAL] = "refused",
    [TF_IN_RCV_UNREACHABLE] = "unreachable",
    [TF_IN_ABORT] = "RST",
    [TF_IN_FORGET] = "forgotten",
    [TF_IN_TIMEOUT_SYN] = "given up",
    [TF_IN_TIMEOUT_SYN_ACK] = "given up",
    [TF_IN_RST_CONFIRMED] = "RST",
    [TF_IN_REPLACED] = "RST",
};

struct edges {
	struct tf_edge edge[TF_MAX_EDGES];
	size_t count;
	int8_t at[TF_STATE_COUNT][TF_STATE_COUNT][2]; /* its place + 1, by whether it aborts; 0: none */
};

static struct tf_edge *
edge_at(struct edges *all, enum tf_state from, enum tf_state to, bool aborts)
{
	int place = all->at[from][to][aborts];

	return place > 0 ? &all->edge[place - 1] : NULL;
}

static void
add_words(struct tf_edge *e, const char *words)
{
	for (size_t i = 0; i < TF_EDGE_WORDS; i++) {
		if (e->words[i] == NULL)
			e->words[i] = words;
		if (strcmp(e->words[i], words) == 0)
			return;
	}
}

static void
add(struct edges *all, const struct tf_rule *rule, enum tf_state from, enum tf_state to)
{
	const char *word = abort_words[rule->input];
	struct tf_edge *e = edge_at(all, from, to, word != NULL);

	if (e == NULL && rule->effect == TF_MAYBE)
		return;
	if (e == NULL) {
		assert(all->count < TF_MAX_EDGES);
		e = &all->edge[all->count++];
		all->at[from][to][word != NULL] = (int8_t)all->count;
		*e = (struct tf_edge){.from = from, .to = to, .aborts = word != NULL};
	}
	add_words(e, word != NULL ? word : tf_input_text(rule->input));
}

/* Rows of one side of the tap: what arrives is written above what is sent for it. */
static void
add_side(struct edges *all, enum tf_side side)
{
	size_t count;
	const struct tf_rule *rules = tf_rules(&count);

	for (size_t i = 0; i < count; i++) {
		const struct tf_rule *r = &rules[i];

		if (r->to < 0 || r->effect == TF_NEVER || tf_input_side(r->input) != side)
			continue;
		for (unsigned s = 0; s < TF_STATE_COUNT; s++) {
			if ((r->from & TF_STATES(s)) == 0)
				continue;
			add(all, r, (enum tf_state)s, (enum tf_state)r->to);
			if (r->effect == TF_BACK && s == TF_SYN_RECEIVED)
				add(all, r, (enum tf_state)s, TF_LISTEN);
		}
	}
}

static void
make(struct edges *all)
{
	/* Twice: the first round makes the edges, the second finds all that leads along them. */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < all->count; i++)
			memset(all->edge[i].words, 0, sizeof all->edge[i].words);
		add_side(all, TF_SIDE_RCV);
		add_side(all, TF_SIDE_SND);
		add_side(all, TF_SIDE_TIMER);
		add_side(all, TF_SIDE_EVIDENCE);
	}
}

static struct edges *
edges(void)
{
	static struct edges all;

	if (all.count == 0)
		make(&all);
	return &all;
}

const struct tf_edge *
tf_edges(size_t *count)
{
	const struct edges *all = edges();

	*count = all->count;
	return all->edge;
}

/* Does RULE lead along the edges of resets and errors?  As a rule it is told by the table's own name. */
static bool
rule_aborts(const char *rule)
{
	size_t count;
	const struct tf_rule *rules = tf_rules(&count);

	for (size_t i = 0; i < count; i++)
		if (rules[i].name == rule)
			return abort_words[rules[i].input] != NULL;
	for (size_t i = 0; i < count; i++)
		if (rules[i].name != NULL && strcmp(rules[i].name, rule) == 0)
			return abort_words[rules[i].input] != NULL;
	return false;
}

int
tf_edge_between(enum tf_state from, enum tf_state to, bool aborts)
{
	struct edges *all = edges();
	const struct tf_edge *e = edge_at(all, from, to, aborts);

	/* Where there is one of the two, it is meant. */
	if (e == NULL)
		e = edge_at(all, from, to, !aborts);
	return e != NULL ? (int)(e - all->edge) : -1;
}

int
tf_edge_of(enum tf_state from, enum tf_state to, const char *rule)
{
	return tf_edge_between(from, to, rule_aborts(rule));
}
