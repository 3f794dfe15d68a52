// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers of DRM devices: libdrm's two calls are wrapped, where the library has them. */
#include "unit.h"

#include "buf/drm.h"

#define DRM_FD 5
#define HANDLE 42u

int __wrap_drmPrimeHandleToFD(int fd, uint32_t handle, uint32_t flags, int *prime_fd);
int __wrap_drmPrimeFDToHandle(int fd, int prime_fd, uint32_t *handle);

/* What libdrm answers: an errno, or a dma-buf of @exporter or a handle. */
static struct {
	struct fake *f;
	int err;
	const char *exporter;
	int given_fd;
} drm;

int __wrap_drmPrimeHandleToFD(int fd, uint32_t handle, uint32_t flags, int *prime_fd)
{
	assert_int_equal(fd, DRM_FD);
	assert_int_equal(handle, HANDLE);
	errno = drm.err;
	if (drm.err)
		return -1;
	*prime_fd = drm.exporter ? fake_foreign_dmabuf(drm.f, drm.exporter, PAGE) :
				   fake_fd(drm.f, FAKE_PLAIN);
	return 0;
}

int __wrap_drmPrimeFDToHandle(int fd, int prime_fd, uint32_t *handle)
{
	assert_int_equal(fd, DRM_FD);
	drm.given_fd = prime_fd;
	errno = drm.err;
	if (drm.err)
		return -1;
	*handle = HANDLE;
	return 0;
}

static int setup_drm(void **state)
{
	struct unit *u;

	unit_devs(state);
	u = *state;
	drm.f = u->f;
	drm.err = 0;
	drm.exporter = "virtio_gpu";
	return 0;
}

static void a_library_without_libdrm_returns_enosys(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;
	uint32_t handle = 77;

	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_fails(dmabufx_buf_from_drm(u->ctx, DRM_FD, HANDLE, &buf), ENOSYS, NOT_BUILT,
		     "-Ddrm=enabled");
	assert_fails(dmabufx_buf_to_drm(u->buf, DRM_FD, &handle), ENOSYS, NOT_BUILT, "libdrm");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(handle, 77);
}

static void null_arguments_return_einval(void **state)
{
	struct unit *u = *state;
	struct dmabufx_buf *buf = SENTINEL;
	uint32_t handle = 77;

	assert_fails(dmabufx_buf_from_drm(NULL, DRM_FD, 1, &buf), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_buf_from_drm(u->ctx, DRM_FD, 1, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_buf_to_drm(NULL, DRM_FD, &handle), EINVAL, NULL_ARGUMENT, "buf");
	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_buf_to_drm(u->buf, DRM_FD, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_ptr_equal(buf, SENTINEL);
	assert_int_equal(handle, 77);
}

static void from_drm_takes_the_dmabuf_over(void **state)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct unit *u = *state;

	assert_int_equal(dmabufx_buf_from_drm(u->ctx, DRM_FD, HANDLE, &u->buf), 0);
	assert_int_equal(dmabufx_buf_get_info(u->buf, &info), 0);
	assert_int_equal(info.kind, DMABUFX_BUF_DMABUF);
	assert_string_equal(info.exporter, "virtio_gpu");
}

static void from_drm_tells_errors_and_leaves_nothing(void **state)
{
	struct unit *u = *state;
	struct unit_account before = unit_account(u->f);
	struct dmabufx_buf *buf = SENTINEL;

	drm.err = ENOENT;
	assert_fails(dmabufx_buf_from_drm(u->ctx, DRM_FD, HANDLE, &buf), ENOENT, SYSTEM,
		     "handle 42");
	drm.err = 0;
	drm.exporter = NULL;
	assert_fails(dmabufx_buf_from_drm(u->ctx, DRM_FD, HANDLE, &buf), EINVAL, FOREIGN_FD,
		     "neither");
	assert_ptr_equal(buf, SENTINEL);
	unit_assert_same(&before, u->f, "from_drm", 0);
}

static void to_drm_gives_a_handle(void **state)
{
	struct unit *u = *state;
	uint32_t handle;

	u->buf = export_at(u->mem, 2, 0, PAGE);
	assert_int_equal(dmabufx_buf_to_drm(u->buf, DRM_FD, &handle), 0);
	assert_int_equal(handle, HANDLE);
	assert_int_equal(drm.given_fd, dmabufx_buf_fd(u->buf));
}

static void to_drm_of_memory_returns_einval(void **state)
{
	struct unit *u = *state;
	uint32_t handle = 77;

	u->buf = new_memfd(u, PAGE);
	assert_fails(dmabufx_buf_to_drm(u->buf, DRM_FD, &handle), EINVAL, FOREIGN_FD, "memfd",
		     "udmabuf");
	assert_int_equal(handle, 77);
}

static void to_drm_of_a_driver_without_peer_to_peer_returns_eopnotsupp(void **state)
{
	static const int errs[] = { EOPNOTSUPP, ENOSYS };
	struct unit *u = *state;
	uint32_t handle = 77;

	u->buf = export_at(u->mem, 2, 0, PAGE);
	for (size_t i = 0; i < 2; i++) {
		drm.err = errs[i];
		assert_fails(dmabufx_buf_to_drm(u->buf, DRM_FD, &handle), EOPNOTSUPP, IMPORTER, MEM,
			     "peer-to-peer", "descriptor 5");
	}
	drm.err = EIO;
	assert_fails(dmabufx_buf_to_drm(u->buf, DRM_FD, &handle), EIO, SYSTEM, MEM, "descriptor 5");
	assert_int_equal(handle, 77);
}

int main(void)
{
	static const struct CMUnitTest stub[] = {
		unit_case(null_arguments_return_einval, unit_devs),
		unit_case(a_library_without_libdrm_returns_enosys, unit_devs),
	};
	static const struct CMUnitTest built[] = {
		unit_case(null_arguments_return_einval, unit_devs),
		unit_case(from_drm_takes_the_dmabuf_over, setup_drm),
		unit_case(from_drm_tells_errors_and_leaves_nothing, setup_drm),
		unit_case(to_drm_gives_a_handle, setup_drm),
		unit_case(to_drm_of_memory_returns_einval, setup_drm),
		unit_case(to_drm_of_a_driver_without_peer_to_peer_returns_eopnotsupp, setup_drm),
	};

	return dx_drm_built ? cmocka_run_group_tests(built, NULL, NULL) :
			      cmocka_run_group_tests(stub, NULL, NULL);
}
