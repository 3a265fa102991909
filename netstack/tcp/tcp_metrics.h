/* SPDX-License-Identifier: ISC */
/*
 * tcp_metrics.h - what TCP counts: RFC 4022's objects, and a reason for each
 * segment that was not taken.
 */
#ifndef TCP_METRICS_H
#define TCP_METRICS_H

#include "core.h"

#include <billet/metrics.h>

/* The core's reasons stand first and in order: counted by index. */
#define TCP_METRICS(X)                                                         \
    X(COUNTER, dropped__seq, "reason=\"sequence\"", TCP_DROP_HELP)             \
    X(COUNTER, dropped__paws, "reason=\"paws\"", TCP_DROP_HELP)                \
    X(COUNTER, dropped__no_ts, "reason=\"no_timestamp\"", TCP_DROP_HELP)       \
    X(COUNTER, dropped__no_ack, "reason=\"no_ack\"", TCP_DROP_HELP)            \
    X(COUNTER, dropped__ack_unsent, "reason=\"ack_unsent\"", TCP_DROP_HELP)    \
    X(COUNTER, dropped__ack_old, "reason=\"ack_old\"", TCP_DROP_HELP)          \
    X(COUNTER, dropped__rst_inexact, "reason=\"rst_inexact\"", TCP_DROP_HELP)  \
    X(COUNTER, dropped__syn, "reason=\"syn\"", TCP_DROP_HELP)                  \
    X(COUNTER, dropped__handshake, "reason=\"handshake\"", TCP_DROP_HELP)      \
    X(COUNTER, dropped__after_fin, "reason=\"after_fin\"", TCP_DROP_HELP)      \
    X(COUNTER, dropped__ooo, "reason=\"out_of_order\"", TCP_DROP_HELP)         \
    X(COUNTER, dropped__memory, "reason=\"memory\"", TCP_DROP_HELP)            \
    X(COUNTER, dropped__header, "reason=\"header\"", TCP_DROP_HELP)            \
    X(COUNTER, dropped__checksum, "reason=\"checksum\"", TCP_DROP_HELP)        \
    X(COUNTER, dropped__not_unicast, "reason=\"not_unicast\"", TCP_DROP_HELP)  \
    X(COUNTER, dropped__no_listener, "reason=\"no_listener\"", TCP_DROP_HELP)  \
    X(COUNTER, dropped__conns_full, "reason=\"conns_full\"", TCP_DROP_HELP)    \
    X(COUNTER, dropped__source_full, "reason=\"source_full\"", TCP_DROP_HELP)  \
    X(COUNTER, dropped__accept_full, "reason=\"accept_full\"", TCP_DROP_HELP)  \
    X(COUNTER, dropped__bad_cookie, "reason=\"bad_cookie\"", TCP_DROP_HELP)    \
    X(COUNTER, dropped__time_wait, "reason=\"time_wait\"", TCP_DROP_HELP)      \
    X(COUNTER, dropped__icmp, "reason=\"icmp\"", TCP_DROP_HELP)                \
    X(COUNTER, active_opens, "", "Connections opened by us")                   \
    X(COUNTER, passive_opens, "", "Connections accepted")                      \
    X(COUNTER, attempt_fails, "", "Connections that did not come to be")       \
    X(COUNTER, estab_resets, "", "Established connections reset")              \
    X(COUNTER, timeouts, "", "Connections ended because the peer fell silent") \
    X(COUNTER, in_segs, "", "Segments received")                               \
    X(COUNTER, in_errs, "", "Segments with a bad header or checksum")          \
    X(COUNTER, out_segs, "", "Segments sent, without retransmissions")         \
    X(COUNTER, out_rsts, "", "Resets sent")                                    \
    X(COUNTER, retrans_segs, "", "Segments sent again")                        \
    X(COUNTER, rtx_timeouts, "", "Retransmission timeouts")                    \
    X(COUNTER, fast_rtxs, "", "Fast retransmits")                              \
    X(COUNTER, bad_sacks, "", "SACK blocks about what was never sent")         \
    X(COUNTER, challenge_acks, "", "Challenge ACKs (RFC 5961)")                \
    X(COUNTER, ooo_segs, "", "Segments received out of order and kept")        \
    X(COUNTER, ooo_reneged, "", "Out-of-order queues thrown away for memory")  \
    X(COUNTER, reaped, "", "Stuck connections ended for their memory")         \
    X(COUNTER, rx_copies, "", "Small payloads copied together")                \
    X(COUNTER, syn_cookies_sent, "", "SYN cookies sent")                       \
    X(COUNTER, syn_cookies_taken, "", "Connections made from a SYN cookie")    \
    X(COUNTER, source_half_full, "", "SYNs whose source had its half-open")    \
    X(COUNTER, half_open_evicted, "", "Half-open entries evicted by newer")    \
    X(COUNTER, half_open_expired, "", "Half-open entries never completed")     \
    X(COUNTER, time_wait_recycled, "", "TIME-WAITs ended early to make room")  \
    X(COUNTER, time_wait_reused, "", "TIME-WAITs reopened by a SYN")           \
    X(COUNTER, refused, "", "Connections the application did not want")        \
    X(COUNTER, no_packet, "", "Times sending stopped for want of a packet")    \
    X(COUNTER, pmtu_shrunk, "", "Connections whose path got narrower")         \
    X(COUNTER, pmtu_delayed, "", "ICMP that must wait for a timeout (5927)")   \
    X(COUNTER, pmtu_black_holes, "", "Paths that lose large segments")         \
    X(COUNTER, pmtu_probes, "", "Larger segments sent as probes (RFC 4821)")   \
    X(COUNTER, pmtu_probes_lost, "", "Probes that did not arrive")             \
    X(COUNTER, pmtu_raised, "", "Probes that arrived")                         \
    X(COUNTER, paced, "", "Portions of a window that waited for their turn")   \
    X(GAUGE, curr_estab, "", "Connections ESTABLISHED or CLOSE-WAIT")          \
    X(GAUGE, conns, "", "Connections in any state but TIME-WAIT")              \
    X(GAUGE, half_open, "", "Half-open entries")                               \
    X(GAUGE, time_wait, "", "Connections in TIME-WAIT")                        \
    X(GAUGE, listeners, "", "Ports listened on")                               \
    X(GAUGE, queue_pieces, "", "Pieces of payload in all queues")              \
    X(GAUGE, loss_sets, "", "Connections with something missing")

#define TCP_DROP_HELP "Segments, or payload of them, not taken, by reason"

METRICS_STRUCT(tcp, TCP_METRICS);
extern const struct metrics_group tcp_metrics_group;

#endif
