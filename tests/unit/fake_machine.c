// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine that most tests run on. */
#include <linux/pci_regs.h>
#include <string.h>

#include "fake_priv.h"

#define MIB (1ull << 20)

static void put_msix(struct fake_vdev *v, uint32_t bar, uint32_t offset, uint16_t entries)
{
	uint16_t flags = entries - 1;
	uint32_t table = offset | bar;

	memcpy(v->config + FAKE_CAP_MSIX + PCI_MSIX_FLAGS, &flags, sizeof(flags));
	memcpy(v->config + FAKE_CAP_MSIX + PCI_MSIX_TABLE, &table, sizeof(table));
}

static void drop_msix(struct fake_vdev *v)
{
	v->config[FAKE_CAP_AF + 1] = 0;
}

/* MSI-X amid BAR 0, ports in BAR 2, less than a page in BAR 3, holes in BAR 4, a tail in BAR 5. */
static void make_odd(struct fake_vdev *v)
{
	v->bars[0].len = 0x4000;
	put_msix(v, 0, 0x2000, 65);
	v->bars[2].len = 0x20;
	v->bars[2].io = true;
	v->bars[3].len = 0x100;
	v->bars[4].len = MIB;
	v->bars[4].nareas = 2;
	v->bars[4].areas[0] = (struct dmabufx_range){ .start = 0, .len = 0x8000 };
	v->bars[4].areas[1] = (struct dmabufx_range){ .start = 0x10000, .len = 0x1000 };
	v->bars[5].len = 0x2800;
}

static void make_devices(struct fake *f)
{
	struct fake_vdev *edu = fake_add(f, "0000:00:04.0", 0x1234, 0x11e8, 4);
	struct fake_vdev *mem = fake_add(f, "0000:00:05.0", 0x1af4, 0x1110, 5);
	struct fake_vdev *odd = fake_add(f, "0000:00:06.0", 0x1b36, 0x0010, 6);

	edu->bars[0].len = MIB;
	drop_msix(edu);
	mem->bars[0].len = 0x100;
	mem->bars[1].len = 0x1000;
	put_msix(mem, 1, 0, 1);
	mem->bars[2].len = 64 * MIB;
	make_odd(odd);
	for (unsigned int i = 0; i < f->nvdevs; i++)
		fake_publish(f, &f->vdevs[i], "vfio-pci");
}

struct fake *fake_machine(void)
{
	struct fake *f = fake_new();

	fake_text(f, "/sys/bus/pci/drivers/vfio-pci/new_id", "");
	fake_text(f, "/sys/bus/pci/drivers_probe", "");
	fake_dev_node(f, "/dev/iommu", FAKE_IOMMUFD, 0);
	fake_dev_node(f, "/dev/vfio/vfio", FAKE_CONTAINER, 0);
	fake_dev_node(f, "/dev/null", FAKE_PLAIN, 0);
	fake_text(f, "/proc/self/maps", "");
	fake_text(f, "/proc/self/mountinfo", "");
	fake_text(f, "/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
	fake_text(f, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "3\n");
	f->rlimit = 8 * MIB;
	f->huge_bytes = 6 * MIB;
	make_devices(f);
	return f;
}
