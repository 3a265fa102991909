/* SPDX-License-Identifier: ISC */
/*
 * branch.h - for assembly: where an indirect jump, a call or an interrupt may
 * land.  Nothing where the compiler is not told to mark such places, too.
 */
#if defined(__CET__) && (__CET__ & 1)
#define ENDBR endbr64
#else
#define ENDBR
#endif
