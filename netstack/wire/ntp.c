/* SPDX-License-Identifier: ISC */
/*
 * ntp.c - see ntp.h.
 */
#include "ntp.h"

enum { MODE_CLIENT = 3, MODE_SERVER = 4, VERSION = 4, VERSION_OLDEST = 3 };
#define UNIX_EPOCH UINT64_C(2208988800) /* seconds since 1900 */

/* RFC 4330 3: the highest bit tells 1968 to 2036 from 2036 to 2104. */
static uint64_t unix_ns(uint64_t stamp)
{
    uint64_t seconds = stamp >> 32, part = stamp & UINT32_MAX;

    if (!(seconds >> 31))
        seconds += UINT64_C(1) << 32;
    if (stamp == 0 || seconds <= UNIX_EPOCH)
        return 0;
    return (seconds - UNIX_EPOCH) * NS_PER_SEC + (part * NS_PER_SEC >> 32);
}

static uint64_t short_ns(uint32_t v)
{
    return v * NS_PER_SEC >> 16;
}

bool ntp_parse(struct ntp_packet *p, struct span in)
{
    uint8_t version;

    if (in.n < NTP_BYTES || (in.p[0] & 7) != MODE_SERVER)
        return false;
    version = in.p[0] >> 3 & 7;
    if (version < VERSION_OLDEST || version > VERSION)
        return false;
    *p = (struct ntp_packet){.leap = in.p[0] >> 6,
                             .version = version,
                             .stratum = in.p[1],
                             .precision = (int8_t)in.p[3],
                             .root_delay = short_ns(be32(in.p + 4)),
                             .root_disp = short_ns(be32(in.p + 8)),
                             .refid = be32(in.p + 12),
                             .origin = be64(in.p + 24),
                             .received_ns = unix_ns(be64(in.p + 32)),
                             .sent_ns = unix_ns(be64(in.p + 40))};
    return true;
}

void ntp_emit(uint8_t out[NTP_BYTES], uint64_t cookie)
{
    memset(out, 0, NTP_BYTES);
    out[0] = VERSION << 3 | MODE_CLIENT;
    put_be64(out + 40, cookie);
}
