/*
 * Short texts: see cells.h.  Nothing depends on the locale.
 */
#include "screen/cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)

const char *
tf_state_short_name(enum tf_state s)
{
	static const char *const names[] = {
#define STATE(id, name, short_name) [TF_##id] = short_name,
#include "tcpfsm/state.def"
#undef STATE
	};

	/* ss(8) says UNCONN of sockets that never were connected. */
	return s == TF_CLOSED ? tf_state_name(s) : names[s];
}

void
tf_cell_end(char cell[TF_CELL], const struct tf_row *row, enum tf_endpoint end)
{
	struct tf_buf b;

	tf_buf_init(&b, -1);
	tf_put_addr_port(&b, &row->addr[end], row->port[end]);
	tf_put_char(&b, '\0');
	snprintf(cell, TF_CELL, "%s", b.error == 0 ? b.data : "?");
	tf_buf_fini(&b);
}

void
tf_cell_age(char cell[TF_CELL], int64_t ns)
{
	int64_t s = ns / NS_PER_SECOND;

	if (s < 1)
		snprintf(cell, TF_CELL, "<1s");
	else if (s < 100)
		snprintf(cell, TF_CELL, "%" PRId64 "s", s);
	else if (s < 100 * 60)
		snprintf(cell, TF_CELL, "%" PRId64 "m", s / 60);
	else if (s < 100 * 3600)
		snprintf(cell, TF_CELL, "%" PRId64 "h", s / 3600);
	else
		snprintf(cell, TF_CELL, "%" PRId64 "d", s / 86400);
}

/* One decimal below ten of a unit. */
void
tf_cell_size(char cell[TF_CELL], uint64_t n)
{
	static const char units[] = "kMGTPE";
	uint64_t unit = 1000;
	int i = 0;

	if (n < unit) {
		snprintf(cell, TF_CELL, "%" PRIu64, n);
		return;
	}
	while (units[i + 1] && n / unit >= 1000) {
		unit *= 1000;
		i++;
	}
	if (n / unit < 10)
		snprintf(cell, TF_CELL, "%" PRIu64 ".%" PRIu64 "%c", n / unit, n % unit * 10 / unit,
		         units[i]);
	else
		snprintf(cell, TF_CELL, "%" PRIu64 "%c", n / unit, units[i]);
}

void
tf_cell_findings(char cell[TF_CELL], const struct tf_row *row, size_t width)
{
	size_t used = (size_t)snprintf(cell, TF_CELL, "%d", __builtin_popcountll(row->ids));
	char between = ' ';

	if (!row->ids) {
		*cell = '\0';
		return;
	}
	for (int id = 0; id < TF_ANOMALY_COUNT; id++) {
		const char *name = tf_anomaly_info((enum tf_anomaly)id)->id;
		if (!(row->ids >> id & 1))
			continue;
		if (used + 1 + strlen(name) > width || used + 1 + strlen(name) >= TF_CELL)
			return;
		used += (size_t)snprintf(cell + used, TF_CELL - used, "%c%s", between, name);
		between = ',';
	}
}

/* "~7.0.0.1:80" */
static void
cut_front(char cell[TF_CELL], size_t width)
{
	size_t n = strlen(cell);

	if (n <= width || width == 0)
		return;
	memmove(cell, cell + n - width, width + 1);
	cell[0] = '~';
}

void
tf_cell(char cell[TF_CELL], const struct tf_row *row, enum tf_column column, size_t width, int64_t now_ns)
{
	switch (column) {
	case TF_COLUMN_CONN:
		snprintf(cell, TF_CELL, "%" PRIu64, row->conn);
		break;
	case TF_COLUMN_CLIENT:
	case TF_COLUMN_SERVER:
		tf_cell_end(cell, row, column == TF_COLUMN_CLIENT ? TF_CLIENT : TF_SERVER);
		break;
	case TF_COLUMN_CLIENT_STATE:
	case TF_COLUMN_SERVER_STATE:
		snprintf(cell, TF_CELL, "%s",
		         tf_state_short_name((enum tf_state)row->state[column == TF_COLUMN_SERVER_STATE]));
		break;
	case TF_COLUMN_AGE:
		tf_cell_age(cell, (row->is_over ? row->last_ns : now_ns) - row->first_ns);
		break;
	case TF_COLUMN_RATE:
		tf_cell_size(cell, row->rate);
		break;
	case TF_COLUMN_RETRANSMITTED:
		tf_cell_size(cell, row->retransmitted);
		break;
	case TF_COLUMN_FINDINGS:
		tf_cell_findings(cell, row, width);
		return;
	case TF_COLUMN_COUNT:
	default:
		*cell = '\0';
	}
	cut_front(cell, width);
}

const char *
tf_cell_heading(enum tf_column column)
{
	static const char *const headings[] = {
	    [TF_COLUMN_CONN] = "CONN",
	    [TF_COLUMN_CLIENT] = "CLIENT",
	    [TF_COLUMN_SERVER] = "SERVER",
	    [TF_COLUMN_CLIENT_STATE] = "CLIENT'S",
	    [TF_COLUMN_SERVER_STATE] = "SERVER'S",
	    [TF_COLUMN_AGE] = "AGE",
	    [TF_COLUMN_RATE] = "B/S",
	    [TF_COLUMN_RETRANSMITTED] = "AGAIN",
	    [TF_COLUMN_FINDINGS] = "FINDINGS",
	};

	return headings[column];
}

/* 80 columns hold all but the number, and 17 of each end; what is more goes to the ends, then to the findings. */
void
tf_cell_widths(size_t widths[TF_COLUMN_COUNT], size_t width)
{
	static const size_t least[TF_COLUMN_COUNT] = {
	    [TF_COLUMN_CLIENT] = 15,       [TF_COLUMN_SERVER] = 15,  [TF_COLUMN_CLIENT_STATE] = 10,
	    [TF_COLUMN_SERVER_STATE] = 10, [TF_COLUMN_AGE] = 3,      [TF_COLUMN_RATE] = 4,
	    [TF_COLUMN_RETRANSMITTED] = 5, [TF_COLUMN_FINDINGS] = 8,
	};
	size_t used = TF_COLUMN_COUNT - 2;

	memcpy(widths, least, sizeof least);
	for (int i = 0; i < TF_COLUMN_COUNT; i++)
		used += least[i];
	size_t spare = width > used ? width - used : 0;
	size_t ends = spare < 12 ? spare : 12 + (spare - 12) / 3;
	if (ends > 64)
		ends = 64;
	widths[TF_COLUMN_CLIENT] += ends - ends / 2;
	widths[TF_COLUMN_SERVER] += ends / 2;
	spare -= ends;
	if (spare > 24) {
		widths[TF_COLUMN_CONN] = 8;
		spare -= 9;
	}
	widths[TF_COLUMN_FINDINGS] += spare;
}

void
tf_cell_states(char cell[TF_CELL], const uint64_t states[TF_STATE_COUNT], size_t width)
{
	size_t used = 0;

	*cell = '\0';
	for (int s = 0; s < TF_STATE_COUNT; s++) {
		char one[48];
		size_t n;
		if (!states[s])
			continue;
		n = (size_t)snprintf(one, sizeof one, "%s%s %" PRIu64, used ? "  " : "",
		                     tf_state_short_name((enum tf_state)s), states[s]);
		if (used + n > width || used + n >= TF_CELL)
			return;
		memcpy(cell + used, one, n + 1);
		used += n;
	}
	if (!used)
		snprintf(cell, TF_CELL, "none");
}
