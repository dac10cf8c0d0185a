#!/usr/bin/env python3
"""Hold tcpfsm against the kernel's record beside each capture of pcaps/.

Unlike `run` it needs no privilege: captures and kernel records were made
before (pcaps/record).  Every end of every connection must have passed
through the kernel's states and be in the kernel's last one, be sound all the
time, and the findings that the record names must be raised.  Written as TAP.

Exit status: 0 if all hold, 1 if not, 77 if there is no tcpfsm.
"""

import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import compare  # noqa: E402


def holds(r):
    return (r.failure is None and r.ends and r.history_ok == r.ends and r.final_ok == r.ends
            and r.sound_ns == r.judged_ns and r.found == r.expected
            and not r.false_alarms)


def main():
    directory = os.path.join(os.environ.get("top_srcdir", os.path.join(HERE, "../..")), "pcaps")
    try:
        tcpfsm = compare.find_tcpfsm()
    except FileNotFoundError as e:
        print(f"1..0 # SKIP {e}")
        return 77
    records = sorted(glob.glob(os.path.join(directory, "*.states")))
    print(f"1..{len(records)}")
    failed = not records
    for number, path in enumerate(records, 1):
        base = path[:-len(".states")]
        try:
            result = compare.compare_files(tcpfsm, base)
        except Exception as e:
            result = compare.Result(os.path.basename(base))
            result.failure = f"{type(e).__name__}: {e}"
        good = holds(result)
        failed = failed or not good
        print(f"{'ok' if good else 'not ok'} {number} - {result.name}: {result.ends} ends")
        for remark in ([result.failure] if result.failure else []) + result.remarks:
            print(f"# {remark}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
