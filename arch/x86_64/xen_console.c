/* SPDX-License-Identifier: ISC */
/*
 * xen_console.c - the ring of Xen's console.
 */
#include "io.h"
#include "xen.h"

size_t xen_console_put(volatile struct xen_console *c, struct span text)
{
    uint32_t at = c->out_prod, used = at - c->out_cons;
    size_t taken = 0;

    barrier_full();
    if (used > XEN_CONSOLE_BYTES)
        return 0;
    for (; taken < text.n; taken++) {
        uint8_t byte = text.p[taken];
        unsigned bytes = byte == '\n' ? 2 : 1;

        if (XEN_CONSOLE_BYTES - used < bytes)
            break;
        used += bytes;
        if (byte == '\n')
            c->out[at++ % XEN_CONSOLE_BYTES] = '\r';
        c->out[at++ % XEN_CONSOLE_BYTES] = byte;
    }
    barrier_write();
    c->out_prod = at;
    return taken;
}
