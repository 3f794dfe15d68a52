#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command and the examples on real devices: runs in the guest, in the build folder.

What a command says with --json is parsed and looked at; what each undoes is left to the next: they
bind what they need themselves.
"""

import json
import os
import subprocess
import sys

from commands import COMMAND, PATIENCE_S, ask, passes, run

EDU, MEMORY = os.environ["LAB_EDU0"], os.environ["LAB_IVSHMEM1"]
NVME, CMB, NET = (os.environ["LAB_" + n] for n in ("NVME0", "NVME1", "NET0"))
ABSENT = "0000:00:1d.3"


def driver(bdf):
    link = f"/sys/bus/pci/devices/{bdf}/driver"
    return os.path.basename(os.readlink(link)) if os.path.islink(link) else ""


def bind_and_unbind_tell_the_drivers():
    facts = ask("bind", EDU, MEMORY)["devices"]
    assert [d["bdf"] for d in facts] == [EDU, MEMORY] and all(d["ok"] for d in facts)
    assert driver(EDU) == driver(MEMORY) == "vfio-pci"
    facts = ask("unbind", EDU, MEMORY)["devices"]
    assert all(d["ok"] and d["driver"] == "" for d in facts)
    assert driver(EDU) == driver(MEMORY) == ""


def probe_says_the_main_job_can_run():
    facts = ask("probe", "--device", MEMORY)
    answers = {a["id"]: a["answer"] for a in facts["answers"]}
    assert answers["export"] == answers["import"] == answers["p2p"] == "yes"
    # What the flavours differ in.
    ranges = "yes" if os.environ.get("LAB_FLAVOUR") == "lts" else "no"
    assert answers["multi-range"] == answers["links"] == ranges
    assert facts["verdict"]["answer"] == "yes"


def list_knows_all_functions():
    have = {d["bdf"] for d in ask("list")["devices"]}
    assert have == set(os.listdir("/sys/bus/pci/devices"))
    bound = {d["bdf"]: d for d in ask("list", "--vfio")["devices"]}
    assert set(bound) == {EDU, MEMORY}
    assert bound[MEMORY]["bars"][2] == 64 << 20


def caps_tell_bars_and_resets():
    facts = ask("caps", MEMORY)
    assert facts["can_export"] and facts["can_reset"] and facts["reset_kinds"] == ["bus"]
    bars = {b["bar"]: b for b in facts["bars"]}
    assert bars[2]["exportable"] and bars[2]["len"] == 64 << 20
    assert not bars[0]["exportable"] and bars[0]["reason"] == "bar-subpage"


def export_hands_the_descriptor_to_a_command():
    text = run(COMMAND, "export", MEMORY, "2", "0", "64K", "--", "/bin/sh", "-c",
               "cat /proc/self/fdinfo/$DMABUFX_FD; echo length $DMABUFX_LEN")
    assert "exp_name:" in text and "vfio_pci" in text and "length 65536" in text


def export_holds_until_the_end_of_its_input():
    buffers = ask("export", MEMORY, "2")["buffers"]
    assert [b["len"] for b in buffers] == [64 << 20]


def map_puts_it_where_it_was_told():
    facts = ask("map", MEMORY, "2", "0", "64K", "--to", EDU, "--iova", "0x1000000")
    assert facts["mappings"] == [{"iova": 0x1000000, "len": 65536, "device": EDU}]


def reset_tells_what_came_back():
    facts = ask("reset", MEMORY)
    assert facts["reset_kinds"] == ["bus"] and facts["stale"] == 0


def inspect_finds_the_buffer_it_inherits():
    facts = json.loads(run(COMMAND, "--quiet", "export", MEMORY, "2", "0", "64K", "--", "/bin/sh",
                           "-c", f"{COMMAND} --json inspect fd:$DMABUFX_FD"))
    assert "vfio_pci" in json.dumps(facts)


def inspect_tells_who_has_attached():
    with subprocess.Popen([COMMAND, "map", MEMORY, "2", "0", "64K", "--to", EDU],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as job:
        while "Held" not in job.stdout.readline():
            assert job.poll() is None
        buffers = [f for f in ask("inspect", f"pid:{job.pid}")["files"] if f["kind"] == "dma-buf"]
        text = run(COMMAND, "inspect", f"pid:{job.pid}")
        job.communicate("\n", timeout=PATIENCE_S)
    assert job.returncode == 0 and len(buffers) == 1 and buffers[0]["attachments"] == 1
    found = buffers[0]["attached"][0]
    assert found["device"] == "iommu" and not found["revoked"]
    # Mainline has no links to tell of.
    links = os.environ.get("LAB_FLAVOUR") == "lts"
    assert (found["link"], found["maps"]) == (("phys", 1) if links else ("", 0))
    assert "ATTACHED BY" in text and ("phys" in text) == links


def p2p_test_does_the_main_job():
    facts = ask("p2p-test", EDU, MEMORY)
    assert facts["ok"] and facts["engine"] == "edu" and facts["bar"] == 2
    assert len(facts["steps"]) > 10 and all(s["ok"] for s in facts["steps"])


def p2p_test_of_two_nvmes_binds_and_gives_back():
    facts = ask("p2p-test", "--bind", NVME, CMB)
    assert facts["ok"] and facts["engine"] == "nvme"
    assert driver(NVME) == driver(CMB) == "nvme"


def p2p_test_of_an_absent_device_names_it():
    facts = ask("p2p-test", EDU, ABSENT, code=1)
    assert facts["error"]["errno"] == "ENODEV" and ABSENT in facts["error"]["text"]


def caps_of_another_drivers_device_says_so():
    facts = ask("caps", NET, code=1)
    assert facts["error"]["reason"] == "not-vfio" and "virtio-pci" in facts["error"]["text"]


def unknown_command_is_a_usage_error():
    assert ask("frobnicate", code=2)["error"]["reason"] == "usage"


def example_list_shows_the_memory():
    assert f"{MEMORY} 1af4:1110" in run("./examples/example-list")


def example_p2p_map_puts_the_bar_at_an_iova():
    assert "67108864 bytes at IOVA 0x" in run("./examples/example-p2p_map", MEMORY, EDU)


def example_reset_survives_keeps_the_iova():
    line = run("./examples/example-reset_survives", MEMORY).splitlines()[-1].split()
    assert line[1] == line[3] and line[-1] == "live"


def example_events_tells_of_the_remapping():
    assert run("./examples/example-events", MEMORY).startswith("remapped:")


NEED_NONE = [bind_and_unbind_tell_the_drivers, p2p_test_of_two_nvmes_binds_and_gives_back,
             unknown_command_is_a_usage_error, caps_of_another_drivers_device_says_so,
             example_list_shows_the_memory]
NEED_BOTH = [probe_says_the_main_job_can_run, list_knows_all_functions, caps_tell_bars_and_resets,
             export_hands_the_descriptor_to_a_command, export_holds_until_the_end_of_its_input,
             map_puts_it_where_it_was_told, reset_tells_what_came_back,
             inspect_finds_the_buffer_it_inherits, inspect_tells_who_has_attached,
             p2p_test_does_the_main_job, p2p_test_of_an_absent_device_names_it,
             example_p2p_map_puts_the_bar_at_an_iova, example_reset_survives_keeps_the_iova,
             example_events_tells_of_the_remapping]


def main():
    results = [passes(case) for case in NEED_NONE]
    run(COMMAND, "bind", EDU, MEMORY)
    try:
        results += [passes(case) for case in NEED_BOTH]
    finally:
        run(COMMAND, "unbind", EDU, MEMORY)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
