/* SPDX-License-Identifier: ISC */
/*
 * tls_words.c - alerts and errors in words.
 */
#include "tls_impl.h"

/* RFC 8446 6, RFC 5246 7.2. */
const char *tls_alert_name(int code)
{
    static const struct {
        uint8_t code;
        const char *name;
    } names[] = {{10, "unexpected_message"},
                 {20, "bad_record_mac"},
                 {22, "record_overflow"},
                 {40, "handshake_failure"},
                 {42, "bad_certificate"},
                 {43, "unsupported_certificate"},
                 {44, "certificate_revoked"},
                 {45, "certificate_expired"},
                 {46, "certificate_unknown"},
                 {47, "illegal_parameter"},
                 {48, "unknown_ca"},
                 {49, "access_denied"},
                 {50, "decode_error"},
                 {51, "decrypt_error"},
                 {70, "protocol_version"},
                 {71, "insufficient_security"},
                 {80, "internal_error"},
                 {86, "inappropriate_fallback"},
                 {90, "user_canceled"},
                 {100, "no_renegotiation"},
                 {109, "missing_extension"},
                 {110, "unsupported_extension"},
                 {112, "unrecognized_name"},
                 {113, "bad_certificate_status_response"},
                 {115, "unknown_psk_identity"},
                 {116, "certificate_required"},
                 {120, "no_application_protocol"}};

    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].code == code)
            return names[i].name;
    return "of an unknown kind";
}

/* The library's own words for the rest. */
const char *tls_reason(int error)
{
    switch (error) {
    case WC_NO_ERR_TRACE(NO_PEER_CERT):
        return "the peer showed no certificate";
    case WC_NO_ERR_TRACE(FATAL_ERROR):
        return "the peer ended it";
    case WC_NO_ERR_TRACE(MEMORY_E):
        return "no memory is left for this session";
    case WC_NO_ERR_TRACE(VERSION_ERROR):
        return "no version of the protocol in common";
    case WC_NO_ERR_TRACE(MATCH_SUITE_ERROR):
        return "no cipher suite in common";
    case WC_NO_ERR_TRACE(UNKNOWN_ALPN_PROTOCOL_NAME_E):
        return "no application protocol in common";
    default:
        return wolfSSL_ERR_reason_error_string((unsigned long)error);
    }
}

uint8_t tls_alert_for(int error)
{
    switch (error) {
    case WC_NO_ERR_TRACE(VERSION_ERROR):
        return wolfssl_alert_protocol_version;
    case WC_NO_ERR_TRACE(UNKNOWN_RECORD_TYPE):
    case WC_NO_ERR_TRACE(OUT_OF_ORDER_E):
    case WC_NO_ERR_TRACE(DUPLICATE_MSG_E): /* it would negotiate again */
    case WC_NO_ERR_TRACE(SANITY_MSG_E):
        return unexpected_message;
    case WC_NO_ERR_TRACE(LENGTH_ERROR):
        return record_overflow;
    case WC_NO_ERR_TRACE(MEMORY_E):
        return internal_error;
    default:
        return decode_error;
    }
}
