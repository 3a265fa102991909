/* SPDX-License-Identifier: ISC */
/*
 * processor.h - which instructions wolfSSL may use.
 */
#ifndef CRYPTO_WOLFSSL_PROCESSOR_H
#define CRYPTO_WOLFSSL_PROCESSOR_H

#include <billet/base.h>
#include <wolfssl/wolfcrypt/types.h>

#include <wolfssl/wolfcrypt/cpuid.h>

/* From what CPUID says (leaf 1, ECX; leaf 7, EBX) and XCR0, as flags of
 * wolfSSL's: Intel's manual, volume 1, sections 12.13, 13.2 and 14.3. */
cpuid_flags_t processor_flags(uint32_t leaf1_c, uint32_t leaf7_b,
                              uint32_t xcr0);

#endif
