"""What remains: disagreements that no tap can resolve, and why.

A row is (the last state that both histories share, what the kernel's goes on
with, what tcpfsm's goes on with, what must have become of segments, the
reason).  "-" is nothing more; a "*" at the end stands for anything.

Shapes alone prove nothing: a fault of ours may have the same.  The tap of
these tests writes down each segment that it dropped, and where, and the FINs
and RSTs that passed.  So a row also says what makes its reason the true one:
one of some patterns must fit, "before own FIN" (lost before the tap), "tap
peer *" (the capture missed it), "behind own *" (it passed and was lost), where
"own" is the end that the histories are about; and none of those with a "!" may,
"!passed own FIN".

`run` prints beside its figures how many ends each reason accounts for, and
which disagreements none does: those are to be looked at.

The last states follow from the histories, so they need no rows of their own.
"""

import fnmatch

UNSEEN = ("before *", "tap *")             # it is not in the capture
OWN_UNSEEN = ("before own *", "tap own *")
PEER_UNSEEN = ("before peer *", "tap peer *")
CAPTURE = ("tap *",)                       # the hosts have it, the capture has not
OWN_FIN_UNSEEN = ("before own FIN", "tap own FIN")
PEER_FIN_UNSEEN = ("before peer FIN", "tap peer FIN")
PEER_DATA_UNSEEN = ("before peer data", "tap peer data")
RST_UNSEEN = ("before * RST", "tap * RST")
RST_LOST_BEHIND = ("behind * RST",)
BEHIND = ("behind *",)                     # it passed the tap and did not arrive
NO_RST = ("!passed * RST",)                # none passed: who is gone went in silence
NO_OWN_FIN = ("!passed own FIN",)          # it never passed: it was not sent, or lost

REASONS = (
    # ---- a host that gives up in silence
    ("SYN-SENT", "CLOSED", "-", NO_RST,
     "close() in SYN-SENT sends nothing, and the SYN was not sent often enough to be missed"),
    ("FIN-WAIT-2", "CLOSED", "-", NO_RST,
     "an orphan that its kernel forgets in silence (tcp_fin_timeout), or a RST that did not pass the tap"),
    ("FIN-WAIT-1", "CLOSED", "-", BEHIND + RST_UNSEEN,
     "a RST that did not pass the tap, or an orphan in a dead path that its kernel gave up in silence"),
    ("LAST-ACK", "CLOSED", "-", BEHIND, "an orphan in a dead path that its kernel gave up in silence"),
    ("ESTABLISHED", "CLOSED", "-", BEHIND + RST_UNSEEN,
     "a RST that did not pass the tap, or a connection in a dead path that was given up in silence"),
    ("CLOSED", "-", "SYN-SENT>CLOSED", (),
     "who sends a SYN without a socket (a scanner) is in no state"),
    ("ESTABLISHED", "FIN-WAIT-1", "-", NO_OWN_FIN,
     "the FIN waits behind data that are not acknowledged, or was lost before the tap"),
    ("CLOSE-WAIT", "LAST-ACK", "-", NO_OWN_FIN,
     "the FIN waits behind data that are not acknowledged, or was lost before the tap"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "CLOSED", NO_OWN_FIN,
     "the FIN waited behind data, or was lost before the tap, when a RST ended it"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "CLOSED", RST_LOST_BEHIND,
     "a RST was lost behind the tap, and the other end closed only when the record had been closed"),
    ("CLOSE-WAIT", "LAST-ACK>CLOSED", "CLOSED", NO_OWN_FIN,
     "the FIN waited behind data, or was lost before the tap, when a RST ended it"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSING>CLOSED", "CLOSE-WAIT>CLOSED", NO_OWN_FIN,
     "the FIN that crossed the other waited behind data, or was lost before the tap"),
    ("CLOSE-WAIT", "CLOSED", "-", NO_RST,
     "a host that forgot the connection, or a RST that did not pass the tap"),
    ("TIME-WAIT", "-", "CLOSED", ("passed * RST",),
     "a RST passed, and was lost behind the tap or ignored (tcp_rfc1337), and nobody said more"),

    # ---- opening
    ("SYN-SENT", "ESTABLISHED*", "-", OWN_UNSEEN,
     "the third segment, and all after it, did not pass the tap"),
    ("SYN-SENT", "ESTABLISHED*", "CLOSED", OWN_UNSEEN,
     "the third segment, and all after it but the RST, did not pass the tap"),
    ("CLOSED", "SYN-RECEIVED*", "-", ("before own SYN,ACK", "tap own SYN,ACK"),
     "the SYN,ACK did not pass the tap, and nothing came after it"),
    ("CLOSED", "SYN-SENT>SYN-RECEIVED*", "SYN-RECEIVED*", ("before own SYN", "tap own SYN"),
     "a simultaneous open whose SYN was lost before the tap looks like a passive one"),
    ("SYN-SENT", "SYN-RECEIVED*", "ESTABLISHED*", ("before own SYN,ACK", "tap own SYN,ACK"),
     "a simultaneous open whose SYN,ACK was lost before the tap looks like an active one"),
    ("SYN-RECEIVED", "CLOSED", "-", RST_UNSEEN, "the RST that answered the SYN,ACK did not pass the tap"),
    ("SYN-RECEIVED", "ESTABLISHED*", "-", PEER_UNSEEN,
     "the third segment, and all after it, did not pass the tap"),
    ("SYN-RECEIVED", "CLOSED", "ESTABLISHED>CLOSED", ("behind peer *",),
     "the third segment passed and was lost behind the tap; what came next was a RST"),
    ("SYN-RECEIVED", "CLOSED*", "ESTABLISHED", ("behind peer *",),
     "the third segment passed and was lost behind the tap; the server gave up in silence"),
    ("SYN-RECEIVED", "FIN-WAIT-1*", "ESTABLISHED>FIN-WAIT-1*", UNSEEN + BEHIND,
     "Fast Open: the FIN was sent before the third segment came, which was lost, or the data before the FIN"),
    ("SYN-RECEIVED", "ESTABLISHED>FIN-WAIT-1*", "FIN-WAIT-1*", PEER_UNSEEN,
     "the capture missed the third segment; without timestamps nothing says that it came"),
    ("SYN-RECEIVED", "ESTABLISHED>CLOSED", "CLOSED", PEER_UNSEEN,
     "the third segment did not pass the tap, and the next that did was a RST"),
    ("", "CLOSED>SYN-SENT>CLOSED", "-", (),
     "connect() failed before it had sent a SYN (its port was in use), or no segment reached the tap"),
    ("", "CLOSED>SYN-SENT*", "-", OWN_UNSEEN, "no segment of this connection reached the tap"),
    ("", "*", "ESTABLISHED*", CAPTURE, "the capture begins behind the first FIN, or with it"),
    ("", "*", "SYN-SENT>CLOSED", CAPTURE,
     "the capture missed the SYN, and the host had given up before the answer"),

    # ---- the last segment did not pass
    ("CLOSE-WAIT", "LAST-ACK>CLOSED", "-", OWN_FIN_UNSEEN, "the FIN did not pass the tap, nor its ACK"),
    ("FIN-WAIT-1", "FIN-WAIT-2>TIME-WAIT", "-", PEER_FIN_UNSEEN,
     "the other end's FIN did not pass the tap, nor its ACK"),
    ("FIN-WAIT-2", "TIME-WAIT", "-", PEER_FIN_UNSEEN,
     "the other end's FIN did not pass the tap, nor its ACK"),
    ("LAST-ACK", "CLOSED", "-", PEER_UNSEEN, "the capture missed the last ACK just before it ended"),
    ("CLOSING", "TIME-WAIT", "-", PEER_UNSEEN, "the capture missed the last ACK just before it ended"),
    ("FIN-WAIT-1", "FIN-WAIT-2", "-", PEER_UNSEEN,
     "the capture missed the ACK of the FIN; only silence tells"),
    ("FIN-WAIT-1", "FIN-WAIT-2>CLOSED", "CLOSED", PEER_UNSEEN,
     "the ACK of the FIN did not pass the tap, and the next that did was a RST"),
    ("ESTABLISHED", "CLOSE-WAIT", "-", PEER_FIN_UNSEEN,
     "the FIN did not pass the tap, and nobody said more"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2*", "-", OWN_FIN_UNSEEN,
     "the FIN did not pass the tap, nor its ACK, and nobody said more"),
    ("ESTABLISHED", "CLOSE-WAIT>LAST-ACK*", "-", PEER_FIN_UNSEEN,
     "neither FIN passed the tap, and nobody said more"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "-", OWN_UNSEEN, "neither the FIN nor the RST passed the tap"),
    ("ESTABLISHED", "CLOSE-WAIT>CLOSED", "CLOSED", PEER_FIN_UNSEEN + PEER_DATA_UNSEEN + ("behind peer FIN",),
     "the FIN before the RST did not pass the tap, waited for data that did not, or came again just then"),
    ("ESTABLISHED", "CLOSE-WAIT>CLOSED", "-", PEER_UNSEEN, "neither the FIN nor the RST passed the tap"),

    # ---- it passed, and was lost behind the tap
    ("FIN-WAIT-1", "CLOSED", "FIN-WAIT-2>CLOSED", UNSEEN + BEHIND,
     "it was reset or given up before the ACK of its FIN came to it, by a RST that was lost"),
    ("FIN-WAIT-1", "CLOSED", "FIN-WAIT-2>CLOSED", ("passed own RST",),
     "its RST crossed the ACK of its FIN on the wire, by less than the path's jitter"),
    ("FIN-WAIT-1", "CLOSED", "FIN-WAIT-2", UNSEEN + BEHIND,
     "it was reset or given up before the ACK of its FIN came to it, by a RST that was lost"),
    ("FIN-WAIT-2", "-", "CLOSED", RST_LOST_BEHIND,
     "a RST passed and was lost behind the tap, and nobody said more"),
    ("FIN-WAIT-1", "-", "CLOSED", RST_LOST_BEHIND,
     "a RST passed and was lost behind the tap, and nobody said more"),
    ("CLOSE-WAIT", "-", "CLOSED", RST_LOST_BEHIND,
     "a RST passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "-", "CLOSED", RST_LOST_BEHIND,
     "a RST passed and was lost behind the tap, and nobody said more"),
    ("LAST-ACK", "-", "CLOSED", ("behind peer *",),
     "the last ACK passed and was lost behind the tap just before the capture ended"),
    ("CLOSING", "-", "TIME-WAIT", ("behind peer *",),
     "the last ACK passed and was lost behind the tap just before the capture ended"),
    ("FIN-WAIT-1", "-", "FIN-WAIT-2", ("behind peer *",),
     "the ACK of the FIN passed and was lost behind the tap just before the capture ended"),
    ("FIN-WAIT-2", "-", "TIME-WAIT", BEHIND,
     "the FIN passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "-", "CLOSE-WAIT", BEHIND,
     "the FIN passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "CLOSED", "CLOSE-WAIT>CLOSED", ("behind peer *", "before peer *", "before own RST",
     "tap own RST"),
     "the FIN was lost behind the tap, or came to a closed end, and a RST with no newer ACK ended it"),
    ("FIN-WAIT-1", "FIN-WAIT-2>CLOSED", "CLOSING>TIME-WAIT>CLOSED", ("behind peer FIN", "behind peer *"),
     "the FIN that crossed the other was lost behind the tap; its repetition did not come before a RST"),
    ("FIN-WAIT-1", "CLOSED", "CLOSING>CLOSED", ("behind peer FIN", "passed peer RST"),
     "the FIN that crossed the other was lost behind the tap, or a RST overtook it there"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "CLOSE-WAIT>CLOSED", ("behind peer FIN",),
     "the other's FIN was lost behind the tap, and its own waited behind data, when a RST ended it"),
    ("FIN-WAIT-1", "FIN-WAIT-2>CLOSED", "CLOSING>CLOSED", ("behind peer FIN", "behind peer *"),
     "the FIN that crossed the other was lost behind the tap; its repetition did not come before a RST"),

    # ---- who closed first?
    ("ESTABLISHED", "FIN-WAIT-1>CLOSING>TIME-WAIT", "CLOSE-WAIT>LAST-ACK>CLOSED", UNSEEN,
     "the FIN that crossed the other was lost before the tap, or the capture missed it"),
    ("FIN-WAIT-1", "CLOSING>TIME-WAIT", "FIN-WAIT-2>TIME-WAIT", ("before *", "tap *", "behind peer *"),
     "of two FINs that crossed one did not pass, or did not arrive in the order in which they passed"),
    ("ESTABLISHED", "CLOSE-WAIT>LAST-ACK>CLOSED", "FIN-WAIT-1>FIN-WAIT-2", CAPTURE,
     "the capture missed both FINs: who closed first is not known"),
    ("FIN-WAIT-1", "FIN-WAIT-2>TIME-WAIT", "CLOSING*", CAPTURE,
     "the capture missed both FINs: who closed first is not known"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>TIME-WAIT", "CLOSE-WAIT*", CAPTURE,
     "the capture missed both FINs: who closed first is not known"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", "CLOSE-WAIT>LAST-ACK>CLOSED", CAPTURE,
     "the capture missed a FIN and its ACK: who closed first is not known"),

    # ---- an octet that the capture missed
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", "CLOSED", CAPTURE,
     "the capture missed the FIN and its ACK, or the octet behind which it came"),
    ("ESTABLISHED", "CLOSED", "CLOSE-WAIT>CLOSED", ("tap peer data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "CLOSED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", ("tap own data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "CLOSE-WAIT>CLOSED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", ("tap own data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED",
     "FIN-WAIT-1>FIN-WAIT-2>TIME-WAIT>CLOSED", ("tap peer data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "FIN-WAIT-1*", "CLOSE-WAIT>LAST-ACK*", ("tap peer data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "CLOSE-WAIT*", "FIN-WAIT-1>FIN-WAIT-2*", ("tap own data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("FIN-WAIT-2", "CLOSED", "TIME-WAIT>CLOSED", ("tap peer data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("CLOSE-WAIT", "CLOSED", "LAST-ACK>CLOSED", ("tap own data",),
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
)


def parting(kernel, ours):
    """(the last state that both share, the rest of KERNEL's, the rest of OURS), each in words."""
    n = 0
    while n < min(len(kernel), len(ours)) and kernel[n] == ours[n]:
        n += 1
    return (kernel[n - 1] if n else "", ">".join(kernel[n:]) or "-", ">".join(ours[n:]) or "-")


def _is_so(evidence, fates):
    """Is that what became of segments?  Where nobody wrote it down (FATES is None) the shape must do."""
    def fits(pattern):
        return any(fnmatch.fnmatchcase(one, pattern) for one in fates)

    if fates is None:
        return True
    wanted = [e for e in evidence if not e.startswith("!")]
    excluded = [e[1:] for e in evidence if e.startswith("!")]
    return (not wanted or any(fits(e) for e in wanted)) and not any(fits(e) for e in excluded)


def reason(kernel, ours, fates=None):
    """Why no tap can tell the two histories apart; None where a reason is wanting.

    FATES: what became of the segments of the connection, as the tap wrote it down.
    """
    where = parting(kernel, ours)
    for *row, evidence, why in REASONS:
        if where[0] == row[0] and all(fnmatch.fnmatchcase(a, b) for a, b in zip(where[1:], row[1:])) \
                and _is_so(evidence, fates):
            return why
    return None
