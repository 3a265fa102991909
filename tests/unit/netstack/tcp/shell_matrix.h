/* SPDX-License-Identifier: ISC */
/*
 * shell_matrix.h - the table of test_shell_matrix.c: without payload, with it.
 */
/* RFC 9293 3.10.7.2 */
[LISTEN] =
    {
        [K_NONE] = {"- LI", "- LI"},    [K_ACK] = {"R LI", "R LI"},
        [K_ACK_DUP] = {"R LI", "R LI"}, [K_ACK_UNSENT] = {"R LI", "R LI"},
        [K_SYN] = {"S HO", "S HO"},     [K_SYN_OLD] = {"S HO", "S HO"},
        [K_SYN_NEW] = {"S HO", "S HO"}, [K_SYN_ACK] = {"R LI", "R LI"},
        [K_RST] = {"- LI", "- LI"},     [K_RST_NEAR] = {"- LI", "- LI"},
        [K_RST_FAR] = {"- LI", "- LI"}, [K_RST_ACK] = {"- LI", "- LI"},
        [K_FIN_ACK] = {"R LI", "R LI"}, [K_FIN_BARE] = {"- LI", "- LI"},
        [K_OLD] = {"R LI", "R LI"},     [K_AHEAD] = {"R LI", "R LI"},
        [K_BEYOND] = {"R LI", "R LI"},
},
    /* RFC 9293 3.10.7.4 after a passive open; RFC 5961 3, 4 */
    [HALF] =
        {
            [K_NONE] = {"- HO", "- HO"},    [K_ACK] = {"- ES", "a ES"},
            [K_ACK_DUP] = {"R HO", "R HO"}, [K_ACK_UNSENT] = {"R HO", "R HO"},
            [K_SYN] = {"- LI", "- LI"},     [K_SYN_OLD] = {"S HO", "S HO"},
            [K_SYN_NEW] = {"A HO", "A HO"}, [K_SYN_ACK] = {"- LI", "- LI"},
            [K_RST] = {"- LI", "- LI"},     [K_RST_NEAR] = {"A HO", "A HO"},
            [K_RST_FAR] = {"- HO", "- HO"}, [K_RST_ACK] = {"- LI", "- LI"},
            [K_FIN_ACK] = {"A CW", "A CW"}, [K_FIN_BARE] = {"- HO", "- HO"},
            [K_OLD] = {"A HO", "A HO"},     [K_AHEAD] = {"- ES", "A ES"},
            [K_BEYOND] = {"A HO", "A HO"},
},
    /* RFC 9293 3.10.7.4; RFC 6191, 1337 */
    [TIME_WAIT] = {
        [K_NONE] = {"- TW", "- TW"},    [K_ACK] = {"- TW", "A TW"},
        [K_ACK_DUP] = {"- TW", "A TW"}, [K_ACK_UNSENT] = {"- TW", "A TW"},
        [K_SYN] = {"A TW", "A TW"},     [K_SYN_OLD] = {"A TW", "A TW"},
        [K_SYN_NEW] = {"S HO", "S HO"}, [K_SYN_ACK] = {"A TW", "A TW"},
        [K_RST] = {"- LI", "- LI"},     [K_RST_NEAR] = {"- TW", "- TW"},
        [K_RST_FAR] = {"- TW", "- TW"}, [K_RST_ACK] = {"- LI", "- LI"},
        [K_FIN_ACK] = {"A TW", "A TW"}, [K_FIN_BARE] = {"- TW", "- TW"},
        [K_OLD] = {"A TW", "A TW"},     [K_AHEAD] = {"A TW", "A TW"},
        [K_BEYOND] = {"A TW", "A TW"},
},
