"""What became of a finding that rests on silence: the reports for people say when it ended in the same connection, or
for how long it had lasted at the connection's latest segment, and say nothing where none came, or it came back.

Each case is a scenario, which tests/scenarios/run-scenarios writes as a capture; the program named by $TCPFSM reads
it.  The times and packets that are expected were counted in the scenario's lines.  Speaks TAP.
"""

import json
import os
import re
import subprocess
import sys

import kit
from kit import TCPFSM, as_json, check, tcpfsm

RUNNER = os.path.join(os.path.dirname(os.path.abspath(TCPFSM)), "tests", "scenarios", "run-scenarios")
STILL = "That was still so after"
WORDS = ("was heard again", "opened its window again", "answered after all", "acknowledged the FIN", "closed after all", "broke the silence")

# Packets 1 to 3, at 0, 10 and 11 ms.
OPENED = """isn      client 1000   server 5000
+0       client > server  S    0:0
+10ms    server > client  SA   0:0 ack 1
+1ms     client > server  A    1:1 ack 1
"""
# Packets 4 to 6: sent twice, acknowledged at 1 s.  From then on it is followed who was heard when.
TALKED = OPENED + """+189ms   client > server  PA   1:101 ack 1
+300ms   client > server  PA   1:101 ack 1
+500ms   server > client  A    1:1 ack 101
"""
# Packets 7 to 12, the last one 8.2 s after the server was heard.
DEAD = TALKED + """+2s      client > server  PA   101:201 ack 1
+200ms   client > server  PA   101:201 ack 1
+400ms   client > server  PA   101:201 ack 1
+800ms   client > server  PA   101:201 ack 1
+1600ms  client > server  PA   101:201 ack 1
+3200ms  client > server  PA   101:201 ack 1
"""
# The same once more, from packet 14 on.
DEAD_AGAIN = """+1s      client > server  PA   201:301 ack 1
+200ms   client > server  PA   201:301 ack 1
+400ms   client > server  PA   201:301 ack 1
+800ms   client > server  PA   201:301 ack 1
+1600ms  client > server  PA   201:301 ack 1
+3200ms  client > server  PA   201:301 ack 1
"""
# Packets 7 to 15, the last one 675 s after the server was heard.
PROBED = TALKED + "+75s     client > server  A    100:100 ack 1\n" * 9
# The window is shut in packet 7, at 1.01 s, and probed until 3.813 s.
SHUT = TALKED + """+5ms     client > server  PA   101:1101 ack 1
+5ms     server > client  A    1:1 ack 1101 win 0
+400ms   client > server  A    1100:1100 ack 1
+1ms     server > client  A    1:1 ack 1101 win 0
+800ms   client > server  A    1100:1100 ack 1
+1ms     server > client  A    1:1 ack 1101 win 0
+1600ms  client > server  A    1100:1100 ack 1
+1ms     server > client  A    1:1 ack 1101 win 0
+3200ms  client > server  A    1100:1100 ack 1
+1ms     server > client  A    1:1 ack 1101 win 0
"""
# The FIN is packet 4, sent again until packet 7, 1.4 s later.
UNACKNOWLEDGED = OPENED + """+1s      client > server  FA   1:1 ack 1
+200ms   client > server  FA   1:1 ack 1
+400ms   client > server  FA   1:1 ack 1
+800ms   client > server  FA   1:1 ack 1
"""
# Both FINs cross, and only the server's arrives; the client's is packet 4, sent again until packet 9, 1.402 s later.
CROSSED = OPENED + """+1s      client > server  FA   1:1 ack 1
+1ms     server > client  FA   1:1 ack 1
+1ms     client > server  A    2:2 ack 2
+200ms   client > server  FA   1:1 ack 2
+400ms   client > server  FA   1:1 ack 2
+800ms   client > server  FA   1:1 ack 2
"""
# Packet 5 acknowledges the FIN.
HALF_CLOSED = OPENED + """+1s      client > server  FA   1:1 ack 1
+10ms    server > client  A    1:1 ack 2
"""
# The server's FIN is packet 6, sent again until packet 9, 1.4 s later.
LAST_ACK = HALF_CLOSED + """+1s      server > client  FA   1:1 ack 2
+200ms   server > client  FA   1:1 ack 2
+400ms   server > client  FA   1:1 ack 2
+800ms   server > client  FA   1:1 ack 2
"""
# The SYN,ACK is packet 2, and packet 3 a second later.
EMBRYONIC = """isn      client 1000   server 5000
+0       client > server  S    0:0
+10ms    server > client  SA   0:0 ack 1
+1s      server > client  SA   0:0 ack 1
"""


def reports(scenario, *options):
    """What text (unwrapped), markdown, HTML and JSON say of it, the capture going on for a while after it."""
    with open("case.scn", "w", encoding="utf-8") as f:
        f.write(scenario)
    subprocess.run([RUNNER, "--write-pcap=case.pcap", "case.scn"], stdout=subprocess.PIPE, check=False)
    common = ("-r", "case.pcap", "--end=+100", *options)
    text = " ".join(tcpfsm(*common).expect(0).out.split())
    markdown = tcpfsm(*common, "-T", "markdown").expect(0).out
    page = tcpfsm(*common, "-T", "html").expect(0).out
    return text, markdown, page, as_json(*common).expect(0)


def found(text, finding):
    """The sentences of a finding in text, in front of what proves them."""
    hits = [hit.rstrip() for hit in re.findall(r"(?:info|notice|warning|error) ((?:(?!\]).)*)\[[^\]]*\b" + finding + r"\b[^\]]*\]", text)]
    assert len(hits) == 1, (finding, hits, text)
    return hits[0]


def ends(scenario, finding, sentence, *options):
    text, markdown, page, told = reports(scenario, *options)
    assert found(text, finding).endswith(". " + sentence), (found(text, finding), sentence)
    rows = [line for line in markdown.splitlines() if line.startswith("|") and f"`{finding}`" in line]
    assert len(rows) == 1 and rows[0].replace("\\", "").endswith(f". {sentence} |"), (rows, sentence)
    endings = [json.loads(line.rstrip(",")) for line in page.splitlines() if line.startswith('["e",')]
    anomaly = next(a for a in told.records("anomaly") if a["id"] == finding)
    end = {"client": 0, "server": 1, None: 2}[anomaly["endpoint"]]
    assert [1, end, sentence] in [e[2:] for e in endings], (endings, sentence)
    # What a program reads was written when the finding became sure.
    assert sentence not in told.out, anomaly


def goes_on(scenario, finding, *options):
    text, markdown, page, _ = reports(scenario, *options)
    assert STILL not in found(text, finding), text
    assert STILL not in markdown and STILL not in page.split('id="data"')[1], (finding, text)
    for word in WORDS:
        assert word not in text and word not in markdown and word not in page.split('id="data"')[1], (finding, word, text)


def when_there_is_a_runner(function):
    def checked():
        if os.path.exists(RUNNER):
            function()

    checked.__name__ = function.__name__
    return check(checked)


# --- Silence ------------------------------------------------------------------------------------


@when_there_is_a_runner
def a_dead_peer_is_heard_again():
    ends(DEAD + "+40s     server > client  A    1:1 ack 201\n", "dead-peer", "The server was heard again after 48.2 s (packet 13).")
    # It has not heard anything: its own data show that it is there.
    ends(DEAD + "+40s     server > client  PA   1:11 ack 101\n", "dead-peer", "The server was heard again after 48.2 s (packet 13).")


@when_there_is_a_runner
def a_dead_peer_stays_dead():
    goes_on(DEAD, "dead-peer")
    ends(DEAD + "+6400ms  client > server  PA   101:201 ack 1\n", "dead-peer", f"{STILL} 14.6 s (packet 13).")
    # The client gives up, and says so; or a middlebox does in the server's name.
    goes_on(DEAD + "+40s     client > server  RA   201:201 ack 1\n", "dead-peer")
    goes_on(DEAD + "+40s     server > client  RA   1:1 ack 201\n", "dead-peer")
    # Not of this connection: far outside the window.
    goes_on(DEAD + "+40s     server > client  A    900001:900001 ack 101\n", "dead-peer")


@when_there_is_a_runner
def a_dead_peer_that_dies_again_has_not_come_back():
    back = DEAD + "+40s     server > client  A    1:1 ack 201\n" + DEAD_AGAIN
    goes_on(back, "dead-peer")
    goes_on(back + "+40s     client > server  RA   301:301 ack 1\n", "dead-peer")
    ends(back + "+9s      server > client  A    1:1 ack 301\n", "dead-peer", "The server was heard again after 48.2 s (packet 13).")


@when_there_is_a_runner
def probes_are_answered_at_last():
    ends(PROBED + "+25s     server > client  A    1:1 ack 101\n", "keepalive-timeout", "The server was heard again after 11 min 40 s (packet 16).")
    goes_on(PROBED, "keepalive-timeout")
    goes_on(PROBED + "+75s     client > server  RA   101:101 ack 1\n", "keepalive-timeout")


@when_there_is_a_runner
def a_shut_window_opens():
    opened = SHUT + "+6s      server > client  A    1:1 ack 1101 win 1000\n"
    # Shut at 1.01 s in packet 8; 400 + 1 + 800 + 1 + 1600 + 1 + 3200 + 1 + 6000 ms later:
    sentence = "The server opened its window again after 12 s (packet 17)."
    ends(opened, "zero-window-stall", sentence)
    # It is shut for a moment, as it was before.
    ends(opened + "+1ms     client > server  PA   1101:2101 ack 1\n+1ms     server > client  A    1:1 ack 2101 win 0\n"
         "+1ms     server > client  A    1:1 ack 2101 win 1000\n", "zero-window-stall", sentence)


@when_there_is_a_runner
def a_shut_window_stays_shut():
    # It is sure after 5 s, when the last probe, 6.003 s after packet 8, has not passed yet.
    ends(SHUT, "zero-window-stall", f"{STILL} 6 s (packet 16).")
    ends(SHUT + "+6s      client > server  A    1100:1100 ack 1\n+1ms     server > client  A    1:1 ack 1101 win 0\n",
         "zero-window-stall", f"{STILL} 12 s (packet 18).")
    # It opened, and has been shut and probed ever since.
    goes_on(SHUT + "+6s      server > client  A    1:1 ack 1101 win 1000\n+1ms     client > server  PA   1101:2101 ack 1\n"
            "+1ms     server > client  A    1:1 ack 2101 win 0\n+400ms   client > server  A    2100:2100 ack 1\n"
            "+1ms     server > client  A    1:1 ack 2101 win 0\n", "zero-window-stall")


@when_there_is_a_runner
def an_idle_connection_is_used_again():
    ends(TALKED + "+7500s   server > client  PA   1:11 ack 101\n", "idle", "The server broke the silence after 2 h 5 min (packet 7).")
    ends(TALKED + "+7500s   client > server  RA   101:101 ack 1\n", "idle", "The client broke the silence after 2 h 5 min (packet 7).")
    goes_on(TALKED, "idle", "--end=+7500")


# --- Opening and closing ------------------------------------------------------------------------


@when_there_is_a_runner
def a_handshake_is_completed_late():
    # 1 + 9 s after the first SYN,ACK.
    answered = EMBRYONIC + "+9s      client > server  A    1:1 ack 1\n"
    ends(answered, "half-open-handshake", "The client answered after all, after 10 s (packet 4).")
    goes_on(EMBRYONIC, "half-open-handshake")
    # It asks once more, which is no answer.
    ends(EMBRYONIC + "+9s      client > server  S    0:0\n", "half-open-handshake", f"{STILL} 10 s (packet 4).")
    goes_on(EMBRYONIC + "+9s      client > server  R    1:1\n", "half-open-handshake")
    # The answer was lost behind the tap; the next one was not.
    lost = answered + "+1s      server > client  SA   0:0 ack 1\n"
    goes_on(lost, "half-open-handshake")
    ends(lost + "+1s      client > server  A    1:1 ack 1\n", "half-open-handshake", "The client answered after all, after 12 s (packet 6).")


@when_there_is_a_runner
def a_fin_is_acknowledged_late():
    late = UNACKNOWLEDGED + "+50s     server > client  A    1:1 ack 2\n"
    ends(late, "stuck-fin-wait-1", "The server acknowledged the FIN after all, after 51.4 s (packet 8).")
    ends(UNACKNOWLEDGED + "+50s     server > client  FA   1:1 ack 2\n", "stuck-fin-wait-1",
         "The server acknowledged the FIN after all, after 51.4 s (packet 8).")
    # That ACK was lost behind the tap, and the next one was not.
    lost = late + "+10s     client > server  FA   1:1 ack 1\n"
    goes_on(lost, "stuck-fin-wait-1")
    ends(lost + "+100ms   server > client  A    1:1 ack 2\n", "stuck-fin-wait-1",
         "The server acknowledged the FIN after all, after 61.5 s (packet 10).")


@when_there_is_a_runner
def a_fin_is_never_acknowledged():
    goes_on(UNACKNOWLEDGED, "stuck-fin-wait-1")
    # It speaks, but of what came before the FIN; or aborts.
    ends(UNACKNOWLEDGED + "+50s     server > client  PA   1:11 ack 1\n", "stuck-fin-wait-1", f"{STILL} 51.4 s (packet 8).")
    goes_on(UNACKNOWLEDGED + "+50s     server > client  RA   1:1 ack 2\n", "stuck-fin-wait-1")


@when_there_is_a_runner
def a_fin_in_closing_is_acknowledged_late():
    ends(CROSSED + "+20s     server > client  A    2:2 ack 2\n", "stuck-closing",
         "The server acknowledged the FIN after all, after 21.4 s (packet 10).")
    goes_on(CROSSED, "stuck-closing")
    # It acknowledges the other FIN once more, with its own.
    ends(CROSSED + "+20s     client > server  FA   1:1 ack 2\n", "stuck-closing", f"{STILL} 21.4 s (packet 10).")


@when_there_is_a_runner
def the_last_fin_is_acknowledged_late():
    ends(LAST_ACK + "+20s     client > server  A    2:2 ack 2\n", "stuck-last-ack",
         "The client acknowledged the FIN after all, after 21.4 s (packet 10).")
    goes_on(LAST_ACK, "stuck-last-ack")


@when_there_is_a_runner
def a_program_closes_after_all():
    closed = HALF_CLOSED + "+70s     server > client  FA   1:1 ack 2\n+1ms     client > server  A    2:2 ack 2\n"
    sentence = "The server closed after all, after 70 s (packet 6)."
    # Text tells both ends' findings in one sentence.
    ends(closed, "stuck-close-wait", sentence)
    ends(closed, "stuck-fin-wait-2", sentence)
    # It sends something before.
    ends(HALF_CLOSED + "+70s     server > client  PA   1:11 ack 2\n+1ms     client > server  A    2:2 ack 11\n"
         "+10s     server > client  FA   11:11 ack 2\n+1ms     client > server  A    2:2 ack 12\n", "stuck-close-wait",
         "The server closed after all, after 80 s (packet 8).")
    # The FIN did not pass the tap: the ACK of it shows it.
    unseen = HALF_CLOSED + "+70s     server > client  FA   1:1 ack 2 unseen\n+10ms    client > server  A    2:2 ack 2\n"
    ends(unseen, "stuck-close-wait", sentence)


@when_there_is_a_runner
def a_program_does_not_close():
    goes_on(HALF_CLOSED, "stuck-close-wait")
    # It sends more, and that is all; or its host ends it.
    goes_on(HALF_CLOSED + "+70s     server > client  PA   1:11 ack 2\n+1ms     client > server  A    2:2 ack 11\n", "stuck-close-wait")
    goes_on(HALF_CLOSED + "+70s     server > client  RA   1:1 ack 2\n", "stuck-close-wait")


# --- Where it is said ---------------------------------------------------------------------------


@when_there_is_a_runner
def quietly_it_is_said_too():
    closed = HALF_CLOSED + "+70s     server > client  FA   1:1 ack 2\n+1ms     client > server  A    2:2 ack 2\n"
    assert found(reports(closed, "-q")[0], "stuck-close-wait").endswith("The server closed after all, after 70 s (packet 6).")


if __name__ == "__main__":
    sys.exit(kit.main())
