/*
 * One replica's moves.  The history is a stack of states, four bits each;
 * how deep it is proven by the end's own segments stands beside it, so a
 * retraction pops to a state below.
 *
 * Two things are kept apart: `base`, the states in which the end's own
 * segments leave it, and `possible`, what base can have become by what
 * passed towards it and by what its program may have done unseen.
 *
 * Not known here: sequence numbers, times, why an input was made.
 */
#include "core/endpoint.h"

static unsigned
depth_of(const struct tf_end *end)
{
	return end->depth & 0xf;
}

static unsigned
proven_of(const struct tf_end *end)
{
	return end->depth >> 4;
}

static void
set_depth(struct tf_end *end, unsigned depth, unsigned proven)
{
	if (proven > depth)
		proven = depth;
	end->depth = (uint8_t)(depth | proven << 4);
}

static enum tf_state
state_below(const struct tf_end *end, unsigned steps)
{
	return (enum tf_state)(end->history >> (4 * steps) & 0xf);
}

/* A SYN on the same addresses and ports waits for its answer: what the end is in if that is a new connection. */
static tf_states
begun_anew(struct tf_replica r)
{
	const struct tf_extra *x = tf_extra_if(r.ctx, r.c);
	const struct tf_held_syn *held = x && x->held ? tf_pool_at(&r.ctx->held, x->held) : NULL;

	if (!held)
		return 0;
	return held->from == r.which ? TF_STATES(TF_SYN_SENT) : TF_STATES(TF_SYN_RECEIVED);
}

static tf_states
reach_of(struct tf_replica r)
{
	/* Where the capture missed something, anything may have passed unseen. */
	unsigned pending = r.c->flags & TF_CONN_GAP ? TF_P_COUNT - 1 : r.end->pending;

	return tf_fsm_reach(r.end->base, pending, tf_end_has(r.end, TF_END_PASSIVE));
}

/* All that the end can be in now. */
static tf_states
possible_of(struct tf_replica r)
{
	tf_states anew = r.c->flags & TF_CONN_HOLDS_SYN ? begun_anew(r) : 0;

	return (tf_states)(reach_of(r) | anew | TF_STATES(tf_end_state(r.end)));
}

static void
note_fired(struct tf_replica r, const struct tf_rule *rule)
{
	size_t count;

	if (r.ctx->fired)
		r.ctx->fired[rule - tf_rules(&count)] = true;
}

/* Where the segment that took something back belongs: the rule for it in the
 * state that holds instead. */
static const char *
reference_of_evidence(enum tf_state state, enum tf_input evidence)
{
	const struct tf_rule *rule = tf_fsm_rule(state, evidence);

	return rule->effect == TF_NEVER ? "RFC 9293 section 3.10.7.4" : rule->reference;
}

static void
emit_transition(struct tf_replica r, enum tf_state from, enum tf_input input, const struct tf_rule *rule,
                enum tf_basis basis)
{
	static const char taken_back[] = "taken-back";

	r.end->possible = possible_of(r);
	if (!(r.ctx->sink.wanted & TF_EV_TRANSITION))
		return;
	struct tf_transition t = {
	    .ts_ns = r.ctx->now_ns,
	    .packet = r.ctx->packet,
	    .conn = r.c->conn,
	    .endpoint = r.which,
	    .from = from,
	    .to = tf_end_state(r.end),
	    .basis = basis,
	    .rule = basis == TF_RETRACTED ? taken_back : rule->name,
	    .event = tf_input_text(input),
	    .reference =
	        basis == TF_RETRACTED ? reference_of_evidence(tf_end_state(r.end), input) : rule->reference,
	    .possible = r.end->possible,
	    .held = r.ctx->held_back,
	};
	struct tf_event e = {.kind = TF_EV_TRANSITION, .transition = &t};
	r.ctx->sink.event(r.ctx->sink.context, &e);
}

static void
emit_possible(struct tf_replica r)
{
	if (!(r.ctx->sink.wanted & TF_EV_POSSIBLE))
		return;
	struct tf_possible p = {
	    .ts_ns = r.ctx->now_ns,
	    .packet = r.ctx->packet,
	    .conn = r.c->conn,
	    .endpoint = r.which,
	    .state = tf_end_state(r.end),
	    .possible = r.end->possible,
	    .held = r.ctx->held_back,
	};
	struct tf_event e = {.kind = TF_EV_POSSIBLE, .possible = &p};
	r.ctx->sink.event(r.ctx->sink.context, &e);
}

static void
refresh_possible(struct tf_replica r)
{
	tf_states possible = possible_of(r);

	if (possible == r.end->possible)
		return;
	r.end->possible = possible;
	emit_possible(r);
}

/* Go on to TO, from which follows what is possible. */
static void
push(struct tf_replica r, enum tf_state to, enum tf_input input, const struct tf_rule *rule,
     enum tf_basis basis)
{
	struct tf_end *end = r.end;
	enum tf_state from = tf_end_state(end);

	if (depth_of(end) + 1 < TF_MAX_HISTORY) {
		end->history = end->history << 4 | to;
		set_depth(end, depth_of(end) + 1, proven_of(end));
	} else {
		/* The first states are the ones to keep: the last place is used again. */
		end->history = (end->history & ~(uint64_t)0xf) | to;
		end->flags |= TF_END_TRUNCATED;
	}
	emit_transition(r, from, input, rule, basis);
}

static void
pop(struct tf_replica r, unsigned steps, enum tf_input evidence)
{
	struct tf_end *end = r.end;
	enum tf_state from = tf_end_state(end);

	end->history >>= 4 * steps;
	set_depth(end, depth_of(end) - steps, proven_of(end));
	emit_transition(r, from, evidence, tf_fsm_rule(from, evidence), TF_RETRACTED);
}

void
tf_replica_begin(struct tf_replica r, enum tf_state state, tf_states base)
{
	r.end->history = state;
	r.end->depth = 0;
	r.end->base = base;
	r.end->possible = (tf_states)(reach_of(r) | TF_STATES(state));
}

void
tf_replica_announce(struct tf_replica r)
{
	emit_possible(r);
}

void
tf_replica_presume(struct tf_replica r)
{
	/* RFC 9293 section 3.10.7.4: the ACK before the FIN. */
	static const unsigned order[] = {TF_P_SYN_ACK, TF_P_ACK_OF_SYN, TF_P_ACK_OF_FIN, TF_P_FIN, TF_P_RST};
	unsigned live = r.end->pending & ~(unsigned)r.end->doubt;

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if (!(live & order[i]))
			continue;
		enum tf_input input = tf_pending_input(order[i]);
		enum tf_state state = tf_end_state(r.end);
		const struct tf_rule *rule = tf_fsm_rule(state, input);
		if (rule->effect != TF_MAYBE && rule->to >= 0)
			push(r, tf_fsm_next(state, input, tf_end_has(r.end, TF_END_PASSIVE)), input, rule,
			     TF_PRESUMED);
	}
}

/* How many states to pop until INPUT is possible; 0 where it never is. */
static unsigned
steps_back(const struct tf_end *end, enum tf_input input)
{
	for (unsigned steps = 1; steps <= depth_of(end); steps++)
		if (tf_fsm_rule(state_below(end, steps), input)->effect != TF_NEVER)
			return steps;
	return 0;
}

/* END may have begun in STATE, and have sent INPUT there. */
static bool
may_begin_in(const struct tf_end *end, enum tf_state state, enum tf_input input)
{
	return end->base & TF_STATES(state) && tf_fsm_rule(state, input)->effect != TF_NEVER;
}

/* A state that the first guess left out, from which INPUT is possible.  In mid-stream a connection is most likely open. */
static int
other_beginning(const struct tf_end *end, enum tf_input input)
{
	if (depth_of(end) > 0 || tf_end_state(end) > TF_LISTEN)
		return -1;
	if (may_begin_in(end, TF_ESTABLISHED, input))
		return TF_ESTABLISHED;
	for (int s = 0; s < TF_STATE_COUNT; s++)
		if (may_begin_in(end, (enum tf_state)s, input))
			return s;
	return -1;
}

static void
begin_otherwise(struct tf_replica r, enum tf_state state, enum tf_input evidence)
{
	enum tf_state from = tf_end_state(r.end);

	r.end->history = state;
	emit_transition(r, from, evidence, tf_fsm_rule(from, evidence), TF_RETRACTED);
}

static bool
infer(struct tf_replica r, enum tf_input input)
{
	enum tf_input path[4];
	bool passive = tf_end_has(r.end, TF_END_PASSIVE);
	int steps = tf_fsm_explain(tf_end_state(r.end), input, passive, path);

	for (int i = 0; i < steps; i++) {
		enum tf_state from = tf_end_state(r.end);
		const struct tf_rule *rule = tf_fsm_rule(from, path[i]);
		r.end->base |= TF_STATES(tf_fsm_next(from, path[i], passive));
		note_fired(r, rule);
		push(r, tf_fsm_next(from, path[i], passive), path[i], rule, TF_INFERRED);
	}
	return steps >= 0;
}

/* A RST in its name seemed to end it while it was opening, and INPUT shows that it opened. */
static bool
was_cut_short(const struct tf_end *end, enum tf_input input)
{
	enum tf_input path[4];

	return tf_end_state(end) == TF_CLOSED && depth_of(end) > 0 &&
	       state_below(end, 1) == TF_SYN_RECEIVED &&
	       tf_fsm_explain(TF_SYN_RECEIVED, input, tf_end_has(end, TF_END_PASSIVE), path) >= 0;
}

/* Bring the replica into a state from which INPUT can have been sent. */
static bool
make_possible(struct tf_replica r, enum tf_input input)
{
	if (tf_fsm_rule(tf_end_state(r.end), input)->effect != TF_NEVER)
		return true;

	unsigned steps = steps_back(r.end, input);
	bool presumed = depth_of(r.end) > proven_of(r.end) || tf_end_state(r.end) == TF_CLOSED;
	if (steps && presumed) {
		pop(r, steps, input);
		return true;
	}
	if (was_cut_short(r.end, input))
		pop(r, 1, input);
	int other = other_beginning(r.end, input);
	if (other >= 0) {
		begin_otherwise(r, (enum tf_state)other, input);
		return true;
	}
	/* A SYN,ACK from an end that went on is an old one: nothing unseen explains it. */
	return input != TF_IN_SND_SYN_ACK && infer(r, input);
}

/* How deep the history is proven by an INPUT that leaves the state as it
 * is: to the first state from which it can have been sent. */
static unsigned
proven_by(const struct tf_end *end, enum tf_input input)
{
	unsigned proven = proven_of(end);

	while (proven < depth_of(end) &&
	       tf_fsm_rule(state_below(end, depth_of(end) - proven), input)->effect == TF_NEVER)
		proven++;
	return proven;
}

/* Move by INPUT, which is possible here.  An old segment shows where the end
 * was: what it may have become since stays possible. */
static void
prove(struct tf_replica r, enum tf_input input, enum tf_basis basis)
{
	struct tf_end *end = r.end;
	bool passive = tf_end_has(end, TF_END_PASSIVE);
	enum tf_state from = tf_end_state(end);
	const struct tf_rule *rule = tf_fsm_rule(from, input);
	enum tf_state to = tf_fsm_next(from, input, passive);
	tf_states base = tf_fsm_step(reach_of(r), input, passive);

	note_fired(r, rule);
	if (input == TF_IN_SND_RST || input == TF_IN_SND_REFUSAL)
		base |= end->base; /* it may be forged: what follows tells */
	else if (!r.sure)
		base |= end->base & tf_fsm_reach(base, TF_P_COUNT - 1, passive);
	end->base = (tf_states)(base | TF_STATES(to));
	if (to != from) {
		push(r, to, input, rule, basis);
		set_depth(end, depth_of(end), depth_of(end));
	} else {
		set_depth(end, depth_of(end), proven_by(end, input));
		refresh_possible(r);
	}
}

bool
tf_replica_sent(struct tf_replica r, enum tf_input input)
{
	if (!make_possible(r, input))
		return false;
	prove(r, input, TF_OBSERVED);
	return true;
}

void
tf_replica_confirm(struct tf_replica r, enum tf_input input)
{
	tf_states set = tf_fsm_step(r.end->base, input, tf_end_has(r.end, TF_END_PASSIVE));

	if (set)
		r.end->base = set;
}

void
tf_replica_settle(struct tf_replica r)
{
	tf_states timed = TF_STATES(TF_TIME_WAIT) | TF_STATES(TF_SYN_SENT);

	r.end->base = (tf_states)(TF_STATES(tf_end_state(r.end)) | (r.end->base & timed));
	r.end->pending = 0;
	if (tf_end_state(r.end) == TF_CLOSED)
		refresh_possible(r);
}

void
tf_replica_missed(struct tf_replica r, enum tf_input input)
{
	if (make_possible(r, input))
		prove(r, input, TF_INFERRED);
}

void
tf_replica_received(struct tf_replica r, unsigned bit, bool again)
{
	enum tf_input input = tf_pending_input(bit);
	enum tf_state from = tf_end_state(r.end);
	const struct tf_rule *rule = tf_fsm_rule(from, input);

	note_fired(r, rule);
	r.end->pending |= (uint8_t)bit;
	if (again)
		r.end->doubt &= (uint8_t)~bit;
	if (rule->to >= 0 && rule->effect != TF_MAYBE && !(r.end->doubt & bit))
		push(r, tf_fsm_next(from, input, tf_end_has(r.end, TF_END_PASSIVE)), input, rule,
		     TF_PRESUMED);
	else
		refresh_possible(r);
}

void
tf_replica_perhaps(struct tf_replica r, enum tf_input input)
{
	note_fired(r, tf_fsm_rule(tf_end_state(r.end), input));
	if (!(r.end->pending & TF_P_RST))
		r.end->doubt |= TF_P_RST;
	r.end->pending |= TF_P_RST;
	refresh_possible(r);
}

void
tf_replica_may_be(struct tf_replica r, tf_states states)
{
	r.end->base |= states;
	refresh_possible(r);
}

void
tf_replica_moved(struct tf_replica r, enum tf_input input, enum tf_basis basis)
{
	enum tf_state from = tf_end_state(r.end);
	const struct tf_rule *rule = tf_fsm_rule(from, input);

	note_fired(r, rule);
	if (rule->to < 0)
		return;
	enum tf_state to = tf_fsm_next(from, input, tf_end_has(r.end, TF_END_PASSIVE));
	/* Timers of real stacks run late, up to an eighth of their length. */
	r.end->base |= TF_STATES(to);
	if (basis == TF_TIMER_RAN)
		r.end->base |= TF_STATES(from);
	push(r, to, input, rule, basis);
}

void
tf_replica_retract(struct tf_replica r, enum tf_state state, enum tf_input evidence)
{
	for (unsigned steps = 1; steps <= depth_of(r.end); steps++) {
		if (state_below(r.end, steps) != state)
			continue;
		pop(r, steps, evidence);
		return;
	}
}

/* A RST towards END closed it, or one of its own: no other segment of an end's proves that it is CLOSED. */
static bool
was_reset(const struct tf_end *end)
{
	return tf_end_state(end) == TF_CLOSED && (end->pending & TF_P_RST || proven_of(end) == depth_of(end));
}

void
tf_replica_take_back(struct tf_replica r, enum tf_input evidence)
{
	enum tf_state state = tf_end_state(r.end);

	r.end->doubt = 0;
	if ((state <= TF_ESTABLISHED && state != TF_CLOSED) || was_reset(r.end))
		return;
	r.end->base |= TF_STATES(TF_ESTABLISHED);
	tf_replica_retract(r, TF_ESTABLISHED, evidence);
}

/* The states in which an end has received what BIT stands for. */
static tf_states
states_after(unsigned bit)
{
	switch (bit) {
	case TF_P_ACK_OF_SYN:
		return (tf_states) ~(TF_STATES(TF_CLOSED) | TF_STATES(TF_LISTEN) | TF_STATES(TF_SYN_SENT) |
		                     TF_STATES(TF_SYN_RECEIVED));
	case TF_P_ACK_OF_FIN:
		return TF_STATES(TF_FIN_WAIT_2) | TF_STATES(TF_TIME_WAIT) | TF_STATES(TF_CLOSED);
	case TF_P_FIN:
		return TF_STATES(TF_CLOSE_WAIT) | TF_STATES(TF_CLOSING) | TF_STATES(TF_LAST_ACK) |
		       TF_STATES(TF_TIME_WAIT);
	case TF_P_RST:
		return TF_STATES(TF_CLOSED) | TF_STATES(TF_LISTEN);
	default:
		return 0;
	}
}

void
tf_replica_doubt(struct tf_replica r, unsigned bits, enum tf_input evidence)
{
	tf_states after = 0;
	unsigned steps = 0, top;

	r.end->doubt |= (uint8_t)bits;
	for (unsigned bit = 1; bit < TF_P_COUNT; bit <<= 1)
		if (bits & bit)
			after |= states_after(bit);
	/* A RST that seems to have come later still counts. */
	top = tf_end_state(r.end) == TF_CLOSED && r.end->pending & ~(unsigned)r.end->doubt & TF_P_RST;
	steps = top;
	while (steps < depth_of(r.end) - proven_of(r.end) && after & TF_STATES(state_below(r.end, steps)))
		steps++;
	if (steps == top)
		return;
	pop(r, steps, evidence);
	tf_replica_presume(r);
	refresh_possible(r);
}
