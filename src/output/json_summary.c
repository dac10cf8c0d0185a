/*
 * The last line of JSON: totals of the capture, of what was found in it
 * and of what was left out, and how the findings compare with a baseline.
 * Every field is always there but for the baseline, which is there where
 * one was given; null where a value is not known.
 */
#include "json_summary.h"

static void
put_anomaly_totals(struct tf_buf *b, const struct tf_summary *s)
{
	tf_put_lit(b, ",\"anomalies\":{");
	for (unsigned id = 0, n = 0; id < TF_ANOMALY_COUNT; id++) {
		if (s->anomalies[id] == 0)
			continue;
		if (n++ > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, tf_anomaly_info((enum tf_anomaly)id)->id);
		tf_put_char(b, ':');
		tf_put_u64(b, s->anomalies[id]);
	}
	tf_put_char(b, '}');
}

static void
put_skipped(struct tf_buf *b, const struct tf_summary *s)
{
	tf_put_lit(b, ",\"skipped\":{");
	for (size_t i = 0, n = 0; i < s->skipped_count; i++) {
		if (s->skipped[i].count == 0)
			continue;
		if (n++ > 0)
			tf_put_char(b, ',');
		tf_put_json_string(b, s->skipped[i].name);
		tf_put_char(b, ':');
		tf_put_u64(b, s->skipped[i].count);
	}
	tf_put_char(b, '}');
}

/* A time of the capture: null where there was no packet. */
static void
put_time(struct tf_buf *b, const struct tf_summary *s, unsigned decimals, int64_t ts_ns)
{
	if (s->packets == 0)
		tf_put_lit(b, "null");
	else
		tf_put_seconds_fixed(b, ts_ns, decimals);
}

/* Only where there is one. */
static void
put_baseline(struct tf_buf *b, const struct tf_baseline_summary *baseline)
{
	if (baseline == NULL)
		return;
	tf_put_lit(b, ",\"baseline\":{\"known\":");
	tf_put_u64(b, baseline->known);
	tf_put_lit(b, ",\"new\":");
	tf_put_u64(b, baseline->news);
	tf_put_lit(b, ",\"gone\":[");
	for (size_t i = 0; i < baseline->gone_count; i++) {
		tf_put_str(b, i > 0 ? ",{\"finding\":" : "{\"finding\":");
		tf_put_json_string(b, baseline->gone[i].identity);
		tf_put_lit(b, ",\"count\":");
		tf_put_u64(b, baseline->gone[i].count);
		tf_put_char(b, '}');
	}
	tf_put_lit(b, "]}");
}

void
tf_put_json_summary(struct tf_buf *b, const struct tf_summary *s, unsigned decimals)
{
	tf_put_lit(b, "{\"type\":\"summary\",\"packets\":");
	tf_put_u64(b, s->packets);
	tf_put_lit(b, ",\"tcp_segments\":");
	tf_put_u64(b, s->tcp_segments);
	tf_put_lit(b, ",\"connections\":");
	tf_put_u64(b, s->connections);
	put_anomaly_totals(b, s);
	tf_put_lit(b, ",\"dropped_by_kernel\":");
	if (s->dropped_by_kernel < 0)
		tf_put_lit(b, "null");
	else
		tf_put_u64(b, (uint64_t)s->dropped_by_kernel);
	put_skipped(b, s);
	tf_put_lit(b, ",\"duplicate_frames\":");
	tf_put_u64(b, s->duplicate_frames);
	tf_put_lit(b, ",\"bad_checksums\":");
	tf_put_u64(b, s->bad_checksums);
	tf_put_lit(b, ",\"late_segments\":");
	tf_put_u64(b, s->late_segments);
	tf_put_lit(b, ",\"time_backwards\":");
	tf_put_u64(b, s->time_backwards);
	tf_put_lit(b, ",\"evicted\":");
	tf_put_u64(b, s->evicted);
	tf_put_lit(b, ",\"first_ts\":");
	put_time(b, s, decimals, s->first_ts_ns);
	tf_put_lit(b, ",\"last_ts\":");
	put_time(b, s, decimals, s->last_ts_ns);
	tf_put_lit(b, ",\"input_error\":");
	tf_put_json_string(b, s->input_error);
	put_baseline(b, s->baseline);
	tf_put_lit(b, "}\n");
}
