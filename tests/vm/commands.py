# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's tests of commands share: running them in the guest, and telling cases.

Cases are printed as cmocka does, so that they are counted one by one.
"""

import json
import subprocess
import traceback

COMMAND = "./tools/dmabufx/dmabufx"
PATIENCE_S = 200


def run(*words, code=0):
    """What a program prints; its exit code must be as expected."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == code, f"{words}: exit code {done.returncode}: {done.stderr}"
    return done.stdout


def ask(*words, code=0):
    """The facts a command of dmabufx tells; an error is told on stderr too."""
    return json.loads(run(COMMAND, "--json", *words, code=code))


def passes(case):
    print(f"[ RUN      ] {case.__name__}", flush=True)
    try:
        case()
    except Exception:  # Whatever it is, the next case is to run.
        print(traceback.format_exc().rstrip())
        print(f"[  FAILED  ] {case.__name__}", flush=True)
        return False
    print(f"[       OK ] {case.__name__}", flush=True)
    return True
