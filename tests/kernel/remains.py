"""What remains: disagreements that no tap can resolve, and why.

A row is (the last state that both histories share, what the kernel's goes on
with, what tcpfsm's goes on with, the reason).  "-" is nothing more; a "*" at
the end stands for anything.  `run` prints beside its figures how many ends
each reason accounts for, and which disagreements none does: those are to be
looked at.

The last states follow from the histories, so they need no rows of their own.
"""

import fnmatch

REASONS = (
    ("SYN-SENT", "CLOSED", "-",
     "close() or a connect() that is given up sends nothing in SYN-SENT; the SYN's limit is the host's own"),
    ("SYN-SENT", "ESTABLISHED*", "-",
     "the third segment, and all after it, was lost before the tap"),
    ("SYN-SENT", "ESTABLISHED*", "CLOSED",
     "the third segment, and all after it but the RST, was lost before the tap"),
    ("CLOSED", "SYN-RECEIVED>CLOSED", "-",
     "the SYN,ACK was lost before the tap, and nothing came after it"),
    ("CLOSED", "SYN-RECEIVED", "-",
     "the SYN,ACK was lost before the tap, and nothing came after it"),
    ("CLOSED", "-", "SYN-SENT>CLOSED",
     "who sends a SYN without a socket (a scanner) is in no state"),
    ("CLOSED", "SYN-SENT>SYN-RECEIVED*", "SYN-RECEIVED*",
     "a simultaneous open whose SYN was lost before the tap looks like a passive one"),
    ("SYN-SENT", "SYN-RECEIVED*", "ESTABLISHED*",
     "a simultaneous open whose SYN,ACK was lost before the tap looks like an active one"),
    ("SYN-RECEIVED", "CLOSED", "ESTABLISHED>CLOSED",
     "the third segment passed and was lost behind the tap; what came next was a RST"),
    ("SYN-RECEIVED", "CLOSED*", "ESTABLISHED",
     "the third segment passed and was lost behind the tap; the server gave up in silence"),
    ("SYN-RECEIVED", "FIN-WAIT-1*", "ESTABLISHED>FIN-WAIT-1*",
     "Fast Open: the FIN was sent before the third segment came, and lost before the tap"),
    ("SYN-RECEIVED", "ESTABLISHED>FIN-WAIT-1*", "FIN-WAIT-1*",
     "the capture missed the third segment; without timestamps nothing says that it came"),
    ("SYN-RECEIVED", "ESTABLISHED>CLOSED", "CLOSED",
     "the capture missed the third segment, and the next that passed was a RST"),
    ("CLOSE-WAIT", "LAST-ACK>CLOSED", "-", "the capture missed the FIN and its ACK"),
    ("FIN-WAIT-1", "FIN-WAIT-2>TIME-WAIT", "-", "the capture missed the FIN and its ACK"),
    ("FIN-WAIT-2", "TIME-WAIT", "-", "the capture missed the FIN and its ACK"),
    ("LAST-ACK", "CLOSED", "-", "the capture missed the last ACK; only silence tells"),
    ("CLOSING", "TIME-WAIT", "-", "the capture missed the ACK of the FIN; only silence tells"),
    ("FIN-WAIT-1", "FIN-WAIT-2", "-", "the capture missed the ACK of the FIN; only silence tells"),
    ("FIN-WAIT-1", "CLOSED", "-", "a RST that the capture missed, or an orphan that its kernel gave up in silence"),
    ("FIN-WAIT-1", "CLOSED", "FIN-WAIT-2>CLOSED",
     "it was reset or given up in silence before the ACK of its FIN came to it"),
    ("FIN-WAIT-1", "CLOSED", "FIN-WAIT-2",
     "it was reset or given up in silence before the ACK of its FIN came to it"),
    ("FIN-WAIT-1", "FIN-WAIT-2>CLOSED", "CLOSED",
     "the ACK of the FIN did not pass the tap, and the next that did was a RST"),
    ("FIN-WAIT-2", "CLOSED", "-",
     "a RST that did not pass the tap, or an orphan that its kernel forgot in silence (tcp_fin_timeout)"),
    ("FIN-WAIT-2", "-", "CLOSED", "a RST passed and was lost behind the tap, and nobody said more"),
    ("FIN-WAIT-1", "-", "CLOSED", "a RST passed and was lost behind the tap, and nobody said more"),
    ("CLOSE-WAIT", "-", "CLOSED", "a RST passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "-", "CLOSED", "a RST passed and was lost behind the tap, and nobody said more"),
    ("CLOSE-WAIT", "CLOSED", "-", "a RST that did not pass the tap"),
    ("ESTABLISHED", "CLOSED", "-", "a RST that did not pass the tap, or a connection given up in silence"),
    ("FIN-WAIT-2", "-", "TIME-WAIT", "the FIN passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "-", "CLOSE-WAIT", "the FIN passed and was lost behind the tap, and nobody said more"),
    ("ESTABLISHED", "CLOSE-WAIT", "-", "the FIN did not pass the tap, and nobody said more"),
    ("ESTABLISHED", "FIN-WAIT-1", "-", "the FIN was lost before the tap, or waits behind data that are not acknowledged"),
    ("CLOSE-WAIT", "LAST-ACK", "-", "the FIN was lost before the tap, or waits behind data that are not acknowledged"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "CLOSED",
     "the FIN was lost before the tap, or waited behind data, when a RST ended it"),
    ("CLOSE-WAIT", "LAST-ACK>CLOSED", "CLOSED",
     "the FIN was lost before the tap, or waited behind data, when a RST ended it"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSED", "-", "neither the FIN nor the RST passed the tap"),
    ("ESTABLISHED", "CLOSE-WAIT>CLOSED", "CLOSED", "the FIN that went before the RST did not pass the tap"),
    ("ESTABLISHED", "CLOSED", "CLOSE-WAIT>CLOSED",
     "the FIN was lost behind the tap, or came to a closed end, and a RST with the ACK of nothing newer ended it"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSING>CLOSED", "CLOSE-WAIT>CLOSED",
     "the FIN that crossed the other waited behind data, or was lost before the tap with all that could tell"),
    ("ESTABLISHED", "FIN-WAIT-1>CLOSING>TIME-WAIT", "CLOSE-WAIT>LAST-ACK>CLOSED",
     "the FIN that crossed the other waited behind data, or was lost before the tap with all that could tell"),
    ("ESTABLISHED", "CLOSE-WAIT>LAST-ACK>CLOSED", "FIN-WAIT-1>FIN-WAIT-2",
     "the capture missed both FINs: who closed first is not known"),
    ("FIN-WAIT-1", "FIN-WAIT-2>TIME-WAIT", "CLOSING",
     "the capture missed both FINs: who closed first is not known"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", "CLOSED",
     "the capture missed the FIN and its ACK, or the octet behind which it came"),
    ("ESTABLISHED", "CLOSED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED",
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "FIN-WAIT-1>FIN-WAIT-2>CLOSED", "FIN-WAIT-1>FIN-WAIT-2>TIME-WAIT>CLOSED",
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("ESTABLISHED", "CLOSE-WAIT>CLOSED", "CLOSE-WAIT>LAST-ACK>CLOSED",
     "one octet of data that the capture missed: it looks like the FIN that it mostly is"),
    ("", "CLOSED>SYN-SENT*", "-", "no segment of this connection reached the tap"),
    ("", "*", "ESTABLISHED*", "the capture begins behind the first FIN, or with it"),
    ("", "*", "SYN-SENT>CLOSED", "the capture missed the SYN, and the host had given up before the answer came"),
)


def parting(kernel, ours):
    """(the last state that both share, the rest of KERNEL's, the rest of OURS), each in words."""
    n = 0
    while n < min(len(kernel), len(ours)) and kernel[n] == ours[n]:
        n += 1
    return (kernel[n - 1] if n else "", ">".join(kernel[n:]) or "-", ">".join(ours[n:]) or "-")


def reason(kernel, ours):
    """Why no tap can tell the two histories apart; None where a reason is wanting."""
    where = parting(kernel, ours)
    for *row, why in REASONS:
        if where[0] == row[0] and all(fnmatch.fnmatchcase(a, b) for a, b in zip(where[1:], row[1:])):
            return why
    return None
