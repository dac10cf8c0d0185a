# Makes tcpfsm-anomalies.7 out of include/tcpfsm/anomalies.def and timers.def
# (in this order on the command line).  It knows the layout of these two files
# and mdoc(7); what stands in the page it takes from them.

BEGIN {
	family_name["TF_OPENING"] = "opening"
	family_name["TF_ISN"] = "isn"
	family_name["TF_ESTABLISHED_FAMILY"] = "established"
	family_name["TF_CLOSING_FAMILY"] = "closing"
	family_name["TF_CAPTURE"] = "capture"
	print_head()
}

# The arguments of the macro call in TEXT, which begins after its '(': field[1] and so on.
# Adjacent strings are joined.  Returns how many there are.
function split_fields(text,    n, i, c, in_string) {
	n = 1
	field[1] = ""
	in_string = 0
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\\" && in_string)
			field[n] = field[n] substr(text, ++i, 1)
		else if (c == "\"")
			in_string = !in_string
		else if (in_string || c !~ /[ \t\n,)]/)
			field[n] = field[n] c
		else if (c == ",")
			field[++n] = ""
		else if (c == ")")
			return n
	}
	print FILENAME ": a row is not closed: " substr(text, 1, 60) | "cat 1>&2"
	failed = 1
	exit 1
}

# TEXT as roff: backslashes, names of functions, and what stands between backquotes in bold with
# real minus signs.
function roff(text,    parts, n, i, out) {
	gsub(/\\/, "\\e", text)
	n = split(text, parts, "`")
	out = ""
	for (i = 1; i <= n; i++) {
		if (i % 2 == 0) {
			gsub(/-/, "\\-", parts[i])
			out = out "\\fB" parts[i] "\\fR"
		} else {
			out = out bold_functions(parts[i])
		}
	}
	return out
}

function bold_functions(text,    out) {
	out = ""
	while (match(text, /[a-z]+\(\)/)) {
		out = out substr(text, 1, RSTART - 1) "\\fB" substr(text, RSTART, RLENGTH - 2) "\\fR\\&()"
		text = substr(text, RSTART + RLENGTH)
	}
	return out text
}

# Print TEXT as lines of at most 78 characters, each sentence on a line of its own.
function fill(text,    words, n, i, line) {
	n = split(roff(text), words, " ")
	line = ""
	for (i = 1; i <= n; i++) {
		if (line != "" && length(line) + 1 + length(words[i]) > 78) {
			print_line(line)
			line = ""
		}
		line = line (line == "" ? "" : " ") words[i]
		if (words[i] ~ /[.?!]["')]*$/) {
			print_line(line)
			line = ""
		}
	}
	if (line != "")
		print_line(line)
}

function print_line(line) {
	print (line ~ /^[.']/ ? "\\&" : "") line
}

function minus(text) {
	gsub(/-/, "\\-", text)
	return text
}

function print_head() {
	print ".\\\" Made by anomalies.awk from anomalies.def and timers.def: change those."
	print ".Dd November 22, 2026"
	print ".Dt TCPFSM-ANOMALIES 7"
	print ".Os"
	print ".Sh NAME"
	print ".Nm tcpfsm-anomalies"
	print ".Nd what tcpfsm reports, what it means and what to look at next"
	print ".Sh DESCRIPTION"
	fill("This page lists every finding that tcpfsm can report. The same text is printed by `tcpfsm --explain=ID`.")
	print ".Pp"
	fill("Each finding has a severity:")
	print ".Bl -tag -width warning"
	print ".It Sy error"
	fill("Data may be lost, corrupted or injected, or a service is down.")
	print ".It Sy warning"
	print "Someone should look."
	print ".It Sy notice"
	print "Unusual but legitimate."
	print ".It Sy info"
	print "A fact worth counting."
	print ".El"
	print ".Pp"
	fill("What is given here is the default. A finding may be milder or harsher than that where its entry says so.")
	print ".Pp"
	fill("A finding needs proof in the capture. Nothing is reported that the capture may merely have missed, and a " \
	    "condition counts as lasting only when its limit ran out inside the capture. The limits that the entries name " \
	    "are those of the profile `linux`; see TIMER PROFILES.")
	print ".Pp"
	fill("The option `--fail-on` of tcpfsm accepts the ids, the severities and the families.")
	print ".Pp"
	fill("In JSON the numbers of a finding stand in `details`; each entry names them with their kind: COUNT (a number), " \
	    "DURATION (seconds), PACKET (number of a packet), SEQ (sequence number), STATE, TEXT, BOOL, RATIO (0 to 1), ADDR (an " \
	    "address). A detail with a question mark may be absent.")
	print ".Sh ANOMALIES"
}

function end_family() {
	if (family != "")
		print ".El"
}

function print_anomaly() {
	if (field[4] != family) {
		end_family()
		family = field[4]
		print ".Ss Family " family_name[family]
		print ".Bl -tag -width Ds"
	}
	sub(/^TF_/, "", field[3])
	print ".It Sy " minus(field[2]) " Pq " tolower(field[3])
	fill(field[5] ".")
	print ".Pp"
	fill(field[7])
	print ".Pp"
	print ".Em Why it matters :"
	fill(field[8])
	print ".Pp"
	print ".Em Usual causes :"
	fill(field[9])
	print ".Pp"
	print ".Em Look at :"
	fill(field[10])
	print ".Pp"
	print ".Em Reference :"
	fill(field[11] ".")
	print_details(field[2])
}

# What the finding is about, and the members of `details`, as the catalogue's table has them.
function print_details(name,    text, split_at) {
	text = about[name]
	split_at = index(text, "): ")
	if (!split_at) {
		print FILENAME ": the table of details lacks " name | "cat 1>&2"
		failed = 1
		exit 1
	}
	print ".Pp"
	print ".Em About :"
	fill((text ~ /^-/ ? "the connection" : substr(text, 1, split_at - 1)) ".")
	print ".Em Details :"
	fill(substr(text, split_at + 3) ".")
}

function print_timers_head() {
	end_family()
	print ".Sh TIMER PROFILES"
	fill("How long the observed hosts wait cannot be seen. It is assumed from a profile, chosen by `--profile`, and each " \
	    "value can be set by `--timer NAME=SECONDS`. Where a stack has no such timer, the value is the limit of the finding " \
	    "itself. All are seconds, but for keepalive-probes, which is a count.")
	print ".Bl -column \"keepalive-probes\" \"linux\" \"7200\" \"7200\" \"windows\""
	print ".It Sy name Ta Sy linux Ta Sy rfc Ta Sy bsd Ta Sy windows Ta Sy what"
}

function print_timer(    i, row) {
	row = ".It " minus(field[2])
	for (i = 3; i <= 6; i++)
		row = row " Ta " field[i]
	print row " Ta " minus(field[7])
}

# The table of details in the head comment: "id (end): details", going on in indented lines.
/^ \*   [a-z][a-z0-9-]* \(/ && !anomalies {
	id = $2
	about[id] = substr($0, index($0, "(") + 1)
	next
}

/^ \*         / && id != "" && !anomalies {
	about[id] = about[id] " " substr($0, 13)
	next
}

/^ANOMALY\(/ {
	row = ""
	collecting = 1
}

collecting {
	row = row $0 "\n"
	if (/"\)$/) {
		collecting = 0
		if (split_fields(substr(row, index(row, "(") + 1)) != 11) {
			print FILENAME ": a row has not 11 fields: " row | "cat 1>&2"
			failed = 1
			exit 1
		}
		print_anomaly()
		anomalies++
	}
}

/^TIMER\(/ {
	if (!timers++)
		print_timers_head()
	split_fields(substr($0, index($0, "(") + 1))
	print_timer()
}

END {
	if (failed || !anomalies || !timers)
		exit 1
	print ".El"
	print ".Sh SEE ALSO"
	print ".Xr tcpfsm 1 ,"
	print ".Xr tcp 7 ,"
	print ".Xr nstat 8 ,"
	print ".Xr ss 8"
	print ".Sh STANDARDS"
	print ".Rs"
	print ".%A W. Eddy (ed.)"
	print ".%D August 2022"
	print ".%R RFC 9293"
	print ".%T Transmission Control Protocol (TCP)"
	print ".Re"
}
