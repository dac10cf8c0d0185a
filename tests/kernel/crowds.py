"""Scenarios with many connections at the same time: each loss of each
segment beside the others, and masses of connections over bad paths.

As in scenarios.py, a story gets the pair of hosts; here it says what one
client and one server do, and Crowd lets as many of them as it likes do so
side by side, each on a port of its own and in a thread of its own.
"""

import random
import socket
import threading
import time

from netpair import TCP_FASTOPEN_CONNECT, abort, read_all, vanish
from scenarios import CHANCE, NOT_SEEN, scenario

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
ANSWER = b"HTTP/1.0 200 OK\r\n\r\n" + b"hello\n" * 20

# What paths that lose bring about, beside what was meant.
LOSSY = CHANCE + ("half-open", "time-wait-assassination", "handshake-ack-lost")

# A SYN on ports that are known is lost before the tap: nothing says that there is a new connection.
NEW_SYN = {"client": "a SYN of a new connection that does not reach the tap"}


class Crowd:
    """Clients' and servers' stories, side by side."""

    def __init__(self, net, server, backlog=512, port=80):
        self.net = net
        self.server = server  # called with the accepted socket and the client's port
        self.threads = []
        self.over = False
        self.listening = net.listen(port, backlog)
        self.listening.settimeout(0.1)
        self.accepting = threading.Thread(target=self._accept)
        self.accepting.start()

    def _accept(self):
        while not self.over:
            try:
                s, peer = self.listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.net.sockets.append(s)
            s.settimeout(20)
            self._start(self.server, s, peer[1])

    def _start(self, story, *args):
        thread = threading.Thread(target=_quietly, args=(story, *args))
        self.threads.append(thread)
        thread.start()

    def client(self, story, port, *args):
        """STORY is called with the socket, not yet connected, and ARGS."""
        c = self.net.socket("client", port)
        c.settimeout(20)
        self._start(story, c, *args)

    def wait(self, linger=0.5):
        """Until all stories are told."""
        while alive := [t for t in self.threads if t.is_alive()]:
            alive[0].join()
        self.over = True
        self.accepting.join()
        self.net.sleep(linger)


def _quietly(story, *args):
    try:
        story(*args)
    except OSError:
        args[0].close()


def _dial(net, c, port=80):
    c.connect((net.addr["server"], port))


# ---- each segment lost, before and behind the tap -----------------------------------------------

OPENING = ("client SYN 1", "server SYN,ACK 1", "client ACK 1", "client data 1", "server data 1")
CLOSING = ("client FIN 1", "server FIN 1", "client FIN 1-2", "server FIN 1-2")
LATER = ("client ACK 2", "client ACK 3", "client ACK 4", "server ACK 1", "server ACK 2", "server ACK 3",
         "client any 5-7", "server any 4-6", "client any 4-5", "server any 3-5")


def _each_loss(net, action, places, client, server, gap=0.02):
    """One connection for each loss, each on a port of its own."""
    crowd = Crowd(net, server)
    port = 41000
    for place in places:
        for what in OPENING + CLOSING + LATER:
            net.rule(f"{what} {place} {action} port={port}")
            crowd.client(client, port)
            port += 1
            net.sleep(gap)
    crowd.wait(1.5)
    net.all_rules.clear()  # not each of them has what it would take away


def _client_first(net, pause=0.05):
    """The client asks, reads and closes; the server closes when it has read that."""
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(1000)
        time.sleep(pause)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        read_all(s)
        time.sleep(pause)
        s.close()
    return client, server


def _server_first(net, pause=0.05):
    """The server answers and closes; the client closes when it has read that."""
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        read_all(c)
        time.sleep(pause)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        time.sleep(pause)
        s.close()
    return client, server


def _far(net, before=5, behind=5):
    for side in ("client", "server"):
        net.path(f"{side} before delay={before}")
        net.path(f"{side} behind delay={behind}")


@scenario(quick=True, seconds=6, may=LOSSY)
def each_loss_client_first(net):
    """Each segment is lost in one connection, before the tap or behind it; the client closes first."""
    _far(net)
    _each_loss(net, "drop", ("before", "behind"), *_client_first(net))


@scenario(seconds=6, may=LOSSY)
def each_loss_server_first(net):
    """Each segment is lost in one connection, before the tap or behind it; the server closes first."""
    _far(net)
    _each_loss(net, "drop", ("before", "behind"), *_server_first(net))


@scenario(seconds=6, may=LOSSY)
def each_loss_at_once(net):
    """Each segment is lost in one connection; both ends close as soon as they can."""
    _each_loss(net, "drop", ("before", "behind"), *_client_first(net, 0))


@scenario(seconds=6, may=LOSSY)
def each_delay(net):
    """Each segment is late in one connection by as much as makes its sender repeat it."""
    _far(net)
    _each_loss(net, "delay=280", ("before", "behind"), *_server_first(net))


@scenario(seconds=6, may=LOSSY)
def each_copy(net):
    """Each segment is doubled in one connection."""
    _far(net)
    _each_loss(net, "dup", ("before", "behind"), *_client_first(net))


@scenario(seconds=6, may=LOSSY, blind=NOT_SEEN)
def each_capture_loss_client_first(net):
    """The capture misses each segment in one connection; the client closes first."""
    _far(net)
    _each_loss(net, "lose", ("tap",), *_client_first(net))


@scenario(seconds=6, may=LOSSY, blind=NOT_SEEN)
def each_capture_loss_server_first(net):
    """The capture misses each segment in one connection; the server closes first."""
    _far(net)
    _each_loss(net, "lose", ("tap",), *_server_first(net))


@scenario(seconds=6, may=LOSSY, blind=NOT_SEEN)
def each_beginning(net):
    """The capture begins with each segment of one connection."""
    _far(net)
    client, server = _client_first(net)
    crowd = Crowd(net, server)
    for n in range(1, 13):
        net.rule(f"both any 1-{n} tap lose port={41000 + n}")
        crowd.client(client, 41000 + n)
    crowd.wait(1)
    net.all_rules.clear()


@scenario(seconds=6, may=LOSSY)
def each_loss_of_a_half_close(net):
    """The client shuts its direction down early; each segment is lost in one connection."""
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.shutdown(socket.SHUT_WR)
        read_all(c)
        c.close()

    def server(s, _port):
        read_all(s)
        for _ in range(3):
            s.sendall(ANSWER)
            time.sleep(0.03)
        s.close()
    _far(net)
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=6, may=LOSSY)
def each_loss_of_a_simultaneous_close(net):
    """Both ends close at the same moment; each segment is lost in one connection."""
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(1000)
        until = time.monotonic() + 0.3
        time.sleep(until - time.monotonic())
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        time.sleep(0.3 + 0.011)
        s.close()
    _far(net, 8, 8)
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=6, may=LOSSY + ("rst-abort",), blind={"client": "a RST that is lost before the tap"})
def each_loss_of_an_abort(net):
    """The client aborts in several ways; the RST or what goes before it is lost."""
    def client(c, how):
        _dial(net, c)
        c.sendall(REQUEST)
        if how == "unread":
            time.sleep(0.2)
            c.close()
            return
        c.recv(1000)
        time.sleep(0.1)
        if how == "shut":
            c.shutdown(socket.SHUT_WR)
            time.sleep(0.1)
        abort(c)

    def server(s, port):
        s.recv(1000)
        s.sendall(ANSWER)
        time.sleep(0.5)
        if port % 2:
            s.sendall(ANSWER)
        time.sleep(0.1)
        s.close()
    _far(net)
    crowd = Crowd(net, server)
    port = 41000
    for how in ("plain", "unread", "shut"):
        for rule in ("client RST 1 before drop", "client RST 1 behind drop", "client RST 1-2 behind drop",
                     "client ACK 2 behind drop", "server data 1 behind drop", "client FIN 1 behind drop"):
            for _ in range(2):
                net.rule(f"{rule} port={port}")
                crowd.client(client, port, how)
                port += 1
    crowd.wait(1)
    net.all_rules.clear()


# ---- masses --------------------------------------------------------------------------------------


def _mass(net, client, server, connections=200, pause=0.012, linger=4):
    crowd = Crowd(net, server)
    for port in range(41000, 41000 + connections):
        crowd.client(client, port)
        net.sleep(pause)
    crowd.wait(linger)


def _five_per_cent(net):
    """Five of a hundred are lost, half of them before the tap."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 loss=2.5")
        net.path(f"{side} behind delay=6 jitter=2 loss=2.5")


@scenario(seconds=30, may=LOSSY)
def mass_client_first_under_loss(net):
    """Requests and answers under 5 % loss; the client closes first."""
    _five_per_cent(net)
    _mass(net, *_client_first(net, 0.01))


@scenario(seconds=30, may=LOSSY)
def mass_server_first_under_loss(net):
    """Requests and answers under 5 % loss; the server closes first."""
    _five_per_cent(net)
    _mass(net, *_server_first(net, 0))


@scenario(seconds=30, may=LOSSY)
def mass_without_timestamps_under_loss(net):
    """The same without timestamps and SACK."""
    net.sysctl("both", tcp_timestamps=0, tcp_sack=0)
    _five_per_cent(net)
    _mass(net, *_server_first(net, 0.01))


@scenario(seconds=30, may=LOSSY)
def mass_with_syn_cookies_under_loss(net):
    """The server answers by SYN cookies; 5 % are lost."""
    net.sysctl("server", tcp_syncookies=2)
    _five_per_cent(net)
    _mass(net, *_client_first(net, 0.01), connections=120)


@scenario(seconds=30, may=LOSSY)
def mass_near_the_server_under_loss(net):
    """The tap is near the server: forty milliseconds lie before it."""
    for sender, before, behind in (("client", 40, 1), ("server", 1, 40)):
        net.path(f"{sender} before delay={before} loss=2.5")
        net.path(f"{sender} behind delay={behind} loss=2.5")
    _mass(net, *_client_first(net, 0.01), connections=120)


@scenario(seconds=30, may=LOSSY)
def mass_out_of_order(net):
    """Both directions reorder and duplicate on both sides of the tap."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 reorder=5 by=6 dup=2")
        net.path(f"{side} behind delay=4 reorder=5 by=6 dup=2")
    _mass(net, *_server_first(net, 0), linger=1)


@scenario(seconds=30, may=LOSSY + ("rst-abort",))
def mass_of_aborts_under_loss(net):
    """Every second client aborts when it has its answer; 3 % are lost."""
    client, server = _client_first(net, 0.01)

    def aborting(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(1000)
        abort(c)
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 loss=1.5")
        net.path(f"{side} behind delay=6 jitter=2 loss=1.5")
    crowd = Crowd(net, server)
    for port in range(41000, 41150):
        crowd.client(aborting if port % 2 else client, port)
        net.sleep(0.012)
    crowd.wait(3)


@scenario(seconds=30, may=LOSSY, blind=NOT_SEEN)
def mass_with_capture_loss(net):
    """The capture misses five of a hundred; the hosts miss none."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=2")
        net.path(f"{side} behind delay=6")
    net.rule("both any 5% tap lose")
    _mass(net, *_server_first(net, 0.01), linger=2)


@scenario(seconds=30, may=LOSSY, blind=NOT_SEEN)
def mass_with_capture_loss_and_loss(net):
    """The capture misses two of a hundred, and the path loses three."""
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 loss=1.5")
        net.path(f"{side} behind delay=6 jitter=2 loss=1.5")
    net.rule("both any 2% tap lose")
    _mass(net, *_client_first(net, 0.01), linger=3)


@scenario(seconds=30, may=LOSSY + ("time-wait-reuse", "isn-collision"), blind=NEW_SYN)
def mass_on_few_ports_under_loss(net):
    """Ten ports are used again and again, while the server waits; 3 % are lost."""
    _, server = _server_first(net, 0)
    for side in ("client", "server"):
        net.path(f"{side} before delay=1 loss=1.5")
        net.path(f"{side} behind delay=3 loss=1.5")
    crowd = Crowd(net, server)

    def again_and_again(c, port):
        for _ in range(10):
            c.connect((net.addr["server"], 80))
            c.sendall(REQUEST)
            read_all(c)
            c.close()
            time.sleep(0.25)
            c = net.socket("client", port)
            c.settimeout(10)
    for port in range(41000, 41010):
        crowd.client(again_and_again, port, port)
    crowd.wait(2)


@scenario(seconds=30, may=LOSSY)
def mass_of_impatient_clients(net):
    """Clients that give up a connect after 0.7 s and a read after 0.5 s; one packet in ten is lost."""
    def client(c):
        c.settimeout(0.7)
        _dial(net, c)
        c.settimeout(0.5)
        c.sendall(REQUEST)
        read_all(c)
        c.close()
    _, server = _server_first(net, 0)
    for side in ("client", "server"):
        net.path(f"{side} before delay=1 loss=5")
        net.path(f"{side} behind delay=3 loss=5")
    _mass(net, client, server, connections=150, linger=5)


@scenario(seconds=40, may=LOSSY)
def mass_over_a_long_path(net):
    """A round trip takes 1.2 s: each SYN is repeated though nothing is lost."""
    _far(net, 300, 300)
    _mass(net, *_client_first(net, 0.05), connections=40, linger=4)


@scenario(seconds=20, may=LOSSY + ("rst-abort",))
def mass_of_failures(net):
    """What goes wrong on servers: refused, reset from the accept queue, unread data, a killed program."""
    _far(net, 2, 4)
    rng = random.Random(net.seed)

    def server(s, port):
        kind = port % 4
        if kind == 0:
            s.recv(5)  # the rest is left unread
        elif kind == 1:
            s.recv(1000)
            s.sendall(ANSWER * 100)
        elif kind == 2:
            s.recv(1000)
            s.shutdown(socket.SHUT_RD)
            s.sendall(ANSWER)
            time.sleep(0.05)
        else:
            time.sleep(0.1)
            abort(s)
            return
        s.close()

    def client(c, kind):
        _dial(net, c, 81 if kind == 4 else 80)
        c.sendall(REQUEST)
        if kind == 3:
            c.shutdown(socket.SHUT_WR)
        elif kind == 5:
            c.close()  # whatever is on its way meets a closed end
            return
        c.recv(100)
        time.sleep(0.02)
        c.close()
    crowd = Crowd(net, server)
    for port in range(41000, 41120):
        crowd.client(client, port, rng.randrange(6))
        net.sleep(0.01)
    crowd.wait(1)


# ---- what hosts are set to -----------------------------------------------------------------------


@scenario(seconds=9, may=("stuck-fin-wait-2", "stuck-close-wait", "data-after-close"),
          blind={"client": "shutdown() and close() look alike; the kernel forgets in silence"})
def short_fin_timeout(net):
    """tcp_fin_timeout is 2 s: the client is forgotten in FIN-WAIT-2; the server closes later, and meets RST."""
    net.sysctl("client", tcp_fin_timeout=2)
    c, s, _ = net.connect()
    s.sendall(b"hello")
    c.recv(10)
    c.close()
    net.sleep(5)
    s.close()
    net.sleep(1)


@scenario(seconds=9, may=("dead-peer",),
          blind={"client": "TCP_USER_TIMEOUT ends it in silence"})
def user_timeout(net):
    """TCP_USER_TIMEOUT is 2 s and the path is dead: the client gives up without a word."""
    c, s, _ = net.connect()
    c.setsockopt(socket.IPPROTO_TCP, 18, 2000)
    net.rule("client any all behind drop")
    c.sendall(b"hello?")
    net.sleep(6)


@scenario(seconds=9, may=("half-open-handshake",))
def few_syn_ack_repetitions(net):
    """tcp_synack_retries is 1, and the third segment never comes: the server gives up after 3 s."""
    net.sysctl("server", tcp_synack_retries=1)
    net.rule("client any 2+ before drop port=40001")
    net.listen()
    net.dial(40001)
    net.sleep(5)


@scenario(seconds=9, may=("stuck-fin-wait-1", "dead-peer"),
          blind={"client": "an orphan is given up in silence"})
def orphan_given_up(net):
    """tcp_orphan_retries is 2, the path is dead, and the client has closed: it is given up in silence."""
    net.sysctl("client", tcp_orphan_retries=2)
    c, s, _ = net.connect()
    net.rule("client any all behind drop")
    c.sendall(b"hello?")
    c.close()
    net.sleep(6)


@scenario(seconds=5, may=("backlog-overflow", "syn-unanswered"))
def overflow_aborts(net):
    """tcp_abort_on_overflow: the full accept queue answers the third segment by RST."""
    net.sysctl("server", tcp_abort_on_overflow=1)
    _far(net, 2, 4)
    net.listen(backlog=1)
    for port in (40001, 40002):
        net.dial(port)
        net.sleep(0.1)
    c = net.start_dial(40003)
    net.sleep(0.2)
    try:
        c.sendall(b"hello?")
    except OSError:
        pass
    net.sleep(1)


@scenario(may=("rst-abort",))
def listener_closes(net):
    """The listening socket is closed while connections wait in its queue: they are reset."""
    listening = net.listen()
    c = net.dial(40001)
    c.sendall(b"hello")
    net.dial(40002)
    net.sleep(0.1)
    listening.close()
    net.sleep(0.3)


@scenario()
def read_direction_shut(net):
    """The client shuts its reading direction: nothing passes, and the server's data are taken and dropped."""
    c, s, _ = net.connect()
    c.sendall(b"hello")
    s.recv(10)
    c.shutdown(socket.SHUT_RD)
    s.sendall(b"nobody reads this")
    net.sleep(0.1)
    s.close()
    net.sleep(0.1)
    c.close()
    net.sleep(0.2)


@scenario(seconds=3)
def lingering_close(net):
    """SO_LINGER with a time: close() waits for the ACK of the last data, which are lost once."""
    c, s, _ = net.connect()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\5\0\0\0")
    net.rule("client data 1 behind drop")
    c.sendall(b"the last words")
    c.close()
    read_all(s)
    s.close()
    net.sleep(0.3)


def _fast_opens(net, rules):
    net.sysctl("both", tcp_fastopen=3)
    listening = net.listen()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    for port, rule in enumerate(("", *rules), 40001):
        if rule:
            net.rule(f"{rule} port={port}")
        c = net.socket("client", port)
        c.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)
        c.connect((net.addr["server"], 80))
        c.sendall(b"request")
        s = net.accept(listening)
        s.recv(10)
        s.sendall(b"answer")
        s.close()
        read_all(c)
        c.close()
        net.sleep(1.2)


@scenario(seconds=12, may=("syn-data", "isn-collision", "time-wait-assassination"))
def fast_open_under_loss(net):
    """Fast Open while the SYN, the SYN,ACK, the third segment or the answer is lost behind the tap."""
    _fast_opens(net, ("client SYN 1 behind drop", "server SYN,ACK 1 behind drop", "client ACK 1 behind drop",
                      "server data 1 behind drop", "server FIN 1 behind drop"))


@scenario(seconds=12, may=("syn-data", "isn-collision", "time-wait-assassination"))
def fast_open_under_loss_before(net):
    """The same, lost before the tap."""
    _fast_opens(net, ("client SYN 1 before drop", "server SYN,ACK 1 before drop", "client ACK 1 before drop",
                      "server data 1 before drop", "server FIN 1 before drop"))


@scenario(seconds=4, may=("dead-peer", "half-open"),
          blind={"server": "it vanishes", "client": "it is given up"})
def vanished_and_reset(net):
    """The server vanishes with a close under way: the client's FIN is answered by RST."""
    c, s, _ = net.connect()
    c.sendall(b"hello")
    s.recv(10)
    vanish(s)
    net.sleep(0.1)
    c.close()
    net.sleep(0.5)


@scenario(seconds=2, blind={"client": "who scans has no socket"}, may=("half-open-handshake",))
def half_open_scan(net):
    """A scanner's SYN is answered; its kernel, which knows nothing of it, resets."""
    net.listen()
    net.inject("client", "S", 1000)
    net.sleep(0.5)


@scenario(seconds=4, may=LOSSY + ("simultaneous-open",))
def simultaneous_opens_under_loss(net):
    """Both ends open at the same time; a SYN or SYN,ACK is lost before or behind the tap."""
    _far(net, 10, 10)
    pairs = []
    for port, rule in enumerate(("client SYN 1 before drop", "server SYN 1 before drop",
                                 "server SYN 1 behind drop", "client SYN,ACK 1 before drop",
                                 "client SYN,ACK 1 behind drop", "server SYN,ACK 1 behind drop"), 40001):
        net.rule(f"{rule} port={port}")
        c, s = net.socket("client", port), net.socket("server", port - 39000)
        c.setblocking(False)
        s.setblocking(False)
        c.connect_ex((net.addr["server"], port - 39000))
        s.connect_ex((net.addr["client"], port))
        pairs.append((c, s))
    net.sleep(2.5)
    for c, s in pairs:
        c.close()
        net.sleep(0.05)
        s.close()
    net.sleep(0.6)


@scenario(seconds=4, may=LOSSY + ("time-wait-reuse",), blind=NEW_SYN)
def reuse_under_loss(net):
    """The client uses its ports again while the server waits; SYN, SYN,ACK or third segment is lost."""
    net.sysctl("client", tcp_tw_reuse=1)
    listening = net.listen()
    for port, rule in enumerate(("client SYN 2 before drop", "client SYN 2 behind drop",
                                 "server SYN,ACK 2 before drop", "server SYN,ACK 2 behind drop",
                                 "client data 2 before drop", "client data 2 behind drop",
                                 "server FIN 1 behind drop", "client FIN 1 behind drop"), 40001):
        net.rule(f"{rule} port={port}")
        for _ in range(2):
            c = net.dial(port)
            s = net.accept(listening)
            c.sendall(REQUEST)
            s.recv(100)
            s.close()
            read_all(c)
            c.close()
            net.sleep(0.3)
    net.sleep(1)
    net.all_rules.clear()


@scenario(seconds=6, may=LOSSY)
def data_both_ways_to_the_end(net):
    """Both ends send to the end and close with data under way; 2 % are lost."""
    def chatter(sock):
        rng = random.Random(net.seed)
        for _ in range(8):
            sock.sendall(bytes(rng.choice((10, 200, 1000))))
        sock.shutdown(socket.SHUT_WR)
        read_all(sock)
        sock.close()

    def client(c):
        _dial(net, c)
        chatter(c)
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 jitter=1 loss=1")
        net.path(f"{side} behind delay=5 jitter=2 loss=1")
    _mass(net, client, lambda s, _port: chatter(s), connections=40, linger=2)


@scenario(seconds=6, may=LOSSY)
def unread_data_under_loss(net):
    """Both ends close without reading; 2 % are lost."""
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        time.sleep(0.06)
        c.close()

    def server(s, port):
        s.sendall(ANSWER)
        time.sleep(0.03 * (port % 4))
        s.close()
    for side in ("client", "server"):
        net.path(f"{side} before delay=2 loss=1")
        net.path(f"{side} behind delay=5 loss=1")
    _mass(net, client, server, connections=100, linger=2)

