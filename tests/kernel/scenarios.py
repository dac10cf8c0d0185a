"""What is tried: each scenario is a short story of two hosts and the path between.

A story is a function that gets the pair of hosts (netpair.Pair).  Its first
line says what it shows.  The path is by default one millisecond long behind
the tap (on the server's side) and none before it.  A rule that a story sets
must apply at least once, or the scenario has not shown what it says.

Options of @scenario:
  families    4, 6 or both
  quick       belongs to the subset for CI
  seconds     how long it takes, roughly: the long ones are started first
  arguments   what tcpfsm must be told of hosts that do not have default timers
  pcap        the captures to keep in pcaps/: {name: family}
  finds       the findings that must be raised: {id: end, or None}
  may         warnings and errors that may be raised too; any other is a false alarm
  blind       ends whose state nobody at the tap can know, and why
  needs       a program without which it cannot be played, and is left out
"""

import random
import socket
import time

from netpair import TCP_FASTOPEN_CONNECT, abort, read_all, vanish

SCENARIOS = {}

# What the capture missed cannot be in the set before something shows that it did.
NOT_SEEN = {"client": "the capture misses segments", "server": "the capture misses segments"}

# What hosts really run into that close in SYN-SENT, over paths that lose.
CHANCE = ("half-open-handshake", "syn-unanswered", "stuck-fin-wait-1", "stuck-closing", "stuck-last-ack",
          "dead-peer", "backlog-overflow", "data-after-close")


class Scenario:
    def __init__(self, story, families=(4, 6), quick=False, seconds=1, arguments=(), pcap=None,
                 finds=None, may=(), blind=None, needs=None):
        self.story = story
        self.name = story.__name__.replace("_", "-")
        self.about = " ".join(story.__doc__.split("\n\n")[0].split())
        self.families = families
        self.quick = quick
        self.seconds = seconds
        self.arguments = list(arguments)
        self.pcap = pcap or {}
        self.finds = finds or {}
        self.may = may
        self.blind = blind or {}
        self.needs = needs


def scenario(**options):
    def add(story):
        one = Scenario(story, **options)
        SCENARIOS[one.name] = one
        return story
    return add


def _close_both(net, first, second):
    """FIRST closes, SECOND reads the FIN and closes too."""
    first.close()
    net.sleep(0.1)
    second.close()
    net.sleep(0.1)


def _talk(net, c, s):
    """A request and its answer."""
    c.sendall(b"GET / HTTP/1.0\r\n\r\n")
    s.recv(100)
    s.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
    c.recv(100)
    net.sleep(0.06)


def _later_connection(net, port=40002, to=81):
    """Another connection, much later: the capture's clock goes on."""
    c, s, listening = net.connect(port, to)
    _talk(net, c, s)
    _close_both(net, c, s)
    listening.close()


# ---- opening ----


@scenario(quick=True, pcap={"normal-close": 4, "ipv6-normal-close": 6})
def normal_close(net):
    """Opened by three segments, a request and an answer, closed by the client first."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True)
def server_closes_first(net):
    """The server closes first and goes to TIME-WAIT."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, s, c)


def _lost_while_opening(net, rule):
    net.rule(rule)
    c, s, _ = net.connect()
    net.sleep(1.3)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True, seconds=3)
def syn_lost_before(net):
    """The first SYN is lost before the tap."""
    _lost_while_opening(net, "client SYN 1 before drop")


@scenario(quick=True, seconds=3, pcap={"lost-syn": 4}, finds={"handshake-retransmission": "client"})
def syn_lost_behind(net):
    """The first SYN passes the tap and is lost behind it."""
    _lost_while_opening(net, "client SYN 1 behind drop")


@scenario(quick=True, pcap={"old-syn": 4}, finds={"handshake-ack-mismatch": "server"})
def old_syn_before(net):
    """A SYN that was delayed before the tap comes behind the next attempt's: RFC 9293 figure 8."""
    _old_syn(net, "before")


@scenario(quick=True, pcap={"delayed-syn": 4},
          finds={"isn-changed": "client", "handshake-ack-mismatch": "server"})
def old_syn_behind(net):
    """A SYN is delayed behind the tap until the next attempt's is on its way: RFC 9293 figure 8."""
    _old_syn(net, "behind")


def _old_syn(net, place):
    """The client gives its first attempt up; that SYN arrives just before the next attempt's.

    The RST must come before the new SYN does, and that before Linux repeats it.
    """
    for rule in ("client behind", "server before"):
        net.path(f"{rule} delay=0.2")
    net.rule(f"client SYN 1 {place} hold")
    net.rule(f"client SYN {1 if place == 'before' else 2} behind delay=2")
    listening = net.listen()
    net.start_dial().close()
    net.sleep(0.2)
    c = net.start_dial()
    net.release()
    s = net.accept(listening)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True, seconds=3)
def syn_ack_lost_before(net):
    """The first SYN,ACK is lost before the tap."""
    _lost_while_opening(net, "server SYN,ACK 1 before drop")


@scenario(quick=True, seconds=3)
def syn_ack_lost_behind(net):
    """The first SYN,ACK passes the tap and is lost behind it."""
    _lost_while_opening(net, "server SYN,ACK 1 behind drop")


@scenario(quick=True, seconds=3)
def third_segment_lost_before(net):
    """The third segment is lost before the tap; the SYN,ACK comes again and is answered."""
    _lost_while_opening(net, "client ACK 1 before drop")


@scenario(quick=True, seconds=3, finds={"handshake-ack-lost": "server"})
def third_segment_lost_behind(net):
    """The third segment passes the tap and is lost behind it; the SYN,ACK comes again."""
    _lost_while_opening(net, "client ACK 1 behind drop")


def _data_opens(net, rule):
    net.rule(rule)
    listening = net.listen()
    c = net.dial()
    c.sendall(b"hello")
    s = net.accept(listening)
    s.recv(10)
    net.sleep(0.1)
    _close_both(net, c, s)


@scenario()
def data_instead_of_third_segment_before(net):
    """The third segment is lost before the tap, and the data after it opens the server's end."""
    _data_opens(net, "client ACK 1 before drop")


@scenario()
def data_instead_of_third_segment_behind(net):
    """The third segment is lost behind the tap, and the data after it opens the server's end."""
    _data_opens(net, "client ACK 1 behind drop")


@scenario()
def syn_and_answer_duplicated(net):
    """The path behind the tap copies the SYN and the SYN,ACK."""
    net.rule("client SYN 1 behind dup")
    net.rule("server SYN,ACK 1 before dup")
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


def _open_both(net):
    for side in ("client", "server"):
        net.path(f"{side} before delay=10")
        net.path(f"{side} behind delay=10")
    c = net.socket("client", 40001)
    s = net.socket("server", 80)
    c.setblocking(False)
    s.setblocking(False)
    for side in ("client", "server"):
        net.rule(f"{side} SYN 1 before hold")  # until both have called connect()
    c.connect_ex((net.addr["server"], 80))
    s.connect_ex((net.addr["client"], 40001))
    net.release()
    c.settimeout(30)
    s.settimeout(30)
    return c, s


@scenario(quick=True, pcap={"simultaneous-open": 4}, finds={"simultaneous-open": None})
def simultaneous_open(net):
    """Both ends send a SYN before they see the other's (RFC 9293 figure 7)."""
    c, s = _open_both(net)
    net.sleep(0.2)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(seconds=4, finds={"simultaneous-open": None})
def simultaneous_open_with_a_lost_syn(net):
    """Both ends send a SYN, and the client's is lost behind the tap."""
    net.rule("client SYN 1 behind drop")
    c, s = _open_both(net)
    net.sleep(2.5)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True, pcap={"refused": 4}, finds={"connection-refused": None})
def refused(net):
    """Nobody listens: the SYN is answered by RST,ACK."""
    net.start_dial()
    net.sleep(0.1)


@scenario(quick=True, seconds=3, finds={"connection-refused": None})
def refusal_lost_behind(net):
    """The RST,ACK passes the tap and is lost behind it; the SYN comes again and is refused again."""
    net.rule("server RST 1 behind drop")
    net.start_dial()
    net.sleep(1.5)


@scenario(finds={"unreachable": "client"}, needs="nft")
def refused_by_icmp(net):
    """A packet filter answers the SYN by ICMP port unreachable."""
    kind = "icmp" if net.family == 4 else "icmpv6"
    net.command_inside("server", "nft", f"add table inet t; add chain inet t in {{ type filter hook input "
                       f"priority 0; }}; add rule inet t in tcp dport 80 reject with {kind} port-unreachable")
    net.start_dial()
    net.sleep(0.3)


@scenario(quick=True, seconds=9, finds={"syn-unanswered": "client"})
def unanswered_soon_given_up(net):
    """Everything towards the server is lost; the client gives up after two repetitions (7 s)."""
    net.sysctl("client", tcp_syn_retries=2, tcp_syn_linear_timeouts=0)
    net.rule("client any all behind drop")
    net.start_dial()
    net.sleep(8.5)


@scenario(families=(4,), seconds=145, pcap={"unanswered": 4}, finds={"syn-unanswered": "client"})
def unanswered(net):
    """The SYN and its repetitions get no answer; the client gives up; much later it reaches another port."""
    net.rule("client any all behind drop port=40001")
    net.start_dial()
    net.sleep(140)
    _later_connection(net)


@scenario(families=(4,), seconds=75, pcap={"half-open-handshake": 4}, finds={"half-open-handshake": "server"})
def half_open_handshake(net):
    """The client's path dies after its SYN; the server repeats its SYN,ACK until it gives up."""
    net.rule("client any 2+ before drop port=40001")
    net.rule("server any all behind drop port=40001")
    net.listen()
    net.start_dial()
    net.sleep(70)
    _later_connection(net)


@scenario(seconds=9, finds={"backlog-overflow": "server"})
def full_accept_queue(net):
    """The accept queue is full: the third client is ESTABLISHED and sends, the server's end is not."""
    for side in ("client", "server"):
        net.path(f"{side} behind delay=10")
    net.listen(backlog=1)
    net.dial(40001)
    net.sleep(0.1)
    net.start_dial(40002)
    third = net.start_dial(40003)
    net.sleep(0.1)
    third.sendall(b"hello?")
    net.sleep(8)


@scenario()
def syn_cookies(net):
    """The server answers by SYN cookies (tcp_syncookies=2) and keeps no state before the third segment."""
    net.sysctl("server", tcp_syncookies=2)
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(finds={"syn-data": "client"})
def fast_open(net):
    """Fast Open: the second connection carries its request on the SYN (RFC 7413)."""
    net.sysctl("both", tcp_fastopen=3)
    listening = net.listen()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    for port in (40001, 40002):
        c = net.socket("client", port)
        c.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        c.connect((net.addr["server"], 80))
        c.sendall(b"request")
        s = net.accept(listening)
        s.recv(10)
        s.sendall(b"answer")
        c.recv(10)
        net.sleep(0.1)
        _close_both(net, c, s)


@scenario(seconds=4)
def deferred_accept(net):
    """TCP_DEFER_ACCEPT: the server's end stays SYN-RECEIVED until the first data come."""
    listening = net.listen()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    c = net.dial()
    net.sleep(2.5)
    c.sendall(b"hello")
    s = net.accept(listening)
    s.recv(10)
    _close_both(net, c, s)


@scenario(blind={"client": "close() in SYN-SENT sends nothing; only the RST to the late SYN,ACK tells"})
def closed_before_the_answer(net):
    """The client closes in SYN-SENT; the late SYN,ACK is answered by RST."""
    net.path("server before delay=300")
    net.listen()
    c = net.start_dial()
    net.sleep(0.1)
    c.close()
    net.sleep(0.6)


@scenario()
def closed_in_syn_received(net):
    """The client opens, sends and closes at once; everything up to its FIN is on its way together."""
    net.path("client behind delay=50")
    net.rule("client ACK 1 behind delay=150")
    listening = net.listen()
    c = net.dial()
    c.sendall(b"hello")
    c.close()
    s = net.accept(listening)
    read_all(s)
    net.sleep(0.2)
    s.close()
    net.sleep(0.2)


# ---- established ----


@scenario(quick=True, seconds=2)
def bulk(net):
    """Half a megabyte over a clean path."""
    c, s, _ = net.connect()
    _send_and_close(net, c, s, 500_000)


def _send_and_close(net, sender, receiver, octets):
    """Send OCTETS while the receiver reads; then both close."""
    sender.setblocking(False)
    receiver.setblocking(False)
    data = bytes(range(256)) * 64
    left, until = octets, time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if left > 0:
                left -= sender.send(data[:left])
            if left == 0:
                sender.close()
                left = -1
        except BlockingIOError:
            pass
        try:
            if receiver.recv(65536) == b"":
                break
        except BlockingIOError:
            net.sleep(0.001)
    net.sleep(0.1)
    receiver.close()
    net.sleep(0.5)


@scenario(seconds=8, pcap={"retransmission": 4})
def small_transfer_under_loss(net):
    """A few segments of data, two of them lost: one before the tap, one behind it."""
    net.sysctl("both", tcp_wmem="4096 16384 16384")
    net.rule("client data 2 before drop")
    net.rule("client data 4 behind drop")
    c, s, _ = net.connect()
    _send_and_close(net, c, s, 9000)


# Chance decides whether so much is sent again that it is worth a word.
SENT_AGAIN = ("excessive-retransmission",)


@scenario(seconds=10, may=SENT_AGAIN)
def bulk_under_loss(net):
    """Half a megabyte while both directions lose on both sides of the tap."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=1 jitter=1 loss=1.5")
        net.path(f"{side} behind delay=4 jitter=2 loss=1.5")
    c, s, _ = net.connect()
    _send_and_close(net, c, s, 500_000)


@scenario(seconds=5, may=SENT_AGAIN)
def bulk_out_of_order(net):
    """Half a megabyte over a path that reorders and duplicates on both sides of the tap."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=1 reorder=3 by=3 dup=1")
        net.path(f"{side} behind delay=2 reorder=3 by=3 dup=1")
    c, s, _ = net.connect()
    _send_and_close(net, c, s, 500_000)


@scenario(seconds=3)
def data_segment_delayed(net):
    """The second data segment comes 300 ms late, behind the tap, after its repetition."""
    net.rule("client data 2 behind delay=300")
    c, s, _ = net.connect()
    for _ in range(5):
        c.sendall(b"0123456789")
        net.sleep(0.02)
    net.sleep(0.6)
    s.recv(100)
    _close_both(net, c, s)


@scenario(families=(4,), seconds=12, finds={"zero-window-stall": "server"})
def zero_window(net):
    """The server does not read for eight seconds; the client probes its closed window."""
    c, s, _ = net.connect()
    c.setblocking(False)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    try:
        while True:
            c.send(b"x" * 1000)
    except BlockingIOError:
        pass
    net.sleep(8)
    c.close()
    while s.recv(65536):
        pass
    s.close()
    net.sleep(0.3)


@scenario(seconds=9, pcap={"zero-window": 4}, finds={"zero-window-stall": "server"})
def window_shut_and_opened(net):
    """The server does not read for seven seconds; the client probes its closed window, and the rest follows."""
    listening = net.socket("server", 80)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
    listening.listen()
    c = net.dial()
    s = net.accept(listening)
    c.sendall(b"x" * 4000)
    net.sleep(7)
    left = 4000
    while left:
        left -= len(s.recv(left))
    net.sleep(0.1)
    _close_both(net, c, s)


def _keepalive(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


@scenario(seconds=5, pcap={"keepalive": 4})
def keepalive(net):
    """Keepalive probes that are answered change nothing."""
    c, s, _ = net.connect()
    _keepalive(c)
    _talk(net, c, s)
    net.sleep(3.5)
    _close_both(net, c, s)


@scenario(seconds=7, pcap={"keepalive-unanswered": 4}, finds={"keepalive-timeout": "server"})
def keepalive_to_a_dead_peer(net):
    """The server's host is gone; three keepalive probes stay unanswered and the client gives up."""
    c, s, _ = net.connect()
    _keepalive(c)
    _talk(net, c, s)
    net.rule("both any all behind drop")
    net.sleep(5.5)


@scenario(seconds=10, finds={"dead-peer": "server"})
def vanished_peer(net):
    """The path dies behind the tap; the client's data are sent again and again."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("client any all behind drop")
    c.sendall(b"is anybody there?")
    net.sleep(13)


@scenario(quick=True, finds={"half-open": "server"},
          blind={"server": "a crash sends nothing; only the RST that answers the data tells"})
def lost_state(net):
    """The server's host forgets the connection; the client's next data are answered by RST."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    vanish(s)
    net.sleep(0.2)
    c.sendall(b"are you there?")
    net.sleep(0.3)


@scenario(seconds=3, finds={"half-open": "client"},
          blind={"client": "a crash sends nothing; only the new SYN tells"})
def restarted_peer(net):
    """The client's host forgets the connection and opens it anew: SYN, challenge ACK, RST, SYN."""
    c, s, listening = net.connect()
    _talk(net, c, s)
    vanish(c)
    net.sleep(0.3)
    c = net.dial()
    s = net.accept(listening)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(seconds=2, blind=NOT_SEEN)
def capture_drops(net):
    """The capture misses every tenth packet, the hosts do not."""
    net.rule("both any 10% tap lose")
    c, s, listening = net.connect()
    for _ in range(20):
        _talk(net, c, s)
    _close_both(net, c, s)


@scenario(blind=NOT_SEEN)
def capture_drops_the_opening(net):
    """The capture misses SYN,ACK and third segment; data come right after."""
    net.rule("server SYN,ACK 1 tap lose")
    net.rule("client ACK 1 tap lose")
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(blind=NOT_SEEN)
def capture_drops_a_fin(net):
    """The capture misses the client's FIN, the hosts do not."""
    net.rule("client FIN 1 tap lose")
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True, pcap={"midstream": 4}, finds={"midstream": None})
def midstream(net):
    """The capture begins in the middle of a connection, which then closes."""
    net.rule("both any 1-7 tap lose")
    c, s, _ = net.connect()
    _talk(net, c, s)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(may=("one-way",), blind=NOT_SEEN)
def one_direction(net):
    """The capture sees only what the client sends."""
    net.rule("server any all tap lose")
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(finds={"blind-rst": None, "challenge-ack": None})
def blind_rst(net):
    """A forged RST in the window but not at RCV.NXT: challenge ACK, and the connection lives on."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.inject("client", "R", net.numbers()["client"]["seq"] + 1000)
    net.sleep(0.2)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(may=("data-after-close", "injection-suspected"))
def forged_rst_that_fits(net):
    """A forged RST exactly at RCV.NXT kills the server's end; the client learns it by its next data."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.inject("client", "R", net.numbers()["client"]["seq"], ttl=200)
    net.sleep(0.2)
    c.sendall(b"hello?")
    net.sleep(0.2)


@scenario()
def rst_out_of_window(net):
    """A forged RST far outside the window changes nothing."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.inject("client", "R", net.numbers()["client"]["seq"] + 0x40000000)
    net.sleep(0.2)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(finds={"blind-syn": None, "challenge-ack": None})
def blind_syn(net):
    """A forged SYN into the ESTABLISHED connection: challenge ACK, and the connection lives on."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.inject("client", "S", net.numbers()["client"]["seq"] + 1000)
    net.sleep(0.2)
    _talk(net, c, s)
    _close_both(net, c, s)


# ---- closing ----


@scenario(quick=True, pcap={"half-close": 4}, finds={"half-close": None})
def half_close(net):
    """The client shuts its direction down; the server goes on sending, then closes."""
    c, s, _ = net.connect()
    c.sendall(b"GET / HTTP/1.0\r\n\r\n")
    c.shutdown(socket.SHUT_WR)
    read_all(s)
    for _ in range(3):
        s.sendall(b"some more of the answer\n")
        net.sleep(0.1)
    s.close()
    read_all(c)
    c.close()
    net.sleep(0.1)


@scenario(quick=True, pcap={"simultaneous-close": 4}, finds={"simultaneous-close": None})
def simultaneous_close(net):
    """Both ends send their FIN before they see the other's (RFC 9293 figure 13)."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=10")
        net.path(f"{side} behind delay=10")
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    s.close()
    net.sleep(0.3)


def _lost_while_closing(net, rule, server_first=False):
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule(rule)
    first, second = (s, c) if server_first else (c, s)
    first.close()
    net.sleep(0.7)
    second.close()
    net.sleep(0.8)


@scenario(quick=True, seconds=2)
def fin_of_first_lost_before(net):
    """The FIN of the end that closes first is lost before the tap."""
    _lost_while_closing(net, "client FIN 1 before drop")


@scenario(quick=True, seconds=2)
def fin_of_first_lost_behind(net):
    """The FIN of the end that closes first passes the tap and is lost behind it."""
    _lost_while_closing(net, "client FIN 1 behind drop")


@scenario(seconds=2)
def ack_of_first_fin_lost_before(net):
    """The ACK of the first FIN is lost before the tap."""
    _lost_while_closing(net, "server ACK 1 before drop")


@scenario(seconds=2)
def ack_of_first_fin_lost_behind(net):
    """The ACK of the first FIN passes the tap and is lost behind it."""
    _lost_while_closing(net, "server ACK 1 behind drop")


@scenario(seconds=2)
def fin_of_second_lost_before(net):
    """The FIN of the end that closes second is lost before the tap."""
    _lost_while_closing(net, "server FIN 1 before drop")


@scenario(quick=True, seconds=2)
def fin_of_second_lost_behind(net):
    """The FIN of the end that closes second passes the tap and is lost behind it."""
    _lost_while_closing(net, "server FIN 1 behind drop")


@scenario(quick=True, seconds=2)
def last_ack_lost_before(net):
    """The last ACK is lost before the tap; the FIN comes again and is acknowledged again."""
    _lost_while_closing(net, "client ACK 1 before drop")


@scenario(quick=True, seconds=2, pcap={"lost-last-ack": 4}, finds={"fin-retransmission-in-time-wait": None})
def last_ack_lost_behind(net):
    """The last ACK passes the tap and is lost behind it; the FIN comes again."""
    _lost_while_closing(net, "client ACK 1 behind drop")


@scenario(seconds=2)
def closing_by_a_lost_ack(net):
    """Both close while the server's segments are held up: FIN-WAIT-1 goes through CLOSING."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("server ACK 1 behind drop")
    net.rule("server FIN 1 behind delay=30")
    c.close()
    s.close()
    net.sleep(1)


@scenario()
def fin_overtakes_data(net):
    """The client's last data come late, behind the tap: its FIN arrives before them."""
    net.rule("client data 2 behind delay=60")
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.sendall(b"the last words")
    c.close()
    read_all(s)
    s.close()
    net.sleep(0.3)


@scenario()
def fin_with_data(net):
    """The FIN comes with data."""
    c, s, _ = net.connect()
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    c.sendall(b"hello")
    c.close()
    read_all(s)
    s.close()
    net.sleep(0.2)


@scenario(seconds=15, finds={"stuck-fin-wait-1": "client"})
def stuck_fin_wait_1(net):
    """The path dies behind the tap just before the client's FIN."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("client any all behind drop")
    c.close()
    net.sleep(14)


@scenario(seconds=15, finds={"stuck-last-ack": "server"})
def stuck_last_ack(net):
    """The path to the client dies before the server's FIN: the server waits in LAST-ACK."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    net.sleep(0.1)
    net.rule("server any all behind drop")
    s.close()
    net.sleep(14)


@scenario(families=(4,), seconds=72, pcap={"stuck-fin-wait-2": 4},
          finds={"stuck-fin-wait-2": "client", "stuck-close-wait": "server"})
def stuck_fin_wait_2(net):
    """The server never closes: the client, which only shut down, stays in FIN-WAIT-2 for over a minute."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.shutdown(socket.SHUT_WR)
    net.sleep(65)
    _later_connection(net)


@scenario(families=(4,), seconds=72, finds={"stuck-fin-wait-2": "client", "stuck-close-wait": "server"},
          blind={"client": "shutdown() and close() look alike; the kernel forgets in silence"})
def fin_wait_2_runs_out(net):
    """The server never closes; the client, which has closed, is forgotten by its kernel after a minute."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    net.sleep(66)
    _later_connection(net)


@scenario(families=(4,), seconds=70)
def time_wait_runs_out(net):
    """TIME-WAIT lasts a minute and ends."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)
    net.sleep(66)


def _fin_after_time_wait(net, place):
    """The server's FIN arrives, and nothing of what follows, until the client's kernel has forgotten."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    net.sleep(0.1)
    net.rule("client ACK 1 behind drop")
    net.rule(f"server FIN 2+ {place} drop")
    s.shutdown(socket.SHUT_WR)
    net.sleep(61)
    net.clear()
    net.sleep(50)


@scenario(families=(4,), seconds=112, finds={"fin-after-time-wait": "server"},
          blind={"server": "its FINs do not pass the tap, and who sends none has been heard"})
def fin_after_time_wait_before(net):
    """The last ACK is lost, and so are the FINs that ask for it, before the tap, until TIME-WAIT is over: then RST."""
    _fin_after_time_wait(net, "before")


@scenario(families=(4,), seconds=112, pcap={"fin-after-time-wait": 4},
          finds={"fin-after-time-wait": "server", "stuck-last-ack": "server"})
def fin_after_time_wait_behind(net):
    """The last ACK is lost, and so are the FINs that ask for it, behind the tap, until TIME-WAIT is over: then RST."""
    _fin_after_time_wait(net, "behind")


@scenario(families=(4,), seconds=72, pcap={"late-fin": 4},
          finds={"rst-after-fin": "client", "stuck-fin-wait-2": "client", "stuck-close-wait": "server"})
def fin_to_a_forgotten_end(net):
    """The client closed and was forgotten by its kernel after a minute; the server's late FIN is answered by RST."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    net.sleep(66)
    s.close()
    net.sleep(0.2)


@scenario(quick=True, finds={"rst-abort": "client"})
def abort_by_the_client(net):
    """The client aborts (SO_LINGER 0)."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    abort(c)
    net.sleep(0.2)


@scenario(finds={"rst-abort": "server"})
def abort_by_the_server(net):
    """The server aborts (SO_LINGER 0)."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    abort(s)
    net.sleep(0.2)


@scenario(quick=True, finds={"rst-abort": "server"}, pcap={"rst-unread-data": 4})
def unread_data_at_close(net):
    """The server closes with unread data: RST instead of FIN."""
    c, s, _ = net.connect()
    c.sendall(b"nobody will read this")
    net.sleep(0.1)
    s.close()
    net.sleep(0.2)


@scenario(finds={"rst-abort": "server"})
def abort_in_close_wait(net):
    """The client has shut its direction down; the server answers a little, then aborts."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.shutdown(socket.SHUT_WR)
    net.sleep(0.1)
    s.sendall(b"some of the answer")
    net.sleep(0.1)
    abort(s)
    net.sleep(0.2)


@scenario(finds={"data-after-close": "server"})
def data_to_a_closed_end(net):
    """The client has closed; the server's data are answered by RST."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    c.close()
    net.sleep(0.2)
    s.sendall(b"you are still there?")
    net.sleep(0.2)


@scenario(may=("half-open",), blind={"client": "it closes, and nothing of it passes the tap"})
def rst_lost_before(net):
    """The RST is lost before the tap; the server's data are answered by another one."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("client RST 1 before drop")
    abort(c)
    net.sleep(0.3)
    s.sendall(b"are you there?")
    net.sleep(0.3)


@scenario(quick=True, finds={"data-after-close": "server"})
def rst_lost_behind(net):
    """The RST passes the tap and is lost behind it; the server's data are answered by another one."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("client RST 1 behind drop")
    abort(c)
    net.sleep(0.3)
    s.sendall(b"are you there?")
    net.sleep(0.3)


@scenario(quick=True, pcap={"time-wait-reuse": 4}, finds={"time-wait-reuse": None})
def reuse_while_the_server_waits(net):
    """The server is in TIME-WAIT; the client uses its port again, and the SYN is accepted."""
    c, s, listening = net.connect()
    _talk(net, c, s)
    _close_both(net, s, c)
    c = net.dial()
    s = net.accept(listening)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(seconds=3, finds={"time-wait-reuse": None})
def reuse_while_the_client_waits(net):
    """The client is in TIME-WAIT and uses its own port again (tcp_tw_reuse=1)."""
    net.sysctl("client", tcp_tw_reuse=1)
    c, s, listening = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)
    net.sleep(1.5)
    c = net.dial()
    s = net.accept(listening)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(quick=True, pcap={"isn-collision": 4}, finds={"isn-collision": "client", "rst-abort": "client"})
def isn_inside_the_former(net):
    """After an abort the client uses its port again, from a number that the former connection used; no timestamps."""
    net.sysctl("both", tcp_timestamps=0)
    c, s, listening = net.connect()
    c.sendall(b"x" * 1400)
    s.recv(2000)
    net.sleep(0.1)
    isn = net.numbers()["client"]["seq"] - 700
    abort(c)
    net.sleep(0.1)
    c = net.dial(isn=isn)
    s = net.accept(listening)
    _talk(net, c, s)
    _close_both(net, c, s)


@scenario(finds={"time-wait-assassination": None})
def time_wait_assassination(net):
    """A forged RST ends TIME-WAIT early (RFC 1337)."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)
    net.inject("server", "R", net.numbers()["server"]["seq"])
    net.sleep(0.3)


def _many(net, connections, pause):
    listening = net.listen(backlog=512)
    listening.settimeout(0.02)
    waiting, served, next_port = [], [], 41000
    until = time.monotonic() + 60
    while time.monotonic() < until and (next_port < 41000 + connections or served or waiting):
        if next_port < 41000 + connections:
            c = net.start_dial(next_port)
            c.setblocking(False)
            waiting.append(c)
            next_port += 1
        try:
            s = net.accept(listening)
            s.setblocking(False)
            served.append(s)
        except (TimeoutError, BlockingIOError):
            pass
        waiting = [c for c in waiting if not _client_step(c)]
        served = [s for s in served if not _server_step(s)]
        net.sleep(pause)


def _client_step(c):
    """Send the request and close once it is connected; true when done."""
    try:
        c.send(b"request")
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        c.close()
        return True
    c.shutdown(socket.SHUT_WR)
    c.close()
    return True


def _server_step(s):
    """Read until the FIN, then close; true when done."""
    try:
        if s.recv(1000):
            return False
    except BlockingIOError:
        return False
    except OSError:
        pass
    s.close()
    return True


@scenario(quick=True, seconds=6)
def many_short_connections(net):
    """A hundred short connections over a clean path."""
    _many(net, 100, 0.002)
    net.sleep(0.5)


@scenario(seconds=60, may=("time-wait-assassination",))
def many_short_connections_under_loss(net):
    """Three hundred short connections while both directions lose on both sides of the tap.

    A FIN that comes again meets TIME-WAIT, whose ACK meets a closed end, whose RST ends TIME-WAIT.
    """
    for side in ("client", "server"):
        net.path(f"{side} before delay=1 loss=2.5")
        net.path(f"{side} behind delay=4 jitter=2 loss=2.5")
    _many(net, 300, 0.005)
    net.sleep(5)


class _Life:
    """What one socket does by chance: a few steps, each after a pause."""

    def __init__(self, sock, rng):
        self.sock = sock
        self.rng = rng
        sock.setblocking(False)
        self.steps = rng.choices(("send", "read", "shut"), (6, 5, 1), k=rng.randint(0, 4))
        self.steps.append(rng.choices(("close", "abort", "stay"), (8, 2, 1))[0])
        self.due = 0
        self._wait()

    def _wait(self):
        self.due = time.monotonic() + self.rng.choice((0, 0.005, 0.03, 0.3))

    def step(self):
        """Do what is due; true when all is done."""
        if time.monotonic() < self.due:
            return False
        what = self.steps.pop(0)
        try:
            self._do(what)
        except BlockingIOError:
            pass
        except OSError:
            self.sock.close()
            return True
        self._wait()
        return not self.steps

    def _do(self, what):
        if what == "send":
            self.sock.send(bytes(self.rng.choice((1, 100, 1000, 5000))))
        elif what == "read":
            self.sock.recv(65536)
        elif what == "shut":
            self.sock.shutdown(socket.SHUT_WR)
        elif what == "close":
            self.sock.close()
        elif what == "abort":
            abort(self.sock)


def _lives(net, connections):
    rng = random.Random(net.seed)
    listening = net.listen(backlog=512)
    listening.setblocking(False)
    lives, until, port = [], time.monotonic() + connections / 50 + 8, 41000
    while time.monotonic() < until:
        if port < 41000 + connections:
            lives.append(_Life(net.start_dial(port), rng))
            port += 1
        try:
            lives.append(_Life(net.accept(listening), rng))
        except BlockingIOError:
            pass
        lives = [life for life in lives if not life.step()]
        net.sleep(0.01)


@scenario(quick=True, seconds=11, may=CHANCE)
def chance(net):
    """Hosts that send, shut down, close and abort as chance will, over a clean path."""
    _lives(net, 100)


@scenario(seconds=11, may=CHANCE + ("half-open", "time-wait-assassination"))
def chance_over_a_bad_path(net):
    """The same while the path loses, delays, reorders and duplicates on both sides of the tap.

    A FIN that is lost before the tap, and data that are then answered by RST, look like half-open.
    """
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 jitter=3 loss=2 dup=1 reorder=2")
        net.path(f"{side} behind delay=5 jitter=8 loss=3 dup=1 reorder=2 by=15")
    _lives(net, 150)


@scenario(seconds=11, may=CHANCE, blind=NOT_SEEN)
def chance_with_capture_loss(net):
    """The same over a clean path while the capture misses every fiftieth packet."""
    net.rule("both any 2% tap lose")
    _lives(net, 150)
