"""More scenarios, written from the list of what TCP can run into and not from what the
replica knows: other delays, other rates, other settings of the hosts.

A tap stands near the client, near the server, or in the middle; hosts give up early,
forget, refuse, and close in every state.
"""

import socket
import struct
import time

from crowds import ANSWER, LOSSY, REQUEST, Crowd, _dial, _each_loss, _mass
from netpair import abort, read_all, vanish
from scenarios import CHANCE, NOT_SEEN, _close_both, _send_and_close, _talk, scenario

SILENT = {"client": "it gives up in silence", "server": "it gives up in silence"}


def _place(net, before, behind, loss=0, **more):
    """The tap is BEFORE ms from the client and BEHIND ms from the server; LOSS: per cent, by distance."""
    words = " ".join(f"{name}={value}" for name, value in more.items())
    total = before + behind
    for sender, first, second in (("client", before, behind), ("server", behind, before)):
        net.path(f"{sender} before delay={first} loss={loss * first / total} {words}")
        net.path(f"{sender} behind delay={second} loss={loss * second / total} {words}")


# ---- who gives up -------------------------------------------------------------------------------


@scenario(seconds=12, may=("syn-unanswered",))
def syn_given_up_after_few(net):
    """tcp_syn_retries is 1: a few SYNs pass, a second apart, and the client gives up soon after the last."""
    net.sysctl("client", tcp_syn_retries=1)
    net.rule("client any all behind drop")
    net.start_dial()
    net.sleep(11)


@scenario(seconds=6, may=("syn-unanswered",))
def syn_given_up_doubling(net):
    """The same without linear time-outs: two SYNs, given up after three seconds."""
    net.sysctl("client", tcp_syn_retries=1, tcp_syn_linear_timeouts=0)
    net.rule("client any all behind drop")
    net.start_dial()
    net.sleep(7)


@scenario(seconds=14, may=("syn-unanswered",))
def syn_answers_lost(net):
    """Every SYN,ACK is lost before the tap; the client gives up after seven seconds."""
    net.sysctl("client", tcp_syn_retries=2, tcp_syn_linear_timeouts=0)
    net.sysctl("server", tcp_synack_retries=2)
    net.rule("server any all before drop")
    net.listen()
    net.start_dial()
    net.sleep(13)


@scenario(seconds=14, may=("half-open-handshake",))
def syn_acks_lost_on_the_way_back(net):
    """Every SYN,ACK is lost behind the tap; both give up."""
    net.sysctl("client", tcp_syn_retries=2, tcp_syn_linear_timeouts=0)
    net.sysctl("server", tcp_synack_retries=2)
    net.rule("server any all behind drop")
    net.listen()
    net.start_dial()
    net.sleep(16)


@scenario(seconds=9, may=("half-open-handshake", "handshake-ack-lost", "rst-abort", "half-open"))
def third_segment_never_comes(net):
    """Each third segment is lost behind the tap; the server gives up, and the client's data meet RST."""
    net.sysctl("server", tcp_synack_retries=1)
    net.rule("client ACK 1-4 behind drop")
    net.listen()
    c = net.dial()
    net.sleep(6)
    c.sendall(b"anybody?")
    net.sleep(0.5)


@scenario(seconds=9, may=("syn-unanswered",))
def impatient_connect(net):
    """connect() is given up by its program after 0.6, 1.6 and 2.6 s."""
    net.rule("client any all behind drop")
    for port, patience in ((40001, 0.6), (40002, 1.6), (40003, 2.6)):
        c = net.start_dial(port)
        net.sleep(patience)
        c.close()
    net.sleep(3.5)


@scenario(seconds=13, may=("dead-peer",), blind=SILENT)
def few_retries_of_data(net):
    """tcp_retries2 is 3: data into a dead path are given up soon."""
    net.sysctl("client", tcp_retries2=3)
    c, s, _ = net.connect()
    _talk(net, c, s)
    net.rule("client any all behind drop")
    c.sendall(b"hello?")
    net.sleep(12)


@scenario(seconds=9, may=("stuck-fin-wait-1", "stuck-last-ack"), blind=SILENT)
def orphan_fin_given_up(net):
    """tcp_orphan_retries is 1 on both sides: FINs into a dead path are given up."""
    net.sysctl("both", tcp_orphan_retries=1)
    for port, first in ((40001, True), (40002, False)):
        c, s, listening = net.connect(port, port - 39920)
        _talk(net, c, s)
        if first:
            net.rule(f"client any all behind drop port={port}")
            c.close()
        else:
            s.close()
            net.sleep(0.1)
            net.rule(f"client any all behind drop port={port}")
            c.close()
        listening.close()
    net.sleep(7)


@scenario(seconds=9, may=("keepalive-timeout",))
def keepalive_dies_in_close_wait(net):
    """The peer closed its direction and died; the other, in CLOSE-WAIT, probes, and resets."""
    c, s, _ = net.connect()
    _talk(net, c, s)
    s.shutdown(socket.SHUT_WR)
    net.sleep(0.1)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)):
        c.setsockopt(socket.IPPROTO_TCP, name, value)
    net.rule("client any all behind drop")
    net.sleep(6)


# ---- opening -------------------------------------------------------------------------------------


@scenario(seconds=6, may=LOSSY)
def each_loss_without_timestamps(net):
    """Each segment is lost in one connection, near the client; neither timestamps nor SACK."""
    net.sysctl("both", tcp_timestamps=0, tcp_sack=0)
    _place(net, 0.1, 20)

    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        read_all(c)
        time.sleep(0.03)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        time.sleep(0.03)
        s.close()
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=8, may=LOSSY)
def each_loss_far_away(net):
    """Each segment is lost in one connection whose server is 200 ms away; the client closes at once."""
    _place(net, 1, 100)

    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(1000)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        read_all(s)
        s.close()
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=8, may=LOSSY)
def each_loss_near_the_server(net):
    """The same with the tap at the server, which closes first."""
    _place(net, 80, 0.1)

    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        read_all(c)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        s.close()
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=3, may=("rst-abort",))
def opened_and_left(net):
    """Connections that are closed, reset or left as soon as they are open, without a word."""
    _place(net, 3, 3)
    listening = net.listen()
    for port in range(40001, 40013):
        c = net.dial(port)
        s = net.accept(listening) if port % 4 else None
        if port % 3 == 0:
            c.close()
        elif port % 3 == 1:
            abort(c)
        elif s:
            s.close()
            c.close()
        net.sleep(0.03)
    net.sleep(0.5)
    listening.close()
    net.sleep(0.3)


@scenario(seconds=4, may=LOSSY + ("simultaneous-open", "simultaneous-close"))
def simultaneous_both_ways(net):
    """Both ends open and close at the same moment, at several distances."""
    for n, (before, behind) in enumerate(((1, 30), (30, 1), (20, 20))):
        _place(net, before, behind)
        port = 40001 + n
        c, s = net.socket("client", port), net.socket("server", port - 39000)
        c.setblocking(False)
        s.setblocking(False)
        c.connect_ex((net.addr["server"], port - 39000))
        s.connect_ex((net.addr["client"], port))
        net.sleep(0.4)
        c.close()
        s.close()
        net.sleep(0.5)


@scenario(seconds=4, may=("connection-refused", "rst-abort"))
def refused_in_many_ways(net):
    """Nobody listens; the queue overflows and aborts; the client is gone when the answer comes."""
    net.sysctl("server", tcp_abort_on_overflow=1)
    _place(net, 10, 25)
    net.start_dial(40001, 81)
    net.listen(80, backlog=1)
    for port in range(40002, 40008):
        net.start_dial(port)
        net.sleep(0.1)
    c = net.start_dial(40010)
    net.sleep(0.02)
    c.close()
    net.sleep(1.5)


# ---- closing -------------------------------------------------------------------------------------


@scenario(seconds=6, may=LOSSY)
def each_loss_of_an_early_close(net):
    """The client sends and closes in one go; the server answers into the half-close or the closed end."""
    _place(net, 4, 12)

    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        if c.getsockname()[1] % 2:
            c.close()
        else:
            c.shutdown(socket.SHUT_WR)
            read_all(c)
            c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER)
        s.close()
    _each_loss(net, "drop", ("before", "behind"), client, server)


@scenario(seconds=3, may=("rst-abort", "data-after-close"))
def resets_from_every_state(net):
    """Aborts in FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT; close with unread data in CLOSE-WAIT; data after that."""
    _place(net, 3, 3)

    def fin_wait_2(c, s):
        c.shutdown(socket.SHUT_WR)
        net.sleep(0.05)
        abort(c)

    def fin_wait_1(c, s):
        c.shutdown(socket.SHUT_WR)
        abort(c)

    def close_wait(c, s):
        c.shutdown(socket.SHUT_WR)
        net.sleep(0.05)
        abort(s)

    def unread_in_close_wait(c, s):
        c.sendall(b"nobody reads this")
        c.shutdown(socket.SHUT_WR)
        net.sleep(0.05)
        s.close()

    def unread_after_shutdown(c, s):
        c.shutdown(socket.SHUT_WR)
        net.sleep(0.05)
        s.sendall(b"nobody reads this")
        net.sleep(0.05)
        c.close()

    def both_abort(c, s):
        abort(c)
        abort(s)

    def data_into_abort(c, s):
        s.sendall(b"x" * 3000)
        abort(c)

    stories = (fin_wait_1, fin_wait_2, close_wait, unread_in_close_wait, unread_after_shutdown, both_abort,
               data_into_abort)
    for n, story in enumerate(stories):
        c, s, listening = net.connect(40001 + n, 80 + n)
        story(c, s)
        net.sleep(0.15)
        listening.close()


@scenario(seconds=6, blind=SILENT,
          may=("rst-abort", "data-after-close", "stuck-fin-wait-2", "stuck-close-wait", "rst-after-fin"))
def linger2(net):
    """TCP_LINGER2 is 1 s: the orphan in FIN-WAIT-2 is gone when the other end closes, or sends, at last."""
    for port, data in ((40001, False), (40002, True)):
        c, s, listening = net.connect(port, port - 39920)
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 1)
        c.close()
        net.sleep(2)
        if data:
            s.sendall(b"late")
            net.sleep(0.1)
        s.close()
        listening.close()
    net.sleep(0.5)


@scenario(seconds=5)
def fin_waits_behind_a_shut_window(net):
    """The client closes while the server's window is shut: its FIN waits until the server reads."""
    c, s, _ = net.connect()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.setblocking(False)
    try:
        while True:
            c.send(b"x" * 1000)
    except BlockingIOError:
        pass
    c.close()
    net.sleep(1)
    read_all(s)
    s.close()
    net.sleep(0.3)


@scenario(seconds=4, may=("time-wait-assassination",))
def rfc1337(net):
    """tcp_rfc1337 is 1: a forged RST does not end TIME-WAIT; a FIN that comes again is acknowledged."""
    net.sysctl("both", tcp_rfc1337=1)
    c, s, _ = net.connect()
    _talk(net, c, s)
    _close_both(net, c, s)
    n = net.numbers()
    net.inject("server", "R", n["server"]["seq"])
    net.sleep(0.3)


def _twice(net, first, ports, pause):
    """Two connections on each port; FIRST says who closes first."""
    listening = net.listen()
    for port in ports:
        for _ in range(2):
            c = net.dial(port)
            s = net.accept(listening)
            c.sendall(REQUEST)
            s.recv(100)
            s.sendall(ANSWER)
            c.recv(1000)
            if first == "client":
                _close_both(net, c, s)
            else:
                _close_both(net, s, c)
            net.sleep(pause)


@scenario(seconds=6, may=("time-wait-reuse", "isn-collision"))
def reuse_with_two_hosts_in_turn(net):
    """tcp_tw_reuse on the client; ports are used twice, whoever waits."""
    net.sysctl("client", tcp_tw_reuse=1)
    _place(net, 0.1, 5)
    _twice(net, "client", range(40001, 40003), 1.2)


@scenario(seconds=4, may=("time-wait-reuse", "time-wait-reuse-unsafe", "isn-collision"))
def reuse_without_timestamps(net):
    """No timestamps; the server waits, and the ports are used twice: the ISN decides."""
    net.sysctl("both", tcp_timestamps=0)
    _place(net, 15, 5)
    _twice(net, "server", range(40001, 40006), 0.05)


@scenario(seconds=4, may=("reuse-while-open", "half-open", "rst-abort"),
          blind={"client": "it forgets", "server": "it forgets"})
def forgets_and_opens_again(net):
    """The client forgets a connection in several states of the server's, and opens it anew."""
    _place(net, 3, 4)
    for n, state in enumerate(("established", "close-wait", "fin-wait-2")):
        c, s, listening = net.connect(40001 + n, 80 + n)
        _talk(net, c, s)
        if state == "close-wait":
            c.shutdown(socket.SHUT_WR)
        if state == "fin-wait-2":
            s.shutdown(socket.SHUT_WR)
        net.sleep(0.1)
        vanish(c)
        net.sleep(0.1)
        c = net.start_dial(40001 + n, 80 + n)
        net.sleep(2.5)
        c.close()
        s.close()
        listening.close()
    net.sleep(0.5)


@scenario(seconds=4, may=("half-open", "rst-abort", "data-after-close", "dead-peer"),
          blind={"server": "it forgets"})
def forgets_in_every_state(net):
    """The server forgets its end in ESTABLISHED, CLOSE-WAIT, FIN-WAIT-2 and LAST-ACK; the client goes on."""
    _place(net, 2, 2)
    for n, state in enumerate(("established", "close-wait", "fin-wait-2")):
        c, s, listening = net.connect(40001 + n, 80 + n)
        _talk(net, c, s)
        if state == "close-wait":
            c.shutdown(socket.SHUT_WR)
        if state == "fin-wait-2":
            s.shutdown(socket.SHUT_WR)
        net.sleep(0.1)
        listening.close()
        vanish(s)
        net.sleep(0.1)
        try:
            if state != "close-wait":
                c.sendall(b"are you there?")
            net.sleep(0.2)
            c.close()
        except OSError:
            pass
    net.sleep(1)


# ---- masses --------------------------------------------------------------------------------------


def _plain(net, pause=0.0, size=1):
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        read_all(c)
        time.sleep(pause)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER * size)
        time.sleep(pause)
        s.close()
    return client, server


def _client_closes(net, pause=0.0, size=1):
    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(200000)
        time.sleep(pause)
        c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER * size)
        read_all(s)
        s.close()
    return client, server


@scenario(seconds=30, may=LOSSY)
def hundreds_near_the_client(net):
    """5 % loss, nearly all of it behind the tap; the client closes first."""
    _place(net, 0.1, 30, loss=5)
    _mass(net, *_client_closes(net), linger=6)


@scenario(seconds=30, may=LOSSY)
def hundreds_near_the_server(net):
    """5 % loss, nearly all of it before the tap; the server closes first."""
    _place(net, 30, 0.1, loss=5)
    _mass(net, *_plain(net), linger=6)


@scenario(seconds=30, may=LOSSY)
def hundreds_in_the_middle(net):
    """5 % loss on both sides, reordering, copies; answers of several segments."""
    _place(net, 10, 10, loss=5, jitter=3, reorder=2, by=8, dup=1)
    _mass(net, *_plain(net, 0.005, 40), linger=6)


@scenario(seconds=30, may=LOSSY)
def hundreds_without_timestamps(net):
    """5 % loss, neither timestamps nor SACK; whoever closes, closes at once."""
    net.sysctl("both", tcp_timestamps=0, tcp_sack=0)
    _place(net, 5, 15, loss=5)
    _mass(net, *_client_closes(net), linger=6)


@scenario(seconds=30, may=LOSSY, blind=NOT_SEEN)
def hundreds_with_capture_drops(net):
    """A clean path, of which the capture misses three of a hundred; answers of several segments."""
    _place(net, 4, 4)
    net.rule("both any 3% tap lose")
    _mass(net, *_client_closes(net, 0.01, 20), linger=6)


@scenario(seconds=10, may=LOSSY, blind=NOT_SEEN)
def captures_from_the_middle(net):
    """Transfers of which the capture misses the beginning, up to some data segment."""
    _place(net, 2, 6)
    client, server = _plain(net, 0.02, 100)
    crowd = Crowd(net, server)
    for n in range(4, 16):
        net.rule(f"both any 1-{n} tap lose port={41000 + n}")
        crowd.client(client, 41000 + n)
    crowd.wait(1)
    net.all_rules.clear()


def _transfers(net, octets, both=False):
    for n in range(4):
        c, s, listening = net.connect(40001 + n, 80 + n)
        if n % 2:
            _send_and_close(net, s, c, octets)
        else:
            _send_and_close(net, c, s, octets)
        listening.close()
    net.sleep(1)


@scenario(seconds=20, may=LOSSY + ("excessive-retransmission",))
def transfers_near_the_client(net):
    """Transfers in both directions under 3 % loss behind the tap."""
    _place(net, 0.1, 10, loss=3)
    _transfers(net, 200_000)


@scenario(seconds=20, may=LOSSY + ("excessive-retransmission",))
def transfers_without_sack(net):
    """Transfers with neither SACK nor timestamps under loss and reordering."""
    net.sysctl("both", tcp_timestamps=0, tcp_sack=0)
    _place(net, 5, 5, loss=2, reorder=1, by=6)
    _transfers(net, 100_000)


@scenario(seconds=20, may=LOSSY + ("rst-abort", "excessive-retransmission"))
def transfers_broken_off(net):
    """The receiver of a transfer closes early, or aborts: RSTs meet data, and a FIN that waits behind."""
    _place(net, 5, 10, loss=3)

    def client(c):
        _dial(net, c)
        c.sendall(REQUEST)
        c.recv(3000)
        if c.getsockname()[1] % 2:
            abort(c)
        else:
            c.close()

    def server(s, _port):
        s.recv(1000)
        s.sendall(ANSWER * 400)
        s.close()
    _mass(net, client, server, connections=24, pause=0.04, linger=4)


@scenario(seconds=20, may=LOSSY)
def idle_then_closed(net):
    """Connections that rest for a while between their request and their close, under 5 % loss."""
    _place(net, 8, 8, loss=5)
    _mass(net, *_plain(net, 1.5), connections=80, pause=0.02, linger=6)
