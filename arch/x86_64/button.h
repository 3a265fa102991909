/* SPDX-License-Identifier: ISC */
/*
 * button.h - the power button; machine_ending() says whether it was pressed.
 */
#ifndef X86_64_BUTTON_H
#define X86_64_BUTTON_H

#include <billet/base.h>

/* Listen to it.  False: there is none. */
bool button_start(void);

#endif
