/* SPDX-License-Identifier: ISC */
/*
 * core.h - the DHCPv4 client's machine (RFC 2131 4.4), without I/O.
 *
 * A value: told of replies and of the time, it says what to send and what has
 * become of the lease.  `random` is fresh entropy wherever it appears.
 */
#ifndef DHCP_CORE_H
#define DHCP_CORE_H

#include "../wire/dhcp4.h"

enum {
    DHCP_REQUEST_TRIES = 4, /* then from the start: RFC 2131 4.4.1 */
    DHCP_REBOOT_TRIES = 2,  /* then the lease stands, or any is asked for */
    DHCP_INFORM_TRIES = 4,  /* then no one is asked any more: 4.4.3 */
    DHCP_WAIT_TRIES = 3,    /* unanswered: worth a note to the owner */
    DHCP_LEASE_MIN_S = 10   /* a shorter lease is taken to be this long */
};
#define DHCP_BACKOFF_NS     (4 * NS_PER_SEC) /* doubles; RFC 2131 4.1 */
#define DHCP_BACKOFF_MAX_NS (64 * NS_PER_SEC)
#define DHCP_RENEW_MIN_NS   (60 * NS_PER_SEC) /* RFC 2131 4.4.5 */
#define DHCP_DECLINED_NS    (10 * NS_PER_SEC) /* RFC 2131 3.1, 5. */
#define DHCP_INFORM_NS      (300 * NS_PER_MS) /* till the address is checked */
#define DHCP_NAK_NS         NS_PER_SEC /* so that a server's NAKs make no loop */

enum dhcp_state {
    DHCP_OFF,
    DHCP_INIT,
    DHCP_SELECTING,
    DHCP_REQUESTING,
    DHCP_REBOOTING, /* asking for the address of before: INIT-REBOOT */
    DHCP_CHECKING,  /* acknowledged; is it free on the link? */
    DHCP_BOUND,
    DHCP_RENEWING,
    DHCP_REBINDING,
    DHCP_INFORMING /* a static address, and what else there is to know */
};

/* Who asks. */
struct dhcp_who {
    mac_t mac;
    struct span hostname; /* empty: not told */
    struct span client;   /* RFC 4361; at most DHCP4_CLIENT_MAX bytes */
    uint32_t last;        /* the address of before; 0: none is remembered */
};

struct dhcp {
    enum dhcp_state state;
    uint8_t send;  /* enum dhcp4_type that waits for dhcp_next(); 0: none */
    bool rebooted; /* the address of before the start has been asked for */
    uint8_t nclient, client[DHCP4_CLIENT_MAX];
    mac_t mac;
    struct span hostname;
    uint32_t last; /* the address that was ours last; 0: ask for any */
    uint16_t secs; /* as the last DISCOVER said: 4.4.1 */
    uint32_t xid;
    unsigned tries;       /* in this state */
    ns_t next;            /* of dhcp_on_time(); NS_NEVER */
    ns_t started;         /* of this exchange, for `secs` */
    ns_t asked;           /* when the lease was asked for: it runs from then */
    ns_t t1, t2, expires; /* NS_NEVER: the lease has no end */
    struct dhcp4_reply lease; /* offered, then acknowledged */
};

/* What has happened to the lease. */
enum dhcp_event {
    DHCP_NOTHING,
    DHCP_CHECK,    /* probe lease.yiaddr, then dhcp_on_checked() or _conflict */
    DHCP_RENEWED,  /* the lease goes on, perhaps with other options */
    DHCP_LOST,     /* the address must not be used any more */
    DHCP_INFORMED, /* lease has other options, the address is our own */
    DHCP_STRAY     /* a reply that does not belong to anything we asked */
};

struct dhcp_out {
    struct dhcp4_request msg;
    uint32_t src, dst; /* IPv4; dst all ones: broadcast */
};

void dhcp_start(struct dhcp *, const struct dhcp_who *, ns_t now,
                uint32_t random);
/* For a host whose address is static, who->last: RFC 2131 4.4.3. */
void dhcp_inform(struct dhcp *, const struct dhcp_who *, ns_t now,
                 uint32_t random);
/* The link came back: is the lease still good here?  RFC 2131 3.7. */
enum dhcp_event dhcp_on_link_up(struct dhcp *, ns_t now, uint32_t random);
enum dhcp_event dhcp_on_reply(struct dhcp *, const struct dhcp4_reply *,
                              ns_t now, uint32_t random);
enum dhcp_event dhcp_on_time(struct dhcp *, ns_t now, uint32_t random);
void dhcp_on_checked(struct dhcp *);
/* Someone else has the address: DECLINE. */
void dhcp_on_conflict(struct dhcp *, ns_t now);
/* The end, in order: gives the lease back and is off.  False when there is
 * none. */
bool dhcp_release(struct dhcp *);
/* What to send now; false: nothing. */
bool dhcp_next(struct dhcp *, ns_t now, struct dhcp_out *);
ns_t dhcp_deadline(const struct dhcp *);

/* A mask as a length; a mask with holes, or none, is replaced by the class's
 * own (RFC 1122 3.3.6). */
uint8_t dhcp_mask_bits(uint32_t mask, uint32_t addr);

#endif
