# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's machine: profiles, IOMMUs and the QEMU command line made of them."""

import os
import re

LAB = os.path.dirname(os.path.abspath(__file__))
PROFILES = os.path.join(LAB, "profiles")
QEMU = "qemu-system-x86_64"

# VFIO wants to hear that missing interrupt remapping is known.
UNSAFE = "iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1"

# Each IOMMU: what QEMU is given, and what the kernel is told.
IOMMUS = {
    "vtd": (["-device", "intel-iommu,intremap=on"], "intel_iommu=on"),
    "virtio-iommu": (["-device", "virtio-iommu-pci,addr=01.0"], UNSAFE),
    # Linux remaps interrupts only if a south bridge sits at 00:14.0, where q35 has
    # none: a device that nobody drives there calls itself an SMBus. DMA that QEMU 10.0
    # should translate does not arrive, so the kernel's own drivers get the identity.
    "amdvi": (["-device", "amd-iommu,intremap=on", "-blockdev", "null-co,node-name=none0",
               "-device", "virtio-blk-pci,drive=none0,class=0x0c05,addr=14.0"], "iommu=pt"),
    "none": ([], ""),
}


class LabError(Exception):
    """The lab cannot run on this machine; the text says what is missing."""


class UsageError(LabError):
    """What was asked for does not exist or makes no sense."""


def addresses():
    """Names and PCI addresses of all devices, from the table that tests include."""
    with open(os.path.join(PROFILES, "p2p.h"), encoding="ascii") as header:
        return dict(re.findall(r'#define LAB_(\w+) "([0-9a-f:.]+)"', header.read()))


def profile_names():
    return sorted(n for n in os.listdir(PROFILES) if "." not in n)


def place(name, bus, address):
    """Where QEMU puts a device so that the guest sees it at its address."""
    _, number, slot = address.split(":")
    number = int(number, 16)
    if not bus:
        bus = f"port{number}" if number else "pcie.0"
    return f"id={name.lower()},bus={bus},addr={slot}"


def ports(count):
    """Root ports 1..count; the firmware numbers buses in the order of the slots."""
    args = []
    for n in range(1, count + 1):
        args += ["-device", f"pcie-root-port,id=port{n},chassis={n},slot={n},addr={0xf + n:x}.0"]
    return args


def read_profile(name):
    """QEMU's arguments for a profile, and the addresses of the devices it has."""
    path = os.path.join(PROFILES, name)
    if name not in profile_names():
        raise UsageError(f"no profile {name}; there are: {', '.join(profile_names())}")
    table, args, devices, buses, behind = addresses(), [], [], {}, [0]
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            words = line.split("#")[0].split(None, 1)
            if not words:
                continue
            what, value = words[0], words[1].strip()
            if what.startswith("-"):
                args += [what, value]
                continue
            what, _, bus = what.partition("@")
            buses[what] = table[what]
            kind, _, options = value.partition(",")
            where = place(what, bus, table[what])
            devices += ["-device", ",".join(filter(None, [kind, where, options]))]
            # Who names a bus brings it along.
            behind.append(0 if bus else int(table[what].split(":")[1], 16))
    args += ports(max(behind))
    if "IGB0" in buses:
        buses["IGB0_VF0"] = table["IGB0_VF0"]
    return args + devices, {f"LAB_{n}": a for n, a in buses.items()}


def kernel_line(options, agent, keep):
    """The kernel's command line; what follows -- goes to init."""
    for path in [agent, *keep]:
        if re.search(r"\s", path):
            raise LabError(f"{path}: the lab cannot use a path with a space in it")
    cache = "mmap" if options.shell else "loose"
    # On a busy host the emulated timers come late; the kernel is not to judge them.
    words = [
        "no_timer_check tsc=reliable",
        f"console=ttyS0 loglevel={3 if options.shell else 4} printk.devkmsg=on panic=-1",
        "root=host9p rootfstype=9p ro",
        f"rootflags=trans=virtio,version=9p2000.L,msize=512000,cache={cache}",
        IOMMUS[options.iommu][1], *options.append, f"init={agent}", "--", *keep,
    ]
    return " ".join(filter(None, words))


def accel(options):
    """TCG, unless asked: a /dev/kvm that exists does not always start a kernel."""
    if options.icount:
        return ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1"]
    kind = os.environ.get("DMABUFX_LAB_ACCEL", "tcg,thread=multi")
    return ["-accel", kind, "-smp", str(options.smp)]


def command(options, kernel, agent, keep, folder):
    """QEMU's whole command line, and the environment the profile gives programs."""
    devices, names = read_profile(options.profile)
    cpu = options.cpu or ("EPYC" if options.iommu == "amdvi" else "max")
    serial = "mon:stdio" if options.shell else f"file:{folder}/console"
    args = [QEMU, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
            "-machine", "q35", "-cpu", cpu, "-m", options.mem, *accel(options),
            "-kernel", os.path.join(kernel, "bzImage"),
            "-append", kernel_line(options, agent, keep),
            *IOMMUS[options.iommu][0], "-serial", serial,
            "-fsdev", "local,id=root,path=/,readonly=on,security_model=none,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=root,mount_tag=host9p,addr=02.0",
            "-device", "virtio-serial-pci,addr=03.0",
            "-chardev", f"socket,id=lab,path={folder}/port",
            "-device", "virtserialport,chardev=lab,name=dmabufx.lab", *devices]
    names.update(LAB_PROFILE=options.profile, LAB_IOMMU=options.iommu,
                 LAB_FLAVOUR=options.flavour, LAB_ICOUNT="1" if options.icount else "0",
                 LAB_CPU=cpu, LAB_MODULES=kernel)
    return args, names
