"""Load, floods and days: the checks of a live capture that take their time; see checks.py."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from checks import Skip, assert_agreement, check, path_in, python_load, rotate_under_load, summary_of
from field import SERVER, Live, records, wait_until


NGINX = """worker_processes 1; daemon off; pid {0}/nginx.pid; error_log {0}/nginx.log; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0};
scgi_temp_path {0}; server {{ listen 80; root {0}/www; keepalive_requests {1}; keepalive_timeout 600; }} }}
"""


def start_nginx(field, folder, requests_each=100000):
    os.makedirs(os.path.join(folder, "www"))
    with open(os.path.join(folder, "www", "index.html"), "w") as f:
        f.write("x" * 2000)
    with open(os.path.join(folder, "nginx.conf"), "w") as f:
        f.write(NGINX.format(folder, requests_each))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    field.start("server", nginx, "-c", os.path.join(folder, "nginx.conf"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ":80 " in field.run("server", "ss", "-tlnH"), 5, "nginx listens")


def start_wrk(field, seconds, connections=50):
    return field.start("client", "wrk", "-t1", f"-c{connections}", f"-d{seconds}", f"http://{SERVER}/", stdout=subprocess.PIPE, text=True)


@check(quick=False, needs=("nginx", "wrk"))
def signals_under_heavy_load_lose_nothing(field, folder, tools):
    """The same with nginx and wrk, which closes and opens its connections all the time."""
    start_nginx(field, folder, requests_each=10)
    summary = rotate_under_load(field, folder, tools, lambda seconds: start_wrk(field, int(seconds)), 8)
    return f"{summary['packets']} packets, {summary['connections']} connections"


@check(quick=False, needs=("nginx", "wrk", "ss"))
def states_agree_with_real_servers_under_load(field, folder, tools):
    """nginx and wrk: whatever both kernels had before and after the table was taken, the table has, too."""
    start_nginx(field, folder)
    live = Live(field, tools.program, folder, "-B", "65536", "tcp port 80")
    wrk = start_wrk(field, 4, connections=200)
    time.sleep(2)
    compared = 0
    for side, which in ("client", 0), ("server", 1):
        before = field.ss(side, 80)
        table = live.table()
        after = field.ss(side, 80)
        lasting = {ends: state for ends, state in before.items() if after.get(ends) == state}
        for ends, state in lasting.items():
            assert table[ends][which] == state, (side, ends, state, table[ends])
        compared += len(lasting)
    assert compared >= 400
    wrk.wait()
    time.sleep(0.5)
    table = live.table()
    for side in "client", "server":
        assert_agreement(table, field.ss(side, 80), side)
    assert live.end() == 0
    return f"{compared} ends compared under load, {len(table)} connections after it"


@check(quick=False, needs=("iperf3",))
def a_fast_transfer_is_followed(field, folder, tools):
    """iperf3 for five seconds: bytes as iperf3 counts them, nothing lost, nothing found."""
    field.start("server", "iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201 " in field.run("server", "ss", "-tlnH"), 5, "iperf3 listens")
    live = Live(field, tools.program, folder, "-B", "131072", "-T", "json:o.json")
    told = json.loads(field.run("client", "iperf3", "-c", SERVER, "-t", "5", "-b", "400M", "-J"))
    time.sleep(0.5)
    assert live.end() == 0
    lines = records(os.path.join(folder, "o.json"))
    sent = sum(r["client"]["bytes"] for r in lines if r["type"] == "connection")
    expected = told["end"]["sum_sent"]["bytes"]
    assert summary_of(lines)["dropped_by_kernel"] == 0
    assert expected <= sent <= expected + 10000, (sent, expected)
    return f"{sent / 1e6:.0f} MB"


@check(quick=False)
def a_flood_leaves_memory_bounded(field, folder, tools):
    """One million sources against a table of 100,000: real connections stay, and are judged rightly."""
    path = path_in(folder)
    live = Live(field, tools.program, folder, "-B", "131072", "-s", "128", "--max-connections=100000", "--state=ESTABLISHED",
                "-T", "csv:o.csv", "-T", "text:o.txt", "-q", "tcp")
    listening = field.listen(8001)
    with field.inside("server"):
        target = socket.create_server((SERVER, 8002), backlog=1024)
    pairs = [(field.dial(8001), listening.accept()[0]) for _ in range(20)]
    memory = []
    for part in range(5):
        field.run("client", tools.flood, "vc", SERVER, "8002", "200000", str(part * 200000))
        pairs += [(field.dial(8001), listening.accept()[0]) for _ in range(5)]
        for client, server in pairs:
            client.sendall(b"question")
            server.sendall(server.recv(8))
            client.recv(8)
        wait_until(lambda: live.table_size() >= 90000, 60, "it keeps up")
        memory.append(live.memory_kib())
    assert live.end(seconds=120) == 0
    with open(path("o.csv")) as f:
        rows = [line.split(",") for line in f]
    columns = {name: i for i, name in enumerate(rows[0])}
    ports = {client.getsockname()[1] for client, _ in pairs}
    real = [r for r in rows[1:] if int(r[columns["client_port"]]) in ports and r[columns["server_port"]] == "8001"]
    assert len(real) == len(ports), f"{len(real)} records of {len(ports)} real connections"
    assert {(r[columns["client_state"]], r[columns["server_state"]], r[columns["close"]]) for r in real} == {("ESTABLISHED", "ESTABLISHED", "open")}
    with open(path("o.txt")) as f:
        text = f.read()
    assert "forgotten for want of room" in live.errors() and "evicted" in text
    assert memory[-1] - memory[1] < 16 << 10, f"it grew on: {memory}"
    assert memory[-1] < 600 << 10, memory
    target.close()
    return "KiB resident after each 200,000: " + " ".join(map(str, memory))


def has_gone_round(metrics):
    """Have more connections closed than are remembered?"""
    if not os.path.exists(metrics):
        return False
    with open(metrics) as f:
        values = dict(line.split() for line in f if re.match(r"tcpfsm_\w+ ", line))
    closed = float(values["tcpfsm_connections_seen_total"]) - float(values["tcpfsm_table_connections"])
    return closed > float(values["tcpfsm_table_closed_limit"])


@check(quick=False, needs=("iperf3",))
def memory_stays_flat_under_load(field, folder, tools):
    """--soak=MINUTES (20 will do) of hundreds of connections a second and one fast transfer; not run without it."""
    path = path_in(folder)
    seconds = tools.soak_minutes * 60
    live = Live(field, tools.program, folder, "-T", "json:o.json", "--prometheus=m.prom", "-G", "30", "-B", "65536")
    field.start("server", "iperf3", "-s", stdout=subprocess.DEVNULL)
    wait_until(lambda: ":5201 " in field.run("server", "ss", "-tlnH"), 5, "iperf3 listens")
    load = python_load(field, seconds + 60, pause=0.004)
    field.start("client", "iperf3", "-c", SERVER, "-t", str(int(seconds) + 60), "-b", "50M", stdout=subprocess.DEVNULL)
    memory, settled, until = [], 0, time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(min(10, seconds / 12))
        memory.append(live.memory_kib())
        # The ring of closed connections is touched place by place; once round, nothing is new.
        if not settled and has_gone_round(path("m.prom")):
            settled = len(memory)
        # What days would bring: the output is rotated away.
        os.replace(path("o.json"), path("o.json.old"))
        live.send(signal.SIGHUP)
        wait_until(lambda: os.path.exists(path("o.json")), 5, "a new file")
    assert load.poll() is None
    assert live.end(seconds=60) == 0
    last = [line for line in live.errors().splitlines() if line.startswith("tcpfsm: after ")][-1]
    if not settled or len(memory) - settled < 6:
        raise Skip(f"too short for the ring of closed connections to go round: {last}; KiB resident {memory[0]} to {memory[-1]}")
    after = memory[settled:]
    assert max(after) <= min(after) * 1.02 + 1024, memory
    return f"{last}; KiB resident {memory[0]} at first, {min(after)} to {max(after)} in the last {len(after)} of {len(memory)} samples"
