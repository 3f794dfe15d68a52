#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`dmabufx xsk` on igb and virtio-net, in zero copy: runs in the guest, in the build folder.

The cards of the profile `cards` are on one wire: two that can do without copying, one that can't.
"""

import contextlib
import glob
import os
import struct
import subprocess
import sys
import tempfile
import time

from commands import COMMAND, PATIENCE_S, ask, passes, run

PACKETS = 300


def interface(name):
    """Of a card; virtio's is its child's."""
    device = f"/sys/bus/pci/devices/{os.environ[name]}"
    return os.path.basename((glob.glob(f"{device}/net/*") + glob.glob(f"{device}/*/net/*"))[0])


IGB, VIRTIO, PLAIN = (interface("LAB_" + name) for name in ("IGB0", "NET0", "NET1"))
CARDS = IGB, VIRTIO, PLAIN


def attribute(ifname, name, value=None):
    with open(f"/sys/class/net/{ifname}/{name}", "r+" if value else "r", encoding="ascii") as file:
        return file.write(value) if value else file.read().strip()


def set_queues(ifname, count):
    """With several the card's hash, which is another each boot, chooses who gets a packet."""
    run("ethtool", "-L", ifname, "combined", str(count))


def eventually(what, condition):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def xsk(*words, code=0):
    return ask("xsk", *words, code=code)


@contextlib.contextmanager
def sending(ifname, target, *words):
    """Packets from one card to another meanwhile, as slowly as a busy host needs it."""
    with tempfile.TemporaryFile() as file:
        with subprocess.Popen((COMMAND, "xsk", "tx", ifname, "--rate", "300", *to(target), *words),
                              stdin=subprocess.DEVNULL, stdout=file,
                              stderr=subprocess.STDOUT) as process:
            try:
                eventually(f"{ifname} has no socket",
                           lambda: b"queue 0, sends: " in os.pread(file.fileno(), 4096, 0))
                yield
                assert process.poll() is None, os.pread(file.fileno(), 4096, 0)
            finally:
                process.terminate()


def packets(path):
    """Of a pcapng file: of each its bytes."""
    with open(path, "rb") as file:
        data = file.read()
    found, at = [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            size, = struct.unpack_from("<I", data, at + 20)
            found.append(data[at + 28:at + 28 + size])
        at += length
    return found


def to(ifname):
    return "--dst", attribute(ifname, "address")


def without_copying(facts, count):
    assert len(facts["sockets"]) == count, facts
    assert all(s["zero_copy"] for s in facts["sockets"]), facts["sockets"]


def query_says_what_each_card_can_do():
    for ifname, driver, answer in ((IGB, "igb", "yes"), (VIRTIO, "virtio_net", "yes"),
                                   (PLAIN, "virtio_net", "no")):
        facts = xsk("query", ifname)
        answers = {a["id"]: a["answer"] for a in facts["answers"]}
        assert facts["driver"] == driver and answers["zero-copy"] == answer, facts
        assert answers["up"] == answers["native"] == answers["prog-free"] == "yes", facts


def receives_in_order(ifname, sender):
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
        with sending(sender, ifname, "--size", "200"):
            facts = xsk("rx", ifname, "--zc", "require", "--ports", "9", "--count", str(PACKETS),
                        "--seconds", "60", "--write", file.name)
        taken = packets(file.name)
    without_copying(facts, 1)
    assert facts["packets"] == PACKETS and facts["bytes"] == PACKETS * 200, facts
    assert facts["drops"] == 0 and facts["queues"][0]["rx_frames"] >= PACKETS, facts
    numbers = [struct.unpack_from(">Q", p, 42)[0] for p in taken]
    # What came before the socket was there isn't.
    assert len(numbers) == PACKETS and numbers == sorted(set(numbers)), numbers
    assert all(len(p) == 200 and p[50:] == bytes(range(50, 200)) for p in taken)


def rx_on_igb_writes_each_packet():
    receives_in_order(IGB, PLAIN)


def rx_on_virtio_writes_each_packet():
    receives_in_order(VIRTIO, IGB)


def tx_on_igb_copies_nothing():
    before = int(attribute(PLAIN, "statistics/rx_packets"))
    facts = xsk("tx", IGB, "--zc", "require", "--rate", "300", "--count", str(PACKETS), *to(PLAIN))
    without_copying(facts, 1)
    assert facts["packets"] == PACKETS and facts["bytes"] == PACKETS * 64, facts
    arrive(PLAIN, before + PACKETS)


def arrive(ifname, count):
    eventually(f"{count} packets at {ifname}",
               lambda: int(attribute(ifname, "statistics/rx_packets")) >= count)


def fwd_between_the_cards_copies_nothing():
    for start, end in ((IGB, VIRTIO), (VIRTIO, IGB)):
        before = int(attribute(PLAIN, "statistics/rx_packets"))
        with sending(PLAIN, start):
            facts = xsk("fwd", start, end, "--swap-macs", "--zc", "require", "--ports", "9",
                        "--count", str(PACKETS), "--seconds", "60")
        without_copying(facts, 2)
        way, = facts["ways"]
        assert (way["from"], way["to"], way["lost"]) == (start, end, 0), facts
        assert way["packets"] == PACKETS and way["bytes"] == PACKETS * 64, facts
        # Their addresses changed places, so they come to who sent them.
        arrive(PLAIN, before + PACKETS)


def fwd_on_one_card_uses_one_queue():
    with sending(PLAIN, IGB):
        facts = xsk("fwd", IGB, IGB, "--swap-macs", "--zc", "require", "--ports", "9", "--count",
                    "100", "--seconds", "60")
    without_copying(facts, 1)
    assert facts["ways"][0]["packets"] == 100 and facts["ways"][0]["lost"] == 0, facts
    # Also where it has another, which would lose what it receives.
    set_queues(IGB, 2)
    try:
        without_copying(xsk("fwd", IGB, IGB, "--swap-macs", "--seconds", "1"), 1)
        assert len(xsk("fwd", IGB, IGB, "--zc", "forbid", "--seconds", "1")["sockets"]) == 2
    finally:
        set_queues(IGB, 1)


def stats_show_the_socket():
    with sending(IGB, PLAIN, "--zc", "require"):
        facts = xsk("stats", IGB)
    assert "rx_queue_0_packets" in facts["counters"], facts
    if facts["sockets"]:
        without_copying(facts, 1)
    else:
        assert facts["findings"][0]["id"] == "no-diag", facts


def bench_tells_what_a_packet_costs():
    with sending(PLAIN, IGB):
        for facts in (xsk("bench", "rx", IGB, "--zc", "require", "--seconds", "2"),
                      xsk("bench", "fwd", IGB, IGB, "--swap-macs", "--zc", "require", "--seconds",
                          "2")):
            check_bench(facts)
    facts = xsk("bench", "tx", IGB, "--zc", "require", "--seconds", "2")
    check_bench(facts)
    assert facts["drops"] == 0, facts


def check_bench(facts):
    bench = facts["bench"]
    assert bench["zero_copy"] and bench["mpps"] > 0 and bench["ns_per_packet"] > 0, facts
    assert 0 < bench["processors"] < 1.2 and len(bench["packets_per_second"]) in (1, 2), facts


def what_a_card_cannot_do_is_told():
    refusals = (
        ("reason", "no-zero-copy", 77, ("rx", PLAIN, "--zc", "require")),
        ("reason", "no-zero-copy", 77, ("tx", PLAIN, "--zc", "require")),
        ("reason", "no-zero-copy", 77, ("tx", IGB, "--zc", "require", "--size", "9000")),
        ("reason", "no-queue", 1, ("rx", IGB, "--queue", "64")),
        ("reason", "mtu", 1, ("tx", VIRTIO, "--size", "1515")),
    )
    attribute(IGB, "mtu", "9000")
    try:
        for key, value, code, words in refusals:
            error = xsk(*words, code=code)["error"]
            assert error[key] == value and words[1] in error["text"], error
    finally:
        attribute(IGB, "mtu", "1500")


def metadata_is_refused_or_had():
    """Without copying neither card has any; who copies does without the card."""
    for ifname in IGB, VIRTIO:
        for words in (("rx", ifname, "--meta"), ("tx", ifname, "--checksum"),
                      ("tx", ifname, "--timestamps")):
            error = xsk(*words, "--zc", "require", "--seconds", "1", code=1)["error"]
            assert error["reason"] == "no-metadata" and ifname in error["text"], error
    facts = xsk("tx", IGB, "--zc", "forbid", "--checksum", "--timestamps", "--rate", "300",
                "--count", "100", *to(PLAIN))
    assert facts["packets"] == 100 and not facts["sockets"][0]["zero_copy"], facts


def nothing_is_left_behind():
    for ifname in CARDS:
        assert xsk("query", "--no-try", ifname)["prog_id"] == 0, ifname


CASES = [query_says_what_each_card_can_do, rx_on_igb_writes_each_packet,
         rx_on_virtio_writes_each_packet, tx_on_igb_copies_nothing,
         fwd_between_the_cards_copies_nothing, fwd_on_one_card_uses_one_queue,
         stats_show_the_socket, bench_tells_what_a_packet_costs, what_a_card_cannot_do_is_told,
         metadata_is_refused_or_had, nothing_is_left_behind]


def main():
    for ifname in CARDS:
        attribute(ifname, "flags", "0x1003")
    set_queues(IGB, 1)
    for ifname in CARDS:
        eventually(f"no carrier on {ifname}", lambda name=ifname: attribute(name, "carrier") == "1")
    only = [case for case in CASES if case.__name__ in sys.argv] or CASES
    return 0 if all([passes(case) for case in only]) else 1


if __name__ == "__main__":
    sys.exit(main())
