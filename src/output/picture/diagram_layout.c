/*
 * The layout of the state diagram as tables: see diagram_layout.h.
 */
#include "output/picture/diagram_layout.h"

static const struct tf_point place[TF_STATE_COUNT] = {
    [TF_CLOSED] = {560, 76},        [TF_LISTEN] = {560, 190},      [TF_SYN_SENT] = {850, 330},
    [TF_SYN_RECEIVED] = {270, 330}, [TF_ESTABLISHED] = {560, 480}, [TF_FIN_WAIT_1] = {270, 620},
    [TF_FIN_WAIT_2] = {270, 780},   [TF_CLOSE_WAIT] = {850, 620},  [TF_CLOSING] = {560, 780},
    [TF_LAST_ACK] = {850, 780},     [TF_TIME_WAIT] = {560, 930},
};

static const struct tf_point last_closed = {850, 930};

#define STRAIGHT(x1, y1, x2, y2)                                                                             \
	{                                                                                                    \
		{x1, y1}, {((x1) + (x2)) / 2.0, ((y1) + (y2)) / 2.0},                                        \
		{                                                                                            \
			x2, y2                                                                               \
		}                                                                                            \
	}
#define START  TF_ANCHOR_START
#define MIDDLE TF_ANCHOR_MIDDLE
#define END    TF_ANCHOR_END

static const struct way {
	enum tf_state from, to;
	struct tf_route route;
} ways[] = {
    {TF_CLOSED, TF_SYN_SENT, {{{635, 72}, {850, 80}, {850, 308}}, {826, 130}, START, false}},
    {TF_LISTEN, TF_SYN_RECEIVED, {{{485, 188}, {240, 195}, {240, 308}}, {322, 132}, END, false}},
    {TF_SYN_SENT, TF_SYN_RECEIVED, {STRAIGHT(775, 330, 345, 330), {560, 348}, MIDDLE, false}},
    {TF_SYN_SENT, TF_ESTABLISHED, {STRAIGHT(815, 352, 630, 458), {745, 416}, START, false}},
    {TF_SYN_RECEIVED, TF_ESTABLISHED, {STRAIGHT(305, 352, 490, 458), {378, 416}, END, false}},
    {TF_SYN_RECEIVED, TF_FIN_WAIT_1, {STRAIGHT(206, 352, 206, 598), {196, 500}, END, false}},
    {TF_ESTABLISHED, TF_FIN_WAIT_1, {STRAIGHT(500, 502, 305, 598), {425, 568}, START, false}},
    {TF_ESTABLISHED, TF_CLOSE_WAIT, {STRAIGHT(620, 502, 815, 598), {762, 508}, START, false}},
    {TF_FIN_WAIT_1, TF_FIN_WAIT_2, {STRAIGHT(250, 642, 250, 758), {240, 690}, END, false}},
    {TF_FIN_WAIT_1, TF_CLOSING, {STRAIGHT(310, 642, 500, 758), {456, 676}, START, false}},
    {TF_FIN_WAIT_2, TF_TIME_WAIT, {STRAIGHT(310, 802, 490, 908), {372, 868}, END, false}},
    {TF_CLOSING, TF_TIME_WAIT, {STRAIGHT(560, 802, 560, 908), {572, 846}, START, false}},
    {TF_CLOSE_WAIT, TF_LAST_ACK, {STRAIGHT(850, 642, 850, 758), {862, 690}, START, false}},
    {TF_LAST_ACK, TF_CLOSED, {STRAIGHT(850, 802, 850, 908), {862, 846}, START, false}},
    {TF_TIME_WAIT, TF_CLOSED, {STRAIGHT(635, 930, 775, 930), {705, 950}, MIDDLE, false}},
};

static const struct way abort_ways[] = {
    {TF_SYN_RECEIVED, TF_LISTEN, {{{312, 308}, {410, 235}, {512, 213}}, {436, 256}, START, false}},
    {TF_SYN_SENT, TF_CLOSED, {STRAIGHT(925, 330, 975, 330), {1006, 353}, MIDDLE, true}},
    {TF_SYN_RECEIVED, TF_CLOSED, {STRAIGHT(195, 330, 145, 330), {114, 353}, MIDDLE, true}},
    {TF_ESTABLISHED, TF_CLOSED, {STRAIGHT(485, 480, 455, 480), {418, 503}, END, true}},
    {TF_FIN_WAIT_1, TF_CLOSED, {STRAIGHT(195, 620, 145, 620), {114, 643}, MIDDLE, true}},
    {TF_FIN_WAIT_2, TF_CLOSED, {STRAIGHT(195, 780, 145, 780), {114, 803}, MIDDLE, true}},
    {TF_CLOSE_WAIT, TF_CLOSED, {STRAIGHT(925, 620, 975, 620), {1006, 643}, MIDDLE, true}},
    {TF_CLOSING, TF_CLOSED, {STRAIGHT(635, 780, 665, 780), {696, 803}, MIDDLE, true}},
    {TF_LAST_ACK, TF_CLOSED, {STRAIGHT(925, 780, 975, 780), {1006, 803}, MIDDLE, true}},
    {TF_TIME_WAIT, TF_CLOSED, {STRAIGHT(485, 940, 455, 940), {424, 963}, MIDDLE, true}},
};

struct tf_point
tf_state_place(enum tf_state s)
{
	return place[s];
}

struct tf_point
tf_last_closed_place(void)
{
	return last_closed;
}

static const struct way *
way_of(const struct tf_edge *e)
{
	const struct way *table = e->aborts ? abort_ways : ways;
	size_t count = e->aborts ? sizeof abort_ways / sizeof *ways : sizeof ways / sizeof *ways;

	for (size_t i = 0; i < count; i++) {
		if (table[i].from == e->from && table[i].to == e->to)
			return &table[i];
	}
	return NULL;
}

bool
tf_edge_has_route(const struct tf_edge *e)
{
	return way_of(e) != NULL;
}

/* From the lower or upper side of one box to the next side of the other. */
static struct tf_route
straight_route(const struct tf_edge *e)
{
	struct tf_point a = place[e->from], b = place[e->to];
	double down = a.y < b.y ? TF_BOX_HIGH / 2.0 : -TF_BOX_HIGH / 2.0;
	struct tf_route r = {
	    .curve = STRAIGHT(a.x, a.y + down, b.x, b.y - down),
	    .label = {(a.x + b.x) / 2 + 8, (a.y + b.y) / 2},
	    .anchor = START,
	};

	return r;
}

struct tf_route
tf_edge_route(const struct tf_edge *e)
{
	const struct way *w = way_of(e);

	return w != NULL ? w->route : straight_route(e);
}
