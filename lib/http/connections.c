/* SPDX-License-Identifier: ISC */
/*
 * connections.c - what `ss -tin` says on Linux: a line for each TCP connection,
 * as text or JSON.  Written as room comes, so thousands need no large buffer.
 */
#include <base/fmt.h>
#include <billet/net.h>

#include "http_impl.h"

enum { LINE_MAX = HTTP_WRITE_MIN }; /* the longest line is 870 bytes */

struct walk {
    struct net *net;
    uint32_t cursor;
    bool json, begun, any, over;
};

static size_t begin(const struct walk *w, char *out, size_t n)
{
    struct tcp_counts c;

    tcp_counts(w->net, &c);
    if (w->json)
        return fmt(out, n,
                   "{\"open\":%u,\"open_max\":%u,\"half_open\":%u,"
                   "\"half_open_max\":%u,\"time_wait\":%u,"
                   "\"time_wait_max\":%u,\"connections\":[",
                   c.connections, c.connections_max, c.half_open,
                   c.half_open_max, c.time_wait, c.time_wait_max);
    return fmt(out, n,
               "connections:%u/%u half-open:%u/%u time-wait:%u/%u\n"
               "State Recv-Q Send-Q Local Peer (sizes in bytes, times in ms)\n",
               c.connections, c.connections_max, c.half_open, c.half_open_max,
               c.time_wait, c.time_wait_max);
}

static const char *yes(bool v)
{
    return v ? "true" : "false";
}

static size_t one_json(const struct tcp_info *t, bool first, char *out,
                       size_t n)
{
    char local[ENDPOINT_TEXT_BYTES], peer[ENDPOINT_TEXT_BYTES];
    size_t at;

    endpoint_format(local, &t->local);
    endpoint_format(peer, &t->remote);
    at = fmt(out, n,
             "%s\n{\"local\":\"%s\",\"peer\":\"%s\",\"state\":\"%s\","
             "\"rtt_us\":%u,\"rttvar_us\":%u,\"rto_us\":%u,\"backoff\":%u,"
             "\"cwnd\":%u,\"ssthresh\":%u,\"mss\":%u,\"rcv_mss\":%u,"
             "\"path_mtu\":%u,\"unacked\":%u,\"retransmits\":%u,"
             "\"snd_wnd\":%u,\"rcv_wnd\":%u,",
             first ? "" : ",", local, peer, t->state, t->rtt_us, t->rttvar_us,
             t->rto_us, t->backoff, t->cwnd, t->ssthresh, t->mss, t->rcv_mss,
             t->path_mtu, t->unacked, t->retransmits, t->snd_wnd, t->rcv_wnd);
    return at +
           fmt(out + at, n - at,
               "\"send_queue\":%u,\"send_buffer\":%u,\"receive_queue\":%u,"
               "\"receive_buffer\":%u,\"pieces\":%u,\"snd_wscale\":%u,"
               "\"rcv_wscale\":%u,\"timestamps\":%s,\"sack\":%s,\"ecn\":%s,"
               "\"congestion\":\"%s\",\"recovery\":\"%s\",\"idle_ms\":%llu}",
               t->snd_queued, t->snd_buffer, t->rcv_queued, t->rcv_buffer,
               t->pieces, t->snd_wscale, t->rcv_wscale, yes(t->timestamps),
               yes(t->sack), yes(t->ecn), t->congestion, t->recovery,
               (unsigned long long)(t->idle / NS_PER_MS));
}

static size_t one_line(const struct tcp_info *t, char *out, size_t n)
{
    char local[ENDPOINT_TEXT_BYTES], peer[ENDPOINT_TEXT_BYTES];
    size_t at;

    endpoint_format(local, &t->local);
    endpoint_format(peer, &t->remote);
    at = fmt(out, n, "%s %u %u %s %s %s%s%s%s", t->state, t->rcv_queued,
             t->snd_queued, local, peer, t->congestion,
             t->timestamps ? " ts" : "", t->sack ? " sack" : "",
             t->ecn ? " ecn" : "");
    at += fmt(out + at, n - at,
              " wscale:%u,%u rtt:%u.%03u/%u.%03u rto:%u.%03u backoff:%u"
              " mss:%u rcvmss:%u pmtu:%u cwnd:%u",
              t->snd_wscale, t->rcv_wscale, t->rtt_us / 1000, t->rtt_us % 1000,
              t->rttvar_us / 1000, t->rttvar_us % 1000, t->rto_us / 1000,
              t->rto_us % 1000, t->backoff, t->mss, t->rcv_mss, t->path_mtu,
              t->cwnd);
    return at + fmt(out + at, n - at,
                    " ssthresh:%u unacked:%u retrans:%u snd_wnd:%u rcv_wnd:%u"
                    " sndbuf:%u rcvbuf:%u pieces:%u idle:%llu %s\n",
                    t->ssthresh, t->unacked, t->retransmits, t->snd_wnd,
                    t->rcv_wnd, t->snd_buffer, t->rcv_buffer, t->pieces,
                    (unsigned long long)(t->idle / NS_PER_MS), t->recovery);
}

static size_t write_some(struct http_exchange *x, struct mspan room)
{
    struct walk *w = http_state(x);
    char *out = (char *)room.p;
    struct tcp_info info;
    size_t n = 0;

    if (w->over)
        return 0;
    if (!w->begun)
        n = begin(w, out, room.n);
    w->begun = true;
    while (room.n - n >= LINE_MAX) {
        if (!tcp_info_next(w->net, &w->cursor, &info)) {
            w->over = true;
            return w->json ? n + fmt(out + n, room.n - n, "]}\n") : n;
        }
        n += w->json ? one_json(&info, !w->any, out + n, room.n - n)
                     : one_line(&info, out + n, room.n - n);
        w->any = true;
    }
    return n;
}

void http_reply_connections(struct http_exchange *x,
                            const struct http_request *rq, struct net *net)
{
    struct walk *w = http_state(x);
    struct span format;
    bool said = http_query(rq, "format", &format);

    _Static_assert(sizeof(*w) <= HTTP_STATE_BYTES, "a walk");
    w->net = net;
    w->json =
        said ? span_eq(format, SPAN("json"))
             : http_prefers(rq, SPAN("application/json"), SPAN("text/plain"));
    if (said && !w->json && !span_eq(format, SPAN("text"))) {
        http_reply_page(x, 400, SPAN(""));
        return;
    }
    http_reply_written(x,
                       &(struct http_reply){
                           .status = 200,
                           .type = w->json ? SPAN("application/json")
                                           : SPAN("text/plain; charset=utf-8"),
                           .fields = SPAN("Cache-Control: no-store\r\n"
                                          "Vary: Accept\r\n")},
                       write_some);
}
