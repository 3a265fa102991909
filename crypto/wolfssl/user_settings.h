/* SPDX-License-Identifier: ISC */
/*
 * user_settings.h - what of wolfSSL is compiled, and why.
 *
 * The same for an image and for a Linux process: what is tested there is what
 * boots here.
 */
#ifndef BILLET_USER_SETTINGS_H
#define BILLET_USER_SETTINGS_H

#ifndef __ASSEMBLER__
#include <time.h>

/* port.c */
int billet_wolfssl_random(unsigned char *out, unsigned n);
time_t billet_wolfssl_time(time_t *out);
struct tm *billet_wolfssl_gmtime(const time_t *t, struct tm *out);
#endif

/* Where it runs: no files, no sockets, no threads, no locale, no main(). */
#define NO_FILESYSTEM
#define NO_MAIN_DRIVER
#define NO_WRITEV
#define NO_STDIO_FILESYSTEM
#define SINGLE_THREADED
#define WOLFSSL_NO_SOCK
#define WOLFSSL_USER_IO /* tls_stream.c moves the bytes */
#define NO_ERROR_QUEUE
#define WOLFSSL_IGNORE_FILE_WARN
#define HAVE___UINT128_T 1 /* gcc and clang have it; there is no configure */
#define ECC_TIMING_RESISTANT /* secrets do not choose what is executed */
#define TFM_TIMING_RESISTANT
#define WC_RSA_BLINDING

/* Time is the machine's: lib/clock, through crypto/time.c. */
#define USER_TICKS
#define TIME_OVERRIDES
#define HAVE_TIME_T_TYPE
#define HAVE_TM_TYPE
#define USER_TIME
#define XTIME billet_wolfssl_time
#define XGMTIME billet_wolfssl_gmtime
#define NEED_TMP_TIME

/* Memory comes from bounded pools: crypto/mem.c. */
#define XMALLOC_USER
#ifndef BILLET_HASH /* 256 bytes of the stack are better than the heap's */
#define WOLFSSL_SMALL_STACK /* an event loop has one stack, fibers small ones */
#endif

/* Random numbers come from the one generator of the image, at every draw: a
 * copy of the machine must not go on with what a second one here had left. */
#define WC_NO_HASHDRBG
#define CUSTOM_RAND_GENERATE_BLOCK billet_wolfssl_random

/* Protocols: TLS 1.2 and 1.3, nothing older (RFC 8996). */
#define WOLFSSL_TLS13
#define WOLFSSL_TLS13_MIDDLEBOX_COMPAT /* most peers expect it (RFC 8446 D.4) */
#define NO_OLD_TLS
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_SNI
#define HAVE_ALPN
#define HAVE_SESSION_TICKET
#define WOLFSSL_NO_DEF_TICKET_ENC_CB /* ticket.c */
#define HAVE_MAX_FRAGMENT
#define HAVE_OCSP /* what is asked of its module is in tls_staple.c */
#define HAVE_CERTIFICATE_STATUS_REQUEST
#define HAVE_SERVER_RENEGOTIATION_INFO /* says that there is none */
#define HAVE_KEYING_MATERIAL /* RFC 5705 */
#define NO_SESSION_CACHE /* tickets only: state is the client's */

/* Algorithms. */
#define HAVE_ECC
#define HAVE_ECC384
#define ECC_USER_CURVES
#define HAVE_CURVE25519
#define HAVE_ED25519
#define WOLFSSL_HAVE_MLKEM /* in C: its assembly is 150 KB for a tenth of a
                            * handshake */
#define WC_MLKEM_NO_ASM
#define WC_SHA3_NO_ASM
#define WOLFSSL_WC_MLKEM
#define WOLFSSL_PQC_HYBRIDS
#define WOLFSSL_TLS_NO_MLKEM_STANDALONE /* with X25519 or not at all */
#define WOLFSSL_NO_ML_KEM_512
#define WOLFSSL_NO_ML_KEM_1024
#define WOLFSSL_SHAKE128
#define WOLFSSL_SHAKE256
#define WOLFSSL_SHA3
#define HAVE_AESGCM
#define GCM_TABLE_4BIT
#define NO_AES_CBC
#define NO_AES_192
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_HKDF
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define WC_RSA_PSS
#define WOLFSSL_KEY_GEN /* x509.c, with RSA by wish */
#define NO_RC4
#define NO_DES3
#define NO_MD4
#define NO_MD5
#define NO_DSA
#define NO_DH
#define NO_PWDBASED
#define NO_PKCS12
#define NO_RABBIT
#define NO_HC128

/* Numbers. */
#define WOLFSSL_SP_MATH_ALL /* P-384, RSA-3072 and RSA-4096 by loops that know
                             * any size: their own code is half a megabyte */
#define WOLFSSL_HAVE_SP_ECC /* P-256 and RSA-2048 by code of their own */
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_SP_NO_3072
#define SP_INT_BITS 4096 /* moduli; products have twice that */

#ifdef BILLET_CRYPTO_ASM
#define WOLFSSL_X86_64_BUILD
#define WOLFSSL_AESNI
#define USE_INTEL_SPEEDUP
#define WOLFSSL_SP_X86_64
#define WOLFSSL_SP_X86_64_ASM
#define WOLFSSL_SP_ASM
#endif

/* Certificates: wolfSSL reads them, path.c judges them (RFC 5280). */
#define WOLFSSL_CHECK_ALERT_ON_ERR
#define WOLFSSL_ALWAYS_VERIFY_CB /* path.c decides, on good ones too */
#define WOLFSSL_IP_ALT_NAME
#define WOLFSSL_ASN_ALLOW_0_SERIAL /* two roots that all trust have it */
#define NO_ASN_TIME_CHECK /* path.c, by the clock of the image */
#define NO_SHA /* signatures with it are worth nothing (RFC 9155) */

#endif
