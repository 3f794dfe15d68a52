// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of the real kernel: each entry does what its name says, on files of this process. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/procfs.h"
#include "sys/sysfs.h"

static bool is_cloexec(int fd)
{
	return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static int new_file(struct dx_sys *sys, uint64_t len)
{
	int fd = sys->memfd(sys, "unit", MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(sys->truncate(sys, fd, len), 0);
	return fd;
}

static void every_descriptor_is_born_close_on_exec(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fds[4] = { sys->open(sys, "/dev/null", O_RDWR), new_file(sys, 0), sys->eventfd(sys) };

	fds[3] = sys->dup(sys, fds[0]);
	for (size_t i = 0; i < 4; i++) {
		assert_true(fds[i] >= 0);
		assert_true(is_cloexec(fds[i]));
		assert_int_equal(sys->close(sys, fds[i]), 0);
	}
}

static void errors_are_negative_errnos(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	char buf[8] = "", *list;
	struct msghdr msg = { 0 };
	uint64_t value;
	void *p;

	assert_int_equal(sys->open(sys, "/nonexistent", O_RDONLY), -ENOENT);
	assert_int_equal(sys->close(sys, -1), -EBADF);
	assert_int_equal(sys->dup(sys, -1), -EBADF);
	assert_int_equal(sys->ioctl(sys, -1, FIOCLEX, NULL), -EBADF);
	assert_int_equal(sys->read(sys, -1, buf, 1), -EBADF);
	assert_int_equal(sys->write(sys, -1, buf, 1), -EBADF);
	assert_int_equal(sys->pread(sys, -1, buf, 1, 0), -EBADF);
	assert_int_equal(sys->pwrite(sys, -1, buf, 1, 0), -EBADF);
	assert_int_equal(sys->mmap(sys, -1, 0, 4096, PROT_READ, &p), -EBADF);
	assert_int_equal(sys->munmap(sys, buf + 1, 0), -EINVAL);
	assert_int_equal(sys->size(sys, -1, &value), -EBADF);
	assert_int_equal(sys->inode(sys, -1, &value, &value), -EBADF);
	assert_int_equal(sys->readlink(sys, "/nonexistent", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sys->list(sys, "/nonexistent", &list), -ENOENT);
	assert_int_equal(sys->memfd(sys, "unit", 1u << 20), -EINVAL);
	assert_int_equal(sys->truncate(sys, -1, 0), -EBADF);
	assert_int_equal(sys->allocate(sys, -1, 4096), -EBADF);
	assert_int_equal(sys->seal(sys, -1, 0), -EBADF);
	assert_int_equal(sys->seals(sys, -1), -EBADF);
	assert_int_equal(sys->sendmsg(sys, -1, &msg, 0), -EBADF);
	assert_int_equal(sys->recvmsg(sys, -1, &msg, 0), -EBADF);
	assert_int_equal(sys->rlimit(sys, -1, &value), -EINVAL);
}

static void files_are_read_and_written_at_offsets(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fd = new_file(sys, 8192);
	char buf[4] = "";

	assert_int_equal(sys->pwrite(sys, fd, "abc", 3, 5000), 3);
	assert_int_equal(sys->pread(sys, fd, buf, 3, 5000), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(sys->write(sys, fd, "xy", 2), 2);
	assert_int_equal(sys->pread(sys, fd, buf, 2, 0), 2);
	assert_memory_equal(buf, "xy", 2);
	sys->close(sys, fd);
}

/* It is the position of whoever lent the descriptor, too. */
static void size_is_told_and_the_position_left_where_it_was(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fd = new_file(sys, 12345);
	uint64_t size;
	char c;

	assert_int_equal(sys->read(sys, fd, &c, 1), 1);
	assert_int_equal(sys->size(sys, fd, &size), 0);
	assert_int_equal(size, 12345);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 1);
	sys->close(sys, fd);
}

static void what_has_no_length_says_so(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int null = sys->open(sys, "/dev/null", O_RDONLY), ends[2];
	uint64_t size = 77;

	assert_int_equal(sys->size(sys, null, &size), 0);
	assert_int_equal(size, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(sys->size(sys, ends[0], &size), -ESPIPE);
	assert_int_equal(size, 0);
	close(ends[0]);
	close(ends[1]);
	sys->close(sys, null);
}

static void allocate_finds_the_memory_without_changing_the_length(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fd = new_file(sys, 8192);
	uint64_t size;

	assert_int_equal(sys->allocate(sys, fd, 8192), 0);
	assert_int_equal(sys->size(sys, fd, &size), 0);
	assert_int_equal(size, 8192);
	sys->close(sys, fd);
}

static void memory_is_shared_by_its_mappings(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fd = new_file(sys, sys->page_size);
	void *p;

	assert_int_equal(sys->mmap(sys, fd, 0, sys->page_size, PROT_READ | PROT_WRITE, &p), 0);
	assert_int_equal(sys->pwrite(sys, fd, "q", 1, 7), 1);
	assert_int_equal(((char *)p)[7], 'q');
	assert_int_equal(sys->munmap(sys, p, sys->page_size), 0);
	sys->close(sys, fd);
}

static void seals_keep_the_length(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int fd = new_file(sys, 4096);

	assert_int_equal(sys->seal(sys, fd, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_int_equal(sys->seals(sys, fd), F_SEAL_SHRINK | F_SEAL_GROW);
	assert_int_equal(sys->truncate(sys, fd, 0), -EPERM);
	sys->close(sys, fd);
}

static void inode_tells_devices_from_files(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	int file = new_file(sys, 0), null = sys->open(sys, "/dev/null", O_RDONLY);
	uint64_t ino, rdev;

	assert_int_equal(sys->inode(sys, file, &ino, &rdev), 0);
	assert_int_not_equal(ino, 0);
	assert_int_equal(rdev, 0);
	assert_int_equal(sys->inode(sys, null, &ino, &rdev), 0);
	assert_int_equal(rdev, 1 << 8 | 3);
	sys->close(sys, file);
	sys->close(sys, null);
}

static void list_is_sorted_and_without_dots(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	char *names, *at;
	int n = sys->list(sys, "/proc/self", &names);

	assert_in_range(n, 5, 1000);
	at = names;
	for (int i = 0; i < n; i++) {
		char *next = at + strlen(at) + 1;

		assert_int_not_equal(at[0], '.');
		assert_true(i == n - 1 || strcoll(at, next) <= 0);
		at = next;
	}
	free(names);
}

static void list_without_memory_returns_enomem(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	char *names = SENTINEL;

	heap_arm();
	heap_fail_nth(1);
	assert_int_equal(sys->list(sys, "/proc/self", &names), -ENOMEM);
	assert_ptr_equal(names, SENTINEL);
	heap_disarm();
}

static void links_are_cut_to_the_room(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	char whole[64], cut[3];

	assert_true(sys->readlink(sys, "/proc/self", whole, sizeof(whole)) > 0);
	assert_int_equal(atoi(whole), getpid());
	assert_int_equal(sys->readlink(sys, "/proc/self/exe", cut, sizeof(cut)), 2);
	assert_int_equal(cut[2], '\0');
}

static void limits_and_time_are_told(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	uint64_t limit = 0, before = sys->now_ms(sys);

	assert_int_equal(sys->rlimit(sys, RLIMIT_NOFILE, &limit), 0);
	assert_int_not_equal(limit, 0);
	sys->sleep_ms(sys, 2);
	assert_true(sys->now_ms(sys) >= before + 1);
	assert_int_equal(sys->page_size, (uint64_t)sysconf(_SC_PAGESIZE));
}

static void sysfs_attributes_lose_their_newline(void **state)
{
	struct dx_sys *sys = dx_sys_linux();
	uint64_t value;
	char text[64];

	assert_true(dx_sysfs_read(sys, text, sizeof(text), "/proc/sys/kernel/%s", "ostype") > 0);
	assert_string_equal(text, "Linux");
	assert_int_equal(dx_sysfs_number(sys, &value, "/proc/sys/kernel/%s", "pid_max"), 0);
	assert_true(value > 100);
	assert_int_equal(dx_sysfs_write(sys, "x", "/nonexistent"), -ENOENT);
	assert_int_equal(dx_sysfs_write(sys, "x", "/dev/null"), 0);
}

static void a_file_longer_than_a_page_is_read_whole(void **state)
{
	struct unit *u = *state;
	char text[20000], *whole;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_text(u->f, "/proc/self/maps", text);
	assert_int_equal(dx_procfs_read(&u->f->sys, "/proc/self/maps", &whole), sizeof(text) - 1);
	assert_string_equal(whole, text);
	free(whole);
	heap_fail_nth(2);
	assert_int_equal(dx_procfs_read(&u->f->sys, "/proc/self/maps", &whole), -ENOMEM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_descriptor_is_born_close_on_exec),
		cmocka_unit_test(errors_are_negative_errnos),
		cmocka_unit_test(files_are_read_and_written_at_offsets),
		cmocka_unit_test(size_is_told_and_the_position_left_where_it_was),
		cmocka_unit_test(what_has_no_length_says_so),
		cmocka_unit_test(allocate_finds_the_memory_without_changing_the_length),
		cmocka_unit_test(memory_is_shared_by_its_mappings),
		cmocka_unit_test(seals_keep_the_length),
		cmocka_unit_test(inode_tells_devices_from_files),
		cmocka_unit_test(list_is_sorted_and_without_dots),
		cmocka_unit_test(list_without_memory_returns_enomem),
		cmocka_unit_test(links_are_cut_to_the_room),
		cmocka_unit_test(limits_and_time_are_told),
		cmocka_unit_test(sysfs_attributes_lose_their_newline),
		unit_case(a_file_longer_than_a_page_is_read_whole, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
