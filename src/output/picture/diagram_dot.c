/*
 * The state diagram for dot(1) of Graphviz: see diagram.h.
 */
#include "output/picture/diagram.h"

/* One arrow; END 2 is nobody's. */
static void
put_arrow(struct tf_buf *b, const struct tf_edge *e, const struct tf_travel *t, size_t edge, unsigned end)
{
	static const char *const looks[] = {"color=blue, penwidth=2",
	                                    "color=darkgreen, penwidth=2, style=dashed", "color=gray60"};
	bool bad = t != NULL && end < 2 && t->bad[edge][end] > 0;

	tf_put_lit(b, "\t\"");
	tf_put_str(b, tf_state_name(e->from));
	tf_put_lit(b, "\" -> \"");
	tf_put_str(b, tf_state_name(e->to));
	tf_put_lit(b, "\" [");
	tf_put_str(b, looks[end]);
	if (bad)
		tf_put_lit(b, ", color=red");
	tf_put_lit(b, ", label=\"");
	for (size_t i = 0; i < TF_EDGE_WORDS && e->words[i] != NULL; i++) {
		if (i > 0)
			tf_put_lit(b, "\\n");
		tf_put_str(b, e->words[i]);
	}
	if (end < 2) {
		tf_put_str(b, end == TF_CLIENT ? "\\nclient " : "\\nserver ");
		tf_put_u64(b, t->count[edge][end]);
	}
	if (bad) {
		tf_put_lit(b, " (");
		tf_put_u64(b, t->bad[edge][end]);
		tf_put_lit(b, " in findings)");
	}
	tf_put_lit(b, "\"];\n");
}

void
tf_diagram_dot(struct tf_buf *b, const struct tf_travel *t)
{
	size_t count;
	const struct tf_edge *e = tf_edges(&count);

	tf_put_lit(b, "digraph tcp {\n\tnode [shape=box, style=rounded];\n");
	for (unsigned s = 0; s < TF_STATE_COUNT; s++) {
		tf_put_lit(b, "\t\"");
		tf_put_str(b, tf_state_name((enum tf_state)s));
		tf_put_lit(b, "\";\n");
	}
	for (size_t i = 0; i < count; i++) {
		bool client = t != NULL && t->count[i][TF_CLIENT] > 0,
		     server = t != NULL && t->count[i][TF_SERVER] > 0;

		if (client)
			put_arrow(b, &e[i], t, i, TF_CLIENT);
		if (server)
			put_arrow(b, &e[i], t, i, TF_SERVER);
		if (!client && !server)
			put_arrow(b, &e[i], t, i, 2);
	}
	tf_put_lit(b, "}\n");
}
