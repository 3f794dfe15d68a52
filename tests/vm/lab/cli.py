# SPDX-License-Identifier: GPL-2.0-or-later
"""The front end of tests/vm/run and tests/vm/shell: options, kernel, agent, boot."""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys

import machine
import report
import verdict
from guest import Guest, GuestGone, need_qemu, progress

TOP = os.path.realpath(os.path.join(machine.LAB, "..", "..", ".."))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("DMABUFX_CACHE") or os.path.join(base, "dmabufx")


def parser(shell):
    p = argparse.ArgumentParser(
        prog="tests/vm/shell" if shell else "tests/vm/run",
        usage="%(prog)s [options]" + ("" if shell else " -- PROG [ARG]... [-- PROG [ARG]...]..."),
        description="A shell in the lab's guest; Ctrl-A x leaves it." if shell else
        "Boots the lab once and runs programs in it, one after the other.",
        epilog="" if shell else
        "A program may be preceded by NAME=VALUE words for its environment, and by timeout=S. "
        "Exit code: 0 all passed, 1 something failed, 2 usage, 77 can't run here.")
    p.add_argument("--flavour", choices=["mainline", "lts"], default="mainline")
    p.add_argument("--profile", default="p2p",
                   help="devices: " + ", ".join(machine.profile_names()))
    p.add_argument("--iommu", choices=list(machine.IOMMUS), default="vtd")
    p.add_argument("--with", dest="fragments", action="append", default=[], metavar="FRAGMENT",
                   help="kernel with this configuration fragment too")
    p.add_argument("--icount", action="store_true", help="guest time counts instructions; -smp 1")
    p.add_argument("--smp", type=int, default=2)
    p.add_argument("--mem", default="2G")
    p.add_argument("--cpu", help="processor model (max; EPYC with amdvi)")
    p.add_argument("--append", action="append", default=[],
                   help="words for the kernel's command line")
    p.add_argument("--env", action="append", default=[], metavar="K=V",
                   help="environment of programs")
    p.add_argument("--build",
                   help="folder the programs start in (build, or here if that has a build)")
    p.add_argument("--boot-timeout", type=float, default=180, metavar="S")
    if not shell:
        p.add_argument("--timeout", type=float, default=120, metavar="S",
                       help="for each program, in the guest's time (120)")
        p.add_argument("--list", metavar="FILE",
                       help="programs, one a line, as a shell would split it")
        p.add_argument("--json", metavar="FILE", help="write the results there")
        p.add_argument("-v", "--verbose", action="store_true", help="programs' output as it comes")
        p.add_argument("-q", "--quiet", action="store_true", help="only failures and the last line")
        p.add_argument("--keep", action="store_true", help="say where the logs are, failed or not")
    return p


def split_programs(words):
    """[[words of a program], ...] from words separated by --."""
    programs, now = [], []
    for word in words + ["--"]:
        if word != "--":
            now.append(word)
        elif now:
            programs.append(now)
            now = []
    return programs


def read_list(path):
    with open(path, encoding="utf-8") as lines:
        return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def job(words, options):
    """(argv, extra environment, time-out) of one program's words."""
    env, timeout = {}, options.timeout
    while words and re.match(r"[A-Za-z_]\w*=", words[0]):
        key, value = words[0].split("=", 1)
        if key == "timeout":
            timeout = float(value)
        else:
            env[key] = value
        words = words[1:]
    if not words:
        raise machine.UsageError("a program's line has an environment but no program")
    return words, env, timeout


def build_folder(options):
    if options.build:
        return os.path.realpath(options.build)
    here, usual = os.path.realpath(os.getcwd()), os.path.join(TOP, "build")
    if os.path.exists(os.path.join(here, "build.ninja")) or not os.path.isdir(usual):
        return here
    return usual


def kernel(options):
    args = [os.path.join(TOP, "kernel/scripts/build"), options.flavour]
    for fragment in options.fragments:
        args += ["--with", fragment]
    done = subprocess.run(args, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        raise machine.LabError(f"the source of the {options.flavour} kernel cannot be had")
    if done.returncode:
        raise GuestGone(f"the {options.flavour} kernel does not build")
    return done.stdout.split()[-1]


def agent(build):
    """The guest's init: the build's own, else one made here; newer source wins."""
    sources = [os.path.join(machine.LAB, n) for n in ("agent.c", "agent_guest.c", "agent.h")]
    newest = max(os.path.getmtime(s) for s in sources)
    built = os.path.join(build, "tests/vm/dmabufx-agent")
    own = os.path.join(cache(), "dmabufx-agent")
    for path in (built, own):
        if os.path.exists(path) and os.path.getmtime(path) >= newest:
            return path
    os.makedirs(cache(), exist_ok=True)
    part = f"{own}.{os.getpid()}"
    subprocess.run(["cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-static", "-o", part,
                    *sources[:2]], check=True)
    os.rename(part, own)
    return own


def environment(options, names):
    env = {"PATH": PATH, "HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8",
           "USER": "root", "TERM": os.environ.get("TERM", "dumb"), **names}
    env.update(pair.split("=", 1) for pair in options.env)
    return env


def boot(options, logs, build):
    """A running guest, and the environment for its programs."""
    # What is quickly known to be wrong is said before a kernel is built.
    need_qemu(machine.QEMU)
    machine.read_profile(options.profile)
    for pair in options.env:
        if "=" not in pair:
            raise machine.UsageError(f"--env {pair}: wants NAME=VALUE")
    image, init = kernel(options), agent(build)
    # Folders that must be seen even if they lie where the guest has memory.
    keep = [build, TOP, cache()]
    names = {}

    def command(folder):
        args, more = machine.command(options, image, init, keep, folder)
        names.update(more)
        return args

    timeout = options.boot_timeout * (4 if options.icount else 1)
    try:
        guest = Guest(command, logs, timeout)
    except GuestGone as gone:
        # On a busy host an emulated clock may fail the kernel's check of it. What is
        # wrong with the kernel itself is wrong the second time too.
        progress("")
        print(f"boot: {gone}; once more", file=sys.stderr)
        guest = Guest(command, logs, timeout)
    return guest, environment(options, names)


def live(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def between(log, name):
    """[a failed result] if the kernel splatted while no program ran, else nothing."""
    result = verdict.judge({"argv": [f"(after {name})"], "end": ("exit", 0), "output": "",
                            "log": log, "duration_s": 0.0})
    return [result] if result["splats"] else []


def run_all(options, guest, env, jobs, build):
    """Results of all programs; once the guest is lost, the rest are lost with it."""
    results, lost = [], ""
    for argv, extra, timeout in jobs:
        if lost:
            result = {"argv": argv, "end": ("lost", f"not run: {lost}"), "output": "", "log": [],
                      "duration_s": 0.0}
        else:
            progress(f"{len(results) + 1}/{len(jobs)} {os.path.basename(argv[0])}")
            result = guest.run(argv, {**env, **extra}, timeout, live=options.verbose and live,
                               patience=20 if options.icount else 1)
            progress("")
        verdict.judge(result)
        results += between(result.pop("before", []), results[-1]["argv"][0] if results else "boot")
        if result["end"][0] == "lost" and not lost:
            lost = result["end"][1]
        results.append(result)
        if not options.quiet:
            print(report.line(result, build), flush=True)
    return results


def boot_result(guest):
    """The boot itself, as a program that fails if the kernel splatted before any ran."""
    log = [text for _, text in guest.log]
    return verdict.judge({"argv": ["(boot)"], "end": ("exit", 0), "output": "", "log": log,
                          "duration_s": guest.boot_s})


def run(options, jobs):
    build, logs = build_folder(options), report.log_folder(cache())
    try:
        guest, env = boot(options, logs, build)
    except GuestGone as gone:
        progress("")
        print(f"FAIL boot: {gone}", report.last_words(logs), f"logs: {logs}", sep="\n")
        return 1
    try:
        booted = boot_result(guest)
        results = [booted] if booted["verdict"] == "failed" else []
        results += run_all(options, guest, env, jobs, build)
        results += between(guest.quit(), jobs[-1][0][0])
    finally:
        guest.close()
    report.write_log(logs, results, build)
    if options.json:
        report.write_json(options.json, options, {"boot_s": guest.boot_s, "logs": logs}, results)
    failed = [r for r in results if r["verdict"] == "failed"]
    for result in failed:
        print(report.failure(result, build))
    if any(r["end"][0] == "lost" for r in failed):
        print(report.last_words(logs))
    if failed or options.keep:
        print(f"logs: {logs}")
    print(f"{report.summary(results)} ({options.flavour}, {options.profile}, {options.iommu}, "
          f"booted in {guest.boot_s:.1f} s)")
    return 1 if failed else 0


def shell(options):
    build, logs = build_folder(options), report.log_folder(cache())
    guest, env = boot(options, logs, build)
    env.setdefault("PS1", "lab# ")
    print("Build folder and devices: env | grep LAB_. Ctrl-A x leaves.\r")
    columns, rows = shutil.get_terminal_size()
    start = f"stty rows {rows} cols {columns}; exec bash --norc -i"
    try:
        guest.run(["sh", "-c", start], env, 0, tty=True)
    finally:
        guest.close()
    return 0


def main(argv, want_shell=False):
    split = argv.index("--") if "--" in argv else len(argv)
    options = parser(want_shell).parse_args(argv[:split])
    options.shell = want_shell
    # Ended from outside, QEMU is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if want_shell:
            return shell(options)
        words = split_programs(argv[split:]) + (read_list(options.list) if options.list else [])
        if not words:
            parser(False).error("no program; give -- PROG [ARG]... or --list FILE")
        return run(options, [job(w, options) for w in words])
    except machine.UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (machine.LabError, OSError) as error:
        print(f"can't run here: {error}", file=sys.stderr)
        return 77
    except GuestGone as gone:
        print(f"error: {gone}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
