/*
 * Transitions, and changes of what is possible, as JSON lines.
 *
 * A transition is told by three texts out of tables and two sets of states,
 * and the same few transitions make up a capture: so what is the same each
 * time is put together once.  The texts are told apart by where they are,
 * since they last as long as the program (event.h).
 */
#include <stdlib.h>

#include "json_line.h"

#define POSSIBLE_ROOM (TF_JSON_LONGEST_WHERE + TF_STATE_COUNT * sizeof(struct tf_word) + 128)

void
tf_json_put_possible(struct tf_output *o, const struct tf_possible *e)
{
	const struct tf_json_words *w = &((struct tf_json *)o->state)->word;
	char *p = tf_buf_at(&o->out, POSSIBLE_ROOM);

	if (p == NULL)
		return;
	p = tf_at_lit(p, "{\"type\":\"possible\",");
	p = tf_json_at_where(o, p, e->ts_ns, e->packet, e->conn);
	p = tf_at_copy(p, &w->endpoint[e->endpoint]);
	p = tf_at_lit(p, "\"state\":");
	p = tf_at_copy(p, &w->state[e->state]);
	p = tf_at_lit(p, "\"possible\":");
	p = tf_json_at_states(w, p, e->possible);
	p = tf_at_lit(p, "}\n");
	tf_buf_end(&o->out, p);
}

static void
put_word(struct tf_buf *b, const struct tf_word *w)
{
	tf_put(b, w->text, w->length);
}

/* What follows `"endpoint":`. */
static void
put_step(struct tf_buf *b, const struct tf_json_words *w, const struct tf_transition *t)
{
	char *p;

	put_word(b, &w->endpoint[t->endpoint]);
	tf_put_lit(b, "\"from\":");
	put_word(b, &w->state[t->from]);
	tf_put_lit(b, "\"to\":");
	put_word(b, &w->state[t->to]);
	tf_put_lit(b, "\"basis\":");
	put_word(b, &w->basis[t->basis]);
	tf_put_lit(b, "\"rule\":");
	tf_put_json_string(b, t->rule);
	tf_put_lit(b, ",\"event\":");
	tf_put_json_string(b, t->event);
	tf_put_lit(b, ",\"reference\":");
	tf_put_json_string(b, t->reference);
	tf_put_lit(b, ",\"possible\":");
	p = tf_buf_at(b, (TF_STATE_COUNT + 1) * sizeof(struct tf_word));
	if (p == NULL)
		return;
	tf_buf_end(b, tf_json_at_states(w, p, t->possible));
	tf_put_lit(b, "}\n");
}

/* All that is in T but for its time and place, and the texts. */
static uint64_t
which_step(const struct tf_transition *t)
{
	return (uint64_t)t->possible << 32 | (uint64_t)t->basis << 24 | (uint64_t)t->to << 16 |
	       (uint64_t)t->from << 8 | t->endpoint;
}

static bool
is_same(const struct tf_json_step *s, const struct tf_transition *t, uint64_t which)
{
	return s->which == which && s->rule == t->rule && s->event == t->event &&
	       s->reference == t->reference && s->text != NULL;
}

/* Make *S the step of T; false where there is no memory. */
static bool
learn(struct tf_output *o, struct tf_json_step *s, const struct tf_transition *t, uint64_t which)
{
	struct tf_buf b;

	free(s->text);
	tf_buf_init(&b, -1);
	put_step(&b, &((struct tf_json *)o->state)->word, t);
	if (b.error != 0) {
		*s = (struct tf_json_step){0};
		tf_buf_done(&b, &o->out);
		return false;
	}
	*s = (struct tf_json_step){which, t->rule, t->event, t->reference, b.data, b.len};
	return true;
}

/* The step of T, whose text is there; NULL where there is no memory. */
static const struct tf_json_step *
step_of(struct tf_output *o, const struct tf_transition *t)
{
	struct tf_json *j = o->state;
	uint64_t which = which_step(t);
	struct tf_json_step *s = &j->step[which * UINT64_C(0x9e3779b97f4a7c15) >> 56];

	_Static_assert(TF_JSON_STEPS == 256, "eight bits of the hash choose among the steps");
	return is_same(s, t, which) || learn(o, s, t, which) ? s : NULL;
}

void
tf_json_put_transition(struct tf_output *o, const struct tf_transition *t)
{
	const struct tf_json_step *s = step_of(o, t);
	char *p = s != NULL ? tf_buf_at(&o->out, TF_JSON_LONGEST_WHERE + 64 + s->length) : NULL;

	if (p == NULL)
		return;
	p = tf_at_lit(p, "{\"type\":\"transition\",");
	p = tf_json_at_where(o, p, t->ts_ns, t->packet, t->conn);
	memcpy(p, s->text, s->length);
	tf_buf_end(&o->out, p + s->length);
}

void
tf_json_steps_fini(struct tf_json *j)
{
	for (unsigned i = 0; i < TF_JSON_STEPS; i++)
		free(j->step[i].text);
}
