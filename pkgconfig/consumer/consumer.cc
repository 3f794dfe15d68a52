// SPDX-License-Identifier: LGPL-2.1-or-later
// An outside program in C++: the same headers, the same library, errors told by reason.
#include <dmabufx/dmabufx.h>

#include <iostream>
#include <memory>

int main()
{
	dmabufx_ctx *raw = nullptr;

	if (dmabufx_ctx_new(nullptr, &raw) < 0) {
		std::cerr << dmabufx_last_error()->text << "\n";
		return 1;
	}
	std::unique_ptr<dmabufx_ctx, decltype(&dmabufx_ctx_unref)> ctx(raw, dmabufx_ctx_unref);

	dmabufx_buf *buf = nullptr;
	const int err = dmabufx_buf_alloc(ctx.get(), 0, nullptr, &buf);

	std::cout << "libdmabufx " << dmabufx_version() << " from C++: a buffer of no bytes is "
		  << dmabufx_strerror(err) << ", "
		  << dmabufx_reason_name(dmabufx_last_error()->reason) << "\n";
	return err < 0 && buf == nullptr ? 0 : 1;
}
