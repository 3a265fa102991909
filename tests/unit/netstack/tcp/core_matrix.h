/* SPDX-License-Identifier: ISC */
/*
 * core_matrix.h - what test_core_matrix.c expects; see there for the language.
 */
/* clang-format off */
#define R(kind, without, with) [kind] = {{without, with}},
/* What every synchronized state does alike: resets must be exact (RFC 5961 3),
 * and an ACK of what was never sent, or of what is long gone, and a SYN get a
 * challenge ACK (RFC 5961 4 and 5). */
#define SYNCHRONIZED \
    R(K_NONE, "= !no_ack", "= !no_ack") \
    R(K_ACK_UNSENT, "= A !ack_unsent", "= A !ack_unsent") \
    R(K_ACK_ANCIENT, "= A !ack_old", "= A !ack_old") \
    R(K_SYN, "= A !syn", "= A !syn") \
    R(K_SYN_OLD, "= A !seq", "= A !syn") \
    R(K_SYN_ACK, "= A !syn", "= A !syn") \
    R(K_SYN_ACK_OLD, "= A !seq", "= A !syn") \
    R(K_RST_NEAR, "= A !rst_inexact", "= A !rst_inexact") \
    R(K_RST_FAR, "= !seq", "= !seq") \
    R(K_FIN_BARE, "= !no_ack", "= !no_ack") \
    R(K_OLD, "= A !seq", "= A !seq") \
    R(K_BEYOND, "= A !seq", "= A !seq")
static const struct row matrix[TCP_STATES][KINDS] = {
    /* 3.10.7.3: ACK first, then RST, then SYN; the rest is dropped.  A SYN
     * without ACK opens from both sides (MUST-10); its payload waits. */
    [TCP_SYN_SENT] = {
        R(K_NONE, "= !handshake", "= !handshake")
        R(K_ACK, "= !handshake", "= !handshake")
        R(K_ACK_DUP, "= R !handshake", "= R !handshake")
        R(K_ACK_UNSENT, "= R !handshake", "= R !handshake")
        R(K_ACK_ANCIENT, "= R !handshake", "= R !handshake")
        R(K_SYN, "SR S", "SR S T")
        R(K_SYN_OLD, "SR S", "SR S T")
        R(K_SYN_ACK, "ES O A", "ES O T A")
        R(K_SYN_ACK_OLD, "ES O A", "ES O T A")
        R(K_RST, "= !handshake", "= !handshake")
        R(K_RST_NEAR, "= !handshake", "= !handshake")
        R(K_RST_FAR, "= !handshake", "= !handshake")
        R(K_RST_ACK, "DN F", "DN F")
        R(K_FIN_ACK, "= !handshake", "= !handshake")
        R(K_FIN_DUP, "= R !handshake", "= R !handshake")
        R(K_FIN_BARE, "= !handshake", "= !handshake")
        R(K_OLD, "= !handshake", "= !handshake")
        R(K_AHEAD, "= !handshake", "= !handshake")
        R(K_BEYOND, "= !handshake", "= !handshake")
    },
    /* 3.10.7.4; opened actively, so a SYN gets a challenge ACK (RFC 5961 4)
     * and a reset means: refused.  A wrong ACK is answered by a reset. */
    [TCP_SYN_RCVD] = {
        R(K_NONE, "= !no_ack", "= !no_ack")
        R(K_ACK, "ES O", "ES O T a")
        R(K_ACK_DUP, "= R !handshake", "= R !handshake")
        R(K_ACK_UNSENT, "= R !handshake", "= R !handshake")
        R(K_ACK_ANCIENT, "= R !handshake", "= R !handshake")
        R(K_SYN, "= A !syn", "= A !syn")
        R(K_SYN_OLD, "= A !seq", "= A !syn")
        R(K_SYN_ACK, "= A !syn", "= A !syn")
        R(K_SYN_ACK_OLD, "ES O A", "= A !syn")
        R(K_RST, "DN F", "DN F")
        R(K_RST_NEAR, "= A !rst_inexact", "= A !rst_inexact")
        R(K_RST_FAR, "= !seq", "= !seq")
        R(K_RST_ACK, "DN F", "DN F")
        R(K_FIN_ACK, "CW O E A", "CW O T E A")
        R(K_FIN_DUP, "= R !handshake", "= R !handshake")
        R(K_FIN_BARE, "= !no_ack", "= !no_ack")
        R(K_OLD, "= A !seq", "= A !seq")
        R(K_AHEAD, "ES O", "ES O T A")
        R(K_BEYOND, "= A !seq", "= A !seq")
    },
    [TCP_ESTABLISHED] = {
        SYNCHRONIZED
        R(K_ACK, "=", "= T a")
        R(K_ACK_DUP, "=", "= T a")
        R(K_RST, "DN Z", "DN Z")
        R(K_RST_ACK, "DN Z", "DN Z")
        R(K_FIN_ACK, "CW E A", "CW T E A")
        R(K_FIN_DUP, "CW E A", "CW T E A")
        R(K_AHEAD, "=", "= T A")
    },
    /* An ACK of our FIN leads to FIN-WAIT-2, a FIN without it to CLOSING,
     * both together to TIME-WAIT. */
    [TCP_FIN_WAIT_1] = {
        SYNCHRONIZED
        R(K_ACK, "F2", "F2 T a")
        R(K_ACK_DUP, "=", "= T a")
        R(K_RST, "DN Z", "DN Z")
        R(K_RST_ACK, "DN Z", "DN Z")
        R(K_FIN_ACK, "TW E A", "TW T E A")
        R(K_FIN_DUP, "CL E A", "CL T E A")
        R(K_AHEAD, "F2", "F2 T A")
    },
    /* Only the peer's FIN is missing. */
    [TCP_FIN_WAIT_2] = {
        SYNCHRONIZED
        R(K_ACK, "=", "= T a")
        R(K_ACK_DUP, "=", "= T a")
        R(K_RST, "DN Z", "DN Z")
        R(K_RST_ACK, "DN Z", "DN Z")
        R(K_FIN_ACK, "TW E A", "TW T E A")
        R(K_FIN_DUP, "TW E A", "TW T E A")
        R(K_AHEAD, "=", "= T A")
    },
    /* Text after the FIN is ignored; only the ACK of our FIN counts.  A
     * reset ends it without a word to the owner. */
    [TCP_CLOSING] = {
        SYNCHRONIZED
        R(K_ACK, "TW", "TW !after_fin")
        R(K_ACK_DUP, "=", "= !after_fin")
        R(K_RST, "DN W", "DN W")
        R(K_RST_ACK, "DN W", "DN W")
        R(K_FIN_ACK, "TW A", "TW !after_fin")
        R(K_FIN_DUP, "= A", "= !after_fin")
        R(K_AHEAD, "TW", "TW !after_fin")
    },
    /* Until the last ACK has left; then timewait.c, with a table of its
     * own, has the rest. */
    [TCP_TIME_WAIT] = {
        SYNCHRONIZED
        R(K_ACK, "=", "= !after_fin")
        R(K_ACK_DUP, "=", "= !after_fin")
        R(K_RST, "DN W", "DN W")
        R(K_RST_ACK, "DN W", "DN W")
        R(K_FIN_ACK, "= A", "= !after_fin")
        R(K_FIN_DUP, "= A", "= !after_fin")
        R(K_AHEAD, "=", "= !after_fin")
    },
    /* The peer's stream has ended; ours goes on. */
    [TCP_CLOSE_WAIT] = {
        SYNCHRONIZED
        R(K_ACK, "=", "= !after_fin")
        R(K_ACK_DUP, "=", "= !after_fin")
        R(K_RST, "DN Z", "DN Z")
        R(K_RST_ACK, "DN Z", "DN Z")
        R(K_FIN_ACK, "= A", "= !after_fin")
        R(K_FIN_DUP, "= A", "= !after_fin")
        R(K_AHEAD, "=", "= !after_fin")
    },
    /* The ACK of our FIN ends it. */
    [TCP_LAST_ACK] = {
        SYNCHRONIZED
        R(K_ACK, "DN W", "DN W")
        R(K_ACK_DUP, "=", "= !after_fin")
        R(K_RST, "DN W", "DN W")
        R(K_RST_ACK, "DN W", "DN W")
        R(K_FIN_ACK, "DN W", "DN W")
        R(K_FIN_DUP, "= A", "= !after_fin")
        R(K_AHEAD, "DN W", "DN W")
    },
    /* Nothing means anything any more. */
    [TCP_DONE] = {[0 ... KINDS - 1] = {{"=", "="}}},
};
#undef SYNCHRONIZED
#undef R
/* clang-format on */
