"""The completion scripts of --completions: shells take them, and they complete what --help has.

Runs the program named by $TCPFSM, and those of bash, zsh and fish that are there; speaks TAP.
"""

import re
import shutil
import subprocess
import sys

import kit
from kit import check, tcpfsm


def script(shell):
    with open(shell + ".script", "w", encoding="utf-8") as f:
        f.write(tcpfsm("--completions=" + shell).expect(0).out)
    return f.name


def options():
    """The options of --help: (letter or None, name or None)."""
    out = []
    for line in tcpfsm("--help").expect(0).out.splitlines():
        match = re.match(r"  (?:-(\w)|  )(?:, |  |)\s*(?:--([a-z-]+))?", line)
        if match and (match.group(1) or match.group(2)):
            out.append(match.groups())
    assert len(out) > 40, out
    return out


def bash(*words):
    """What bash proposes for the last of WORDS; it has broken them at '='."""
    name = script("bash")
    call = f"""
        compopt() {{ :; }}
        source {name}
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _tcpfsm
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", call, "bash", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True)
    return done.stdout.decode().split("\n")[:-1]


def fish(line):
    name = script("fish")
    done = subprocess.run(["fish", "-c", f"source {name}; complete -C '{line}'"], stdout=subprocess.PIPE, timeout=60, check=True)
    return [proposed.split("\t")[0] for proposed in done.stdout.decode().splitlines()]


@check
def shells_can_parse_their_scripts():
    for shell in ("bash", "zsh", "fish"):
        name = script(shell)
        if shutil.which(shell):
            done = subprocess.run([shell, "-n", name], stderr=subprocess.PIPE, timeout=60, check=False)
            assert done.returncode == 0 and not done.stderr, (shell, done.stderr)
    tcpfsm("--completions=tcsh").expect(2, "tcsh")
    tcpfsm("--completions").expect(2, "needs an argument")


@check
def every_option_is_in_every_script():
    scripts = {shell: tcpfsm("--completions=" + shell).expect(0).out for shell in ("bash", "zsh", "fish")}
    for letter, name in options():
        if name:
            assert re.search(rf" --{name}=?[ ']", scripts["bash"]), name
            assert re.search(rf"\*--{name}[=[]", scripts["zsh"]), name
            assert re.search(rf" -l {name} ", scripts["fish"]), name
        if letter:
            assert re.search(rf" -{letter}[ ']", scripts["bash"]), letter
            assert re.search(rf"\*-{letter}[+[]", scripts["zsh"]), letter
            assert re.search(rf" -s {letter} ", scripts["fish"]), letter


@check
def bash_completes_options_and_their_values():
    if not shutil.which("bash"):
        return
    assert bash("tcpfsm", "--fail") == ["--fail-on="]
    assert bash("tcpfsm", "--write-b") == ["--write-baseline="]
    assert bash("tcpfsm", "--state", "=", "FIN") == ["FIN-WAIT-1", "FIN-WAIT-2"]
    assert bash("tcpfsm", "--state", "=", "CLOSED,TIME") == ["CLOSED,TIME-WAIT"]
    assert bash("tcpfsm", "--color", "=") == ["auto", "always", "never"]
    assert bash("tcpfsm", "--profile", "w") == ["windows"]
    assert bash("tcpfsm", "--fail-on", "=", "warning,stuck-fin-wait-2,stuck-cl") == [
        "warning,stuck-fin-wait-2,stuck-close-wait",
        "warning,stuck-fin-wait-2,stuck-closing",
    ]
    assert "sarif" in bash("tcpfsm", "-T", "s")
    assert bash("tcpfsm", "-r", "clos") == ["closed.pcap"]
    assert bash("tcpfsm", "--read", "=", "clos") == ["closed.pcap"]
    assert bash("tcpfsm", "-c", "1") == [] or bash("tcpfsm", "-c", "1") == [""]


@check
def fish_completes_options_and_their_values():
    if not shutil.which("fish"):
        return
    assert "--fail-on=" in fish("tcpfsm --fail") or "--fail-on" in fish("tcpfsm --fail")
    assert fish("tcpfsm --state FIN-") == ["FIN-WAIT-1", "FIN-WAIT-2"]
    assert "CLOSED,TIME-WAIT" in fish("tcpfsm --state CLOSED,TIME")
    assert fish("tcpfsm --profile wi") == ["windows"]
    assert "closed.pcap" in fish("tcpfsm -r clos")


if __name__ == "__main__":
    sys.exit(kit.main())
