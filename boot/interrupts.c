/* SPDX-License-Identifier: ISC */
/*
 * interrupts.c - see interrupts.h.
 */
#include "interrupts.h"

#include <string.h>
#include <x86_64/pci.h>

KEY_CHOICE(interrupts, "interrupts", "msi-x|msi|line", "msi-x",
           "the best kind of interrupt that devices on PCI are given, for "
           "machines where others do not arrive");

void interrupts_limit(const struct env *env)
{
    const char *best = key_string(env->keys, &key_interrupts);

    pci_limit_interrupts(strcmp(best, "line") == 0  ? PCI_LINE
                         : strcmp(best, "msi") == 0 ? PCI_MSI
                                                    : PCI_MSIX);
}
