/* SPDX-License-Identifier: ISC */
/*
 * ps2.c - see ps2.h.
 *
 * The controller is asked to translate to the first set of codes, as all since
 * the PC/AT can; where it does not, that is done here.
 */
#include <display/ps2.h>

enum { /* of the status */
       OUTPUT_FULL = 1 << 0,
       INPUT_FULL = 1 << 1,
       FROM_MOUSE = 1 << 5,
       NOTHING = 0xff
};
enum { /* commands of the controller */
       READ_CONFIG = 0x20,
       WRITE_CONFIG = 0x60,
       MOUSE_OFF = 0xa7,
       KEYBOARD_OFF = 0xad,
       KEYBOARD_ON = 0xae
};
enum { /* its configuration */
       KEYBOARD_IRQ = 1 << 0,
       MOUSE_IRQ = 1 << 1,
       KEYBOARD_STOPPED = 1 << 4,
       TRANSLATE = 1 << 6
};
enum { SCAN = 0xf4, ACK = 0xfa, ECHO = 0xee };
enum {
    READS_MAX = 20000, /* of the status, some 20 ms; beyond: dead */
    FLUSH_MAX = 64,    /* bytes; beyond: it never ends, so it is dead */
    ANSWERS_MAX = 16   /* bytes before an ACK; beyond: no keyboard */
};

static bool wait_for(struct ps2_ports *p, uint8_t mask, uint8_t want)
{
    for (unsigned i = 0; i < READS_MAX; i++)
        if ((p->read(p, PS2_STATUS) & mask) == want)
            return true;
    return false;
}

static bool put(struct ps2_ports *p, unsigned port, uint8_t v)
{
    if (!wait_for(p, INPUT_FULL, 0))
        return false;
    p->write(p, port, v);
    return true;
}

static bool get(struct ps2_ports *p, uint8_t *v)
{
    if (!wait_for(p, OUTPUT_FULL, OUTPUT_FULL))
        return false;
    *v = p->read(p, PS2_DATA);
    return true;
}

static bool flush(struct ps2_ports *p)
{
    for (unsigned i = 0; i < FLUSH_MAX; i++) {
        if (!(p->read(p, PS2_STATUS) & OUTPUT_FULL))
            return true;
        p->read(p, PS2_DATA);
    }
    return false;
}

static bool configure(struct ps2 *k)
{
    struct ps2_ports *p = k->ports;
    uint8_t config, now;

    if (!put(p, PS2_STATUS, READ_CONFIG) || !get(p, &config))
        return false;
    config |= KEYBOARD_IRQ | TRANSLATE;
    config &= (uint8_t) ~(MOUSE_IRQ | KEYBOARD_STOPPED);
    if (!put(p, PS2_STATUS, WRITE_CONFIG) || !put(p, PS2_DATA, config) ||
        !put(p, PS2_STATUS, READ_CONFIG) || !get(p, &now))
        return false;
    k->set2 = !(now & TRANSLATE);
    return true;
}

const char *ps2_start(struct ps2 *k, struct ps2_ports *p)
{
    uint8_t answer = 0;

    *k = (struct ps2){.ports = p};
    if (p->read(p, PS2_STATUS) == NOTHING)
        return "there is no controller";
    if (!put(p, PS2_STATUS, KEYBOARD_OFF) || !put(p, PS2_STATUS, MOUSE_OFF) ||
        !flush(p) || !configure(k) || !put(p, PS2_STATUS, KEYBOARD_ON) ||
        !put(p, PS2_DATA, SCAN))
        return "the controller does not answer";
    for (unsigned i = 0; i < ANSWERS_MAX && answer != ACK; i++)
        if (!get(p, &answer))
            break;
    return answer == ACK ? NULL : "no keyboard answers";
}

bool ps2_stirred(const struct ps2 *k)
{
    return k->ports->read(k->ports, PS2_STATUS) & OUTPUT_FULL;
}

/* Set 1 behind 0xe0, and what the key is called.  The others are called by
 * their number. */
static unsigned extended_code(uint8_t b)
{
    static const uint8_t codes[][2] = {
        {0x1c, 96},  {0x1d, 97},  {0x35, 98},  {0x37, 99},  {0x38, 100},
        {0x47, 102}, {0x48, 103}, {0x49, 104}, {0x4b, 105}, {0x4d, 106},
        {0x4f, 107}, {0x50, 108}, {0x51, 109}, {0x52, 110}, {0x53, 111},
        {0x5b, 125}, {0x5c, 126}, {0x5d, 127}};

    for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i][0] == b)
            return codes[i][1];
    return 0;
}

/* From set 2 to set 1, as the controller does it; 0: no key. */
static uint8_t translate(uint8_t b)
{
    static const uint8_t set1[] = {
        0x00, 0x43, 0x00, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x00, 0x44, 0x42, 0x40,
        0x3e, 0x0f, 0x29, 0x00, 0x00, 0x38, 0x2a, 0x00, 0x1d, 0x10, 0x02, 0x00,
        0x00, 0x00, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, 0x00, 0x2e, 0x2d, 0x20,
        0x12, 0x05, 0x04, 0x5c, 0x00, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
        0x00, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x00, 0x00, 0x00, 0x32, 0x24,
        0x16, 0x08, 0x09, 0x00, 0x00, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x00,
        0x00, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x00, 0x00, 0x00, 0x28, 0x00,
        0x1a, 0x0d, 0x00, 0x00, 0x3a, 0x36, 0x1c, 0x1b, 0x00, 0x2b, 0x00, 0x00,
        0x00, 0x56, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x4f, 0x00, 0x4b,
        0x47, 0x00, 0x00, 0x00, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
        0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x00, 0x00, 0x00, 0x00, 0x41};

    return b < sizeof(set1) ? set1[b] : 0;
}

static void take(struct ps2 *k, uint8_t b,
                 void (*key)(void *user, unsigned code, bool pressed),
                 void *user)
{
    bool released = k->set2 ? k->released : b & 0x80;
    unsigned code;

    if (k->skip > 0) { /* Pause, which is never released */
        k->skip--;
        return;
    }
    if (b == 0xe1) {
        k->skip = k->set2 ? 7 : 5;
        key(user, 119, true);
        key(user, 119, false);
        return;
    }
    if (b == 0xe0) {
        k->extended = true;
        return;
    }
    if (k->set2 && b == 0xf0) {
        k->released = true;
        return;
    }
    b = k->set2 ? translate(b) : b & 0x7f;
    code = k->extended ? extended_code(b) : b;
    /* With 0xe0 a shift that nobody pressed: some keys make one up. */
    if (code > 0 && (k->extended || code <= 88))
        key(user, code, !released);
    k->extended = k->released = false;
}

unsigned ps2_poll(struct ps2 *k, unsigned budget,
                  void (*key)(void *user, unsigned code, bool pressed),
                  void *user)
{
    unsigned n;

    for (n = 0; n < budget; n++) {
        uint8_t status = k->ports->read(k->ports, PS2_STATUS), b;

        if (status == NOTHING || !(status & OUTPUT_FULL))
            break;
        b = k->ports->read(k->ports, PS2_DATA);
        if (!(status & FROM_MOUSE) && b != ACK && b != ECHO)
            take(k, b, key, user);
    }
    return n;
}
