/*
 * Rows come and go: see model.h.
 *
 * At each refresh all rows are made anew from the analyzer's table; the
 * former ones give the rates.  Records of connections that are over lie in
 * a ring and join them until their time has passed.
 */
#include "screen/model.h"

#include <stdlib.h>
#include <string.h>

#include "output/message.h"

void
tf_model_init(struct tf_model *m, int64_t keep_over_ns)
{
	*m = (struct tf_model){
	    .keep_over_ns = keep_over_ns,
	    .sort = TF_COLUMN_FINDINGS,
	    .scratch = {.fd = -1},
	    .ladder = {.most = TF_MODEL_RUNGS},
	};
}

void
tf_model_fini(struct tf_model *m)
{
	for (size_t i = 0; i < TF_MODEL_FEED; i++)
		free(m->feed[i].text);
	free(m->row);
	free(m->index);
	free(m->former);
	free(m->former_index);
	tf_buf_fini(&m->scratch);
	free(m->over);
	free(m->shown);
	tf_pending_fini(&m->ladder.pending);
}

/* ---- rows by number ---------------------------------------------------------- */

static size_t
slot_of(const struct tf_model *m, uint64_t conn)
{
	size_t at = (size_t)(conn * UINT64_C(0x9e3779b97f4a7c15)) & (m->index_size - 1);

	while (m->index[at] && m->row[m->index[at] - 1].conn != conn)
		at = (at + 1) & (m->index_size - 1);
	return at;
}

static struct tf_row *
find(const struct tf_model *m, uint64_t conn)
{
	size_t at;

	if (!m->index_size)
		return NULL;
	at = slot_of(m, conn);
	return m->index[at] ? &m->row[m->index[at] - 1] : NULL;
}

/* Twice the rows at least, so that a search is short. */
static void
build_index(struct tf_model *m)
{
	size_t size = 64;

	while (size < m->count * 2)
		size *= 2;
	if (size > m->index_size || size * 8 < m->index_size) {
		free(m->index);
		m->index = malloc(size * sizeof *m->index);
		m->index_size = m->index ? size : 0;
	}
	if (!m->index_size) {
		m->no_memory = true;
		return;
	}
	memset(m->index, 0, m->index_size * sizeof *m->index);
	for (size_t i = 0; i < m->count; i++)
		m->index[slot_of(m, m->row[i].conn)] = (uint32_t)i + 1;
}

/* ---- a record into a row ------------------------------------------------------ */

static void
take_findings(struct tf_row *row, const struct tf_connection_record *r)
{
	for (size_t i = 0; i < r->anomaly_count; i++) {
		enum tf_severity severity = tf_anomaly_info(r->anomalies[i].id)->severity;
		row->ids |= UINT64_C(1) << r->anomalies[i].id;
		if (severity > row->worst)
			row->worst = (uint8_t)severity;
	}
}

static struct tf_row
row_of(const struct tf_connection_record *r)
{
	struct tf_row row = {
	    .conn = r->conn,
	    .close = (uint8_t)r->close,
	    .guessed = r->roles == TF_ROLES_GUESSED,
	    .first_ns = r->first_ts_ns,
	    .last_ns = r->last_ts_ns,
	};

	for (int i = TF_CLIENT; i <= TF_SERVER; i++) {
		const struct tf_end_record *end = &r->end[i];
		row.addr[i] = end->addr;
		row.port[i] = end->port;
		row.state[i] = (uint8_t)end->state;
		row.bytes[i] = end->bytes;
		row.packets[i] = end->packets;
		row.retransmitted += end->retransmitted;
	}
	take_findings(&row, r);
	return row;
}

static uint64_t
rate(uint64_t bytes, int64_t ns)
{
	return ns > 0 ? (uint64_t)((double)bytes * 1e9 / (double)ns) : 0;
}

/* ---- what is over -------------------------------------------------------------- */

/* Its ladder goes with it. */
static void
forget_oldest(struct tf_model *m)
{
	struct tf_pending *p = tf_pending_find(&m->ladder.pending, m->over[m->over_first].conn);

	if (p)
		tf_pending_drop(&m->ladder.pending, p);
	m->over_first = (m->over_first + 1) % m->over_capacity;
	m->over_count--;
}

/* A ring twice as large, that begins at its start. */
static bool
grow_ring(struct tf_model *m)
{
	size_t capacity = m->over_capacity ? m->over_capacity * 2 : 256;
	struct tf_row *bigger;

	if (capacity > TF_MODEL_CLOSED || !(bigger = malloc(capacity * sizeof *bigger)))
		return false;
	for (size_t i = 0; i < m->over_count; i++)
		bigger[i] = m->over[(m->over_first + i) % m->over_capacity];
	free(m->over);
	m->over = bigger;
	m->over_first = 0;
	m->over_capacity = capacity;
	return true;
}

static bool
make_room_for_over(struct tf_model *m)
{
	if (m->over_count < m->over_capacity || grow_ring(m))
		return true;
	if (m->over_count == 0)
		return false;
	m->over_lost++;
	forget_oldest(m);
	return true;
}

static void
take_record(struct tf_model *m, const struct tf_connection_record *r)
{
	struct tf_row row = row_of(r);

	row.is_over = true;
	row.over_ns = m->now_ns;
	row.rate = rate(row.bytes[0] + row.bytes[1], row.last_ns - row.first_ns);
	if (make_room_for_over(m))
		m->over[(m->over_first + m->over_count++) % m->over_capacity] = row;
	else
		m->no_memory = true;
}

static void
forget_what_is_old(struct tf_model *m)
{
	while (m->over_count && m->keep_over_ns != INT64_MAX &&
	       m->over[m->over_first].over_ns + m->keep_over_ns < m->now_ns)
		forget_oldest(m);
}

/* ---- events ---------------------------------------------------------------------- */

static void
take_finding(struct tf_model *m, const struct tf_finding *f)
{
	struct tf_feed_line *line = &m->feed[(m->feed_first + m->feed_count) % TF_MODEL_FEED];
	struct tf_buf text;

	if (m->feed_count == TF_MODEL_FEED)
		m->feed_first = (m->feed_first + 1) % TF_MODEL_FEED;
	else
		m->feed_count++;
	tf_buf_init(&text, -1);
	tf_put_message(&text, f);
	tf_put_char(&text, '\0');
	free(line->text);
	*line =
	    (struct tf_feed_line){.ts_ns = f->ts_ns, .conn = f->conn, .severity = f->severity, .id = f->id};
	if (text.error == 0)
		line->text = text.data;
	else
		m->no_memory = true;
}

unsigned
tf_model_wanted(void)
{
	return TF_EV_TRANSITION | TF_EV_FINDING | TF_EV_CONNECTION | TF_EV_SEGMENT;
}

void
tf_model_event(void *model, const struct tf_event *event)
{
	struct tf_model *m = model;

	if (event->kind == TF_EV_CONNECTION)
		take_record(m, event->connection);
	else if (event->kind == TF_EV_FINDING)
		take_finding(m, event->finding);
	if (!tf_ladder_keep(&m->ladder, event))
		m->no_memory = true;
}

/* ---- the refresh ------------------------------------------------------------------- */

struct refresh {
	struct tf_model *m;
	struct tf_model former; /* its rows and index */
	int64_t passed_ns;      /* since then */
};

static void
add(struct tf_model *m, const struct tf_row *row)
{
	if (m->count == m->capacity) {
		size_t capacity = m->capacity ? m->capacity * 2 : 256;
		struct tf_row *bigger = realloc(m->row, capacity * sizeof *bigger);
		if (!bigger) {
			m->no_memory = true;
			return;
		}
		m->row = bigger;
		m->capacity = capacity;
	}
	m->row[m->count++] = *row;
}

static bool
take_live(void *context, const struct tf_connection_record *r)
{
	struct refresh *refresh = context;
	struct tf_row row = row_of(r);
	const struct tf_row *former = find(&refresh->former, r->conn);
	uint64_t bytes = row.bytes[0] + row.bytes[1];

	if (!former)
		row.rate = rate(bytes, refresh->m->now_ns - row.first_ns);
	else if (refresh->passed_ns > 0)
		row.rate = rate(bytes - former->bytes[0] - former->bytes[1], refresh->passed_ns);
	for (int i = TF_CLIENT; i <= TF_SERVER; i++)
		refresh->m->states[i][row.state[i]]++;
	add(refresh->m, &row);
	return true;
}

void
tf_model_refresh(struct tf_model *m, const struct tf_analyzer *a, int64_t now_ns)
{
	struct refresh refresh = {.m = m, .former = *m, .passed_ns = now_ns - m->sampled_ns};

	m->now_ns = m->sampled_ns = now_ns;
	m->row = refresh.former.former;
	m->count = 0;
	m->capacity = refresh.former.former_capacity;
	m->index = refresh.former.former_index;
	m->index_size = refresh.former.former_index_size;
	memset(m->states, 0, sizeof m->states);
	if (a)
		tf_analyzer_connections(a, take_live, &refresh);
	/* Its room is for the next one: fresh memory would cost more than the rows. */
	m->former = refresh.former.row;
	m->former_capacity = refresh.former.capacity;
	m->former_index = refresh.former.index;
	m->former_index_size = refresh.former.index_size;
	forget_what_is_old(m);
	for (size_t i = 0; i < m->over_count; i++)
		add(m, &m->over[(m->over_first + i) % m->over_capacity]);
	build_index(m);
	tf_model_arrange(m);
}

/* ---- asking ---------------------------------------------------------------------------- */

const struct tf_feed_line *
tf_model_feed(const struct tf_model *m, size_t i)
{
	if (i >= m->feed_count)
		return NULL;
	return &m->feed[(m->feed_first + m->feed_count - 1 - i) % TF_MODEL_FEED];
}

const struct tf_pending *
tf_model_events(const struct tf_model *m)
{
	return m->chosen ? tf_pending_find(&m->ladder.pending, m->chosen) : NULL;
}
