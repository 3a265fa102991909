/* SPDX-License-Identifier: ISC */
/*
 * counters.h - what the stack counts; TCP has a list of its own.
 *
 * A packet that is not taken is counted under exactly one reason, and never
 * logged: net_drops_total{reason="..."}.
 */
#ifndef NETSTACK_COUNTERS_H
#define NETSTACK_COUNTERS_H

#include <billet/metrics.h>

#define DROP(X, field, help)                                                   \
    X(COUNTER, drops__##field, "reason=\"" #field "\"",                        \
      "Packets not taken, by reason")

#define NET_DROPS(X)                                                           \
    DROP(X, frame_short, "Ethernet header cut")                                \
    DROP(X, other_mac, "for another station or group")                         \
    DROP(X, own_mac, "claims to come from us")                                 \
    DROP(X, source_mac, "from a group address")                                \
    DROP(X, vlan, "tagged for a VLAN that is not ours")                        \
    DROP(X, vlan_nested, "tagged twice")                                       \
    DROP(X, ethertype, "neither IP nor ARP")                                   \
    DROP(X, not_configured, "family is off on this NIC")                       \
    DROP(X, arp, "malformed or lying ARP")                                     \
    DROP(X, ip4_header, "bad version or header length")                        \
    DROP(X, ip4_length, "total length beyond the frame")                       \
    DROP(X, ip4_checksum, "header checksum")                                   \
    DROP(X, ip4_options, "malformed options")                                  \
    DROP(X, ip4_source_route, "source route")                                  \
    DROP(X, ip6_header, "bad version or cut")                                  \
    DROP(X, ip6_length, "payload length beyond the frame")                     \
    DROP(X, ip6_extension, "malformed or too many extension headers")          \
    DROP(X, ip6_option, "option that says: discard")                           \
    DROP(X, ip6_source_route, "routing header")                                \
    DROP(X, martian, "source address that cannot be")                          \
    DROP(X, not_ours, "destination is not this host")                          \
    DROP(X, link_broadcast, "unicast datagram in a broadcast frame")           \
    DROP(X, protocol, "no such protocol here")                                 \
    DROP(X, frag_bad, "impossible fragment")                                   \
    DROP(X, frag_overlap, "overlapping fragments")                             \
    DROP(X, frag_full, "reassembly out of room")                               \
    DROP(X, frag_timeout, "fragments whose rest never came")                   \
    DROP(X, icmp_short, "ICMP message cut or malformed")                       \
    DROP(X, icmp_checksum, "ICMP checksum")                                    \
    DROP(X, icmp_ignored, "ICMP type not served")                              \
    DROP(X, ndp, "malformed or off-link neighbour discovery")                  \
    DROP(X, group, "malformed or off-link IGMP or MLD")                        \
    DROP(X, udp_length, "UDP length")                                          \
    DROP(X, udp_checksum, "UDP checksum")                                      \
    DROP(X, udp_no_port, "no one listens there")                               \
    DROP(X, udp_full, "receive queue full")                                    \
    DROP(X, dhcp, "malformed or unasked DHCP")                                 \
    DROP(X, dns, "malformed or unasked DNS")                                   \
    DROP(X, mdns, "multicast DNS from elsewhere, or too much of it")           \
    DROP(X, no_route, "sent: no route or source address")                      \
    DROP(X, too_big, "sent: larger than the path takes")                       \
    DROP(X, neighbour_silent, "sent: next hop did not answer")                 \
    DROP(X, neighbour_queue, "sent: too many waited for the next hop")         \
    DROP(X, tx_full, "sent: NIC queue full")                                   \
    DROP(X, forward_scope, "forwarded: addresses that stay on their link")     \
    DROP(X, forward_reverse_path, "forwarded: not the way back to its source") \
    DROP(X, forward_ttl, "forwarded: its time was over")                       \
    DROP(X, forward_no_route, "forwarded: no route")                           \
    DROP(X, forward_too_big, "forwarded: larger than the next link takes")     \
    DROP(X, forward_refused, "forwarded: the application said no")             \
    DROP(X, forward_bad, "forwarded: headers that cannot be")                  \
    DROP(X, no_memory, "no packet or block was free")

#define FULL(X, what)                                                          \
    X(COUNTER, full__##what, "table=\"" #what "\"",                            \
      "Entries for which a table had no room")

#define NET_METRICS(X)                                                         \
    NET_DROPS(X)                                                               \
    X(COUNTER, datagrams__ip4_in, "family=\"ip4\",direction=\"in\"",           \
      "Datagrams for this host, or from it")                                   \
    X(COUNTER, datagrams__ip4_out, "family=\"ip4\",direction=\"out\"",         \
      "Datagrams for this host, or from it")                                   \
    X(COUNTER, datagrams__ip6_in, "family=\"ip6\",direction=\"in\"",           \
      "Datagrams for this host, or from it")                                   \
    X(COUNTER, datagrams__ip6_out, "family=\"ip6\",direction=\"out\"",         \
      "Datagrams for this host, or from it")                                   \
    X(COUNTER, forwarded__ip4, "family=\"ip4\"", "Datagrams forwarded")        \
    X(COUNTER, forwarded__ip6, "family=\"ip6\"", "Datagrams forwarded")        \
    X(COUNTER, reassembled, "", "Datagrams put together from fragments")       \
    X(COUNTER, fragmented, "", "Datagrams sent in fragments")                  \
    X(COUNTER, echoes, "", "Echo requests answered")                           \
    X(COUNTER, icmp_errors_in, "", "ICMP errors about what we sent")           \
    X(COUNTER, icmp_errors_out, "", "ICMP errors sent")                        \
    X(COUNTER, icmp_errors_limited, "", "ICMP errors held back by the limit")  \
    X(COUNTER, neighbours_evicted, "", "Neighbours forgotten to make room")    \
    X(COUNTER, neighbours_lost, "", "Neighbours that stopped answering")       \
    X(COUNTER, address_conflicts, "", "Claims of others to our addresses")     \
    X(COUNTER, group_queries, "", "Queries about multicast groups")            \
    X(COUNTER, group_reports, "", "Reports about multicast groups sent")       \
    FULL(X, addresses)                                                         \
    FULL(X, routes)                                                            \
    FULL(X, routers)                                                           \
    FULL(X, paths)                                                             \
    FULL(X, questions)                                                         \
    FULL(X, name_servers)                                                      \
    FULL(X, domains)                                                           \
    X(COUNTER, groups_full, "", "Multicast groups not joined: table full")     \
    X(COUNTER, pmtu_updates, "", "Paths found to be narrower than the NIC")    \
    X(COUNTER, dns_queries__udp, "transport=\"udp\"",                          \
      "Questions sent to name servers")                                        \
    X(COUNTER, dns_queries__tcp, "transport=\"tcp\"",                          \
      "Questions sent to name servers")                                        \
    X(COUNTER, dns_cache__hit, "result=\"hit\"",                               \
      "Names looked for in the cache")                                         \
    X(COUNTER, dns_cache__negative, "result=\"negative\"",                     \
      "Names looked for in the cache")                                         \
    X(COUNTER, dns_cache__miss, "result=\"miss\"",                             \
      "Names looked for in the cache")                                         \
    X(COUNTER, dns_cache_evicted, "", "Names forgotten to make room")          \
    X(COUNTER, dns_other_case, "",                                             \
      "Answers with letters in another case than asked")                       \
    X(COUNTER, dns_timeouts, "", "Questions that no name server answered")     \
    X(COUNTER, mdns_in, "", "Messages of multicast DNS received")              \
    X(COUNTER, mdns_out, "", "Messages of multicast DNS sent")                 \
    X(COUNTER, mdns_conflicts, "", "Claims of others to our name")             \
    X(COUNTER, udp_in, "", "UDP datagrams delivered")                          \
    X(COUNTER, udp_out, "", "UDP datagrams sent")                              \
    X(GAUGE, neighbours, "", "Neighbours known")                               \
    X(GAUGE, addresses, "", "Addresses of ours, in any state")                 \
    X(GAUGE, groups, "", "Multicast groups joined")                            \
    X(GAUGE, routes, "", "Routes")                                             \
    X(GAUGE, reassembling, "", "Datagrams waiting for fragments")              \
    X(GAUGE, paths_narrow, "", "Paths in the path MTU cache")

METRICS_STRUCT(net, NET_METRICS);
extern const struct metrics_group net_metrics_group;

#endif
