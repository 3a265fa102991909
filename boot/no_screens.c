/* SPDX-License-Identifier: ISC */
/*
 * no_screens.c - an application that does not say BILLET_SCREEN gets this.
 */
#include <billet/app.h>

const struct screens *const billet_app_screens = NULL;
