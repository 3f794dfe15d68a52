// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual functions that are opened only with the token of their physical function. */
#include "unit.h"

#define NODE "/dev/vfio/devices/vfio1"

static void node_takes_the_token_that_is_wanted(void **state)
{
	static const uint8_t token[DMABUFX_VF_TOKEN_LEN] = "0123456789abcde";
	static const uint8_t zeros[DMABUFX_VF_TOKEN_LEN];
	DMABUFX_OPTS(dmabufx_dev_opts, right, .vf_token = token);
	DMABUFX_OPTS(dmabufx_dev_opts, wrong, .vf_token = zeros);
	struct unit *u = *state;
	struct dmabufx_dev *dev = SENTINEL;

	assert_fails(dmabufx_dev_open(u->ctx, MEM, &right, &dev), EINVAL, VF_TOKEN, MEM,
		     "takes no VF token");
	u->vmem->vf_token = token;
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EACCES, VF_TOKEN, MEM,
		     "without a VF token", "vf_token");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, &wrong, &dev), EACCES, VF_TOKEN, MEM,
		     "this VF token");
	u->f->no_tokens = true;
	assert_fails(dmabufx_dev_open(u->ctx, NODE, &right, &dev), EINVAL, VF_TOKEN, MEM, "6.18",
		     "DMABUFX_DEV_LEGACY");
	u->f->no_tokens = false;
	assert_ptr_equal(dev, SENTINEL);
	assert_int_equal(dmabufx_dev_open(u->ctx, MEM, &right, &u->mem), 0);
	right.flags = DMABUFX_DEV_PREBOUND;
	assert_fails(dmabufx_dev_open_fd(u->ctx, dmabufx_dev_fd(u->mem), &right, &dev), EINVAL,
		     VF_TOKEN, "bound already");
}

static void group_takes_the_token_that_is_wanted(void **state)
{
	static const uint8_t token[DMABUFX_VF_TOKEN_LEN] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
							     0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
							     0xcc, 0xdd, 0xee, 0xff };
	static const uint8_t zeros[DMABUFX_VF_TOKEN_LEN];
	DMABUFX_OPTS(dmabufx_dev_opts, right, .vf_token = token);
	DMABUFX_OPTS(dmabufx_dev_opts, wrong, .vf_token = zeros);
	struct unit *u = *state;
	struct dmabufx_dev *dev = SENTINEL;

	u->vmem->vf_token = token;
	assert_fails(dmabufx_dev_open(u->ctx, MEM, NULL, &dev), EACCES, VF_TOKEN, MEM,
		     "without a VF token", "vf_token");
	assert_fails(dmabufx_dev_open(u->ctx, MEM, &wrong, &dev), EACCES, VF_TOKEN, MEM,
		     "this VF token");
	assert_ptr_equal(dev, SENTINEL);
	assert_int_equal(dmabufx_dev_open(u->ctx, MEM, &right, &dev), 0);
	dmabufx_dev_unref(dev);
	u->vmem->vf_token = NULL;
	assert_fails(dmabufx_dev_open(u->ctx, MEM, &right, &dev), EINVAL, VF_TOKEN, MEM,
		     "takes no VF token");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(node_takes_the_token_that_is_wanted, unit_ctx),
		unit_case(group_takes_the_token_that_is_wanted, unit_type1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
