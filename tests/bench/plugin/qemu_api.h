/* SPDX-License-Identifier: ISC */
/*
 * qemu_api.h - the part of QEMU's TCG plugin interface that count.c uses.
 *
 * Debian ships the emulator with plugins enabled, but no header to build one
 * against; these declarations were written from the public API description.
 * They are version 1 of the interface, which QEMU 4.2 to 8.2 accept; a QEMU
 * that does not refuses the plugin when it reads qemu_plugin_version.
 */
#ifndef BENCH_QEMU_API_H
#define BENCH_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QEMU_API_VERSION = 1 };

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;   /* a translated block, during its translation only */
struct qemu_plugin_insn; /* an instruction of it, likewise */

/* Only what stands at the front is declared: it is read, never made. */
struct qemu_info {
    const char *target_name;
    struct {
        int min, cur;
    } version;
    bool system_emulation;
};

enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

/* What a plugin gives... */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t, const struct qemu_info *, int argc,
                        char **argv);

/* ...and what QEMU does. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t,
                                                    struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *,
                                                 size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *,
                                                enum qemu_plugin_op, void *,
                                                uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
                                            void (*)(unsigned, void *),
                                            enum qemu_plugin_cb_flags, void *);

#endif
