"""--top, driven in tmux: what the screen shows, what keys do, and how the terminal is left.

Speaks TAP.  TCPFSM and top_srcdir come from make.  Skipped where there is no tmux, or no screen in
this build.  The captures and what is in them: pcaps/.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

TCPFSM = os.environ["TCPFSM"]
TOP = os.environ["top_srcdir"]
checks = []


def check(function):
    checks.append(function)
    return function


def wait_until(holds, terminal, seconds=30):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to this:\n" + terminal.screen()
        time.sleep(0.05)


class Terminal:
    """A window of tmux with a shell in it."""

    def __init__(self, folder, columns=80, lines=24):
        self.socket = os.path.join(folder, "tmux")
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "PS1": "$ ", "SHELL": "/bin/sh", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        environment.pop("TMUX", None)
        environment.pop("NO_COLOR", None)
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines),
                        "env", "PS1=$ ", "/bin/sh"], check=True, env=environment, cwd=folder)
        self.wait_for("$")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=True, capture_output=True, text=True).stdout

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def command(self, text):
        self.tmux("send-keys", "-l", text)
        self.keys("Enter")

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def wait_for(self, text, seconds=30, gone=False):
        until = time.monotonic() + seconds
        while (text in self.screen()) == gone:
            if time.monotonic() > until:
                raise AssertionError(f"{'still' if gone else 'no'} {text!r} on the screen:\n{self.screen()}")
            time.sleep(0.05)
        return self.screen()

    def program(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def child(self):
        """The pid of what runs in the shell."""
        with open(f"/proc/{self.program()}/task/{self.program()}/children") as f:
            return int(f.read().split()[0])

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stderr=subprocess.DEVNULL)


def start(terminal, *arguments):
    """Remember the terminal's modes, then start the program; its status and its modes are told behind it."""
    command = " ".join([TCPFSM, "--top", *arguments])
    terminal.command(f"clear; stty -a > before; {command}; echo status $?; stty -a > after; echo modes $?")


def assert_left_as_it_was(terminal, folder, status):
    terminal.wait_for(f"status {status}")
    # The shell has closed both files by then.
    screen = terminal.wait_for("modes 0")
    assert "FINDINGS" not in screen, screen
    assert terminal.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split() == ["1", "0"]
    with open(os.path.join(folder, "before")) as before, open(os.path.join(folder, "after")) as after:
        assert before.read() == after.read(), "the terminal's modes have changed"


def capture(name):
    return os.path.join(TOP, "pcaps", name)


@check
def a_finished_analysis_is_shown(terminal, folder):
    start(terminal, "-r", capture("stuck-fin-wait-2.pcap"))
    screen = terminal.wait_for("10.9.11.1:40001")
    lines = screen.splitlines()
    assert lines[0].startswith("tcpfsm") and "2 connections; shown 2; packets 20" in lines[1], screen
    assert lines[2].split() == "clients FIN-WAIT-2 1 TIME-WAIT 1".split(), screen
    assert lines[3].split() == "servers CLOSED 1 CLOSE-WAIT 1".split(), screen
    assert lines[4].split() == "CLIENT SERVER CLIENT'S SERVER'S AGE B/S AGAIN FINDINGS".split()
    assert lines[5].split()[:4] == "10.9.11.1:40001 10.9.11.2:80 FIN-WAIT-2 CLOSE-WAIT".split(), "what was found comes first"
    assert "The client closed in packet 8" in screen
    assert all(len(line) <= 80 for line in lines) and len(lines) == 24
    assert lines[23].startswith("q leave  h help  ") and lines[23].endswith("Space hold"), "the keys are not cut"
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 0)


@check
def the_chosen_connection_has_its_ladder(terminal, folder):
    start(terminal, "-r", capture("half-close.pcap"))
    terminal.wait_for("10.9.8.1:40001")
    terminal.keys("Enter")
    screen = terminal.wait_for("LAST-ACK")
    assert "FIN,ACK seq=73 ack=20" in screen and "TIME-WAIT" in screen, screen
    # The beginning of it is above.
    terminal.keys("PageUp")
    terminal.keys("PageUp")
    terminal.keys("PageUp")
    screen = terminal.wait_for("since 2026-11-22")
    assert "SYN seq=0 len=0" in screen, screen
    terminal.keys("Escape")
    terminal.wait_for("findings, newest first")
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 0)


@check
def keys_filter_and_sort(terminal, folder):
    start(terminal, "-r", capture("stuck-fin-wait-2.pcap"))
    terminal.wait_for("40002")
    terminal.keys("f")
    terminal.wait_for("40002", gone=True)
    terminal.wait_for("[with findings] q leave")
    terminal.keys("c")
    terminal.wait_for("[with findings, not over] q leave")
    terminal.keys("f")
    terminal.wait_for("[not over] q leave")
    screen = terminal.screen()
    assert "40001" in screen and "40002" not in screen, "what was open at the end is not over:\n" + screen
    terminal.keys("c")
    terminal.wait_for("40002")
    terminal.keys("/", "s", "y", "n", "-")
    terminal.wait_for("nothing that the filter leaves")
    terminal.keys("Escape")
    terminal.wait_for("40002")
    terminal.keys("/", "t", "i", "m", "e")
    terminal.wait_for("show only: time_")
    terminal.wait_for("40001", gone=True)
    terminal.keys("Enter")
    terminal.wait_for("[time]")
    terminal.keys("Escape")
    terminal.wait_for("40001")
    rows = lambda: [line.split()[0] for line in terminal.screen().splitlines()[5:7]]
    assert rows() == ["10.9.11.1:40001", "10.9.11.1:40002"]
    terminal.keys("R")
    wait_until(lambda: rows() == ["10.9.11.1:40002", "10.9.11.1:40001"], terminal)
    terminal.keys("h")
    terminal.wait_for("sort by the column")
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 0)


@check
def the_window_may_change(terminal, folder):
    start(terminal, "-r", capture("stuck-fin-wait-2.pcap"))
    terminal.wait_for("10.9.11.1:40001")
    terminal.resize(200, 50)
    screen = terminal.wait_for("2 stuck-fin-wait-2,stuck-close-wait")
    assert "CONN" in screen.splitlines()[4], "a wide window has the numbers"
    for columns, lines in (20, 5), (3, 2), (200, 60), (80, 24):
        terminal.resize(columns, lines)
        time.sleep(0.2)
        terminal.keys("Enter")
        time.sleep(0.1)
    terminal.wait_for("10.9.11.1:40001")
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 0)


@check
def signals_leave_the_terminal_as_it_was(terminal, folder):
    # SIGINT and SIGTERM end in order; the others kill, after the terminal was given back.
    for name, status in (("INT", 0), ("TERM", 0), ("QUIT", 131), ("SEGV", 139), ("HUP", 129), ("USR1", 138), ("USR2", 140),
                         ("PIPE", 141)):
        start(terminal, "-r", capture("half-close.pcap"))
        terminal.wait_for("10.9.8.1:40001")
        os.kill(terminal.child(), getattr(__import__("signal"), "SIG" + name))
        assert_left_as_it_was(terminal, folder, status)


@check
def faults_of_the_input_are_told_and_kept(terminal, folder):
    with open(capture("half-close.pcap"), "rb") as f:
        cut = f.read()[:-10]
    with open(os.path.join(folder, "cut.pcap"), "wb") as f:
        f.write(cut)
    start(terminal, "-r", "cut.pcap")
    terminal.wait_for("cut.pcap: ")
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 3)
    assert "tcpfsm: cut.pcap: " in terminal.screen(), "after the screen it stands on standard error"


@check
def the_capture_may_come_from_standard_input(terminal, folder):
    start(terminal, "-r", "-", "<", capture("half-close.pcap"))
    terminal.wait_for("10.9.8.1:40001")
    terminal.keys("q")
    assert_left_as_it_was(terminal, folder, 0)


@check
def without_a_terminal_nothing_is_analysed(terminal, folder):
    done = subprocess.run([TCPFSM, "--top", "-r", capture("half-close.pcap")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, start_new_session=True)
    assert done.returncode == 2 and done.stdout == "" and "--top" in done.stderr, done
    done = subprocess.run([TCPFSM, "--top", "-T", "json", "-r", capture("half-close.pcap")], capture_output=True, text=True)
    assert done.returncode == 2 and "name a file" in done.stderr, done


def has_screen():
    """A build without ncurses says so before it looks for a terminal."""
    done = subprocess.run([TCPFSM, "--top", "-r", capture("half-close.pcap")], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, start_new_session=True)
    return "without ncurses" not in done.stderr


def main():
    if not shutil.which("tmux"):
        print("1..0 # SKIP tmux is not installed")
        return 0
    if not has_screen():
        print("1..0 # SKIP this build has no ncurses")
        return 0
    failed = 0
    for number, function in enumerate(checks, 1):
        with tempfile.TemporaryDirectory(prefix="tcpfsm-top-") as folder:
            terminal = None
            try:
                terminal = Terminal(folder)
                function(terminal, folder)
                result = ""
            except (AssertionError, OSError, subprocess.CalledProcessError) as error:
                result = "not "
                failed += 1
                print("# " + str(error).replace("\n", "\n# "))
            finally:
                if terminal:
                    terminal.close()
        print(f"{result}ok {number} - {function.__name__.replace('_', ' ')}", flush=True)
    print(f"1..{len(checks)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
