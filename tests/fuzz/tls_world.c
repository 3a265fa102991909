/* SPDX-License-Identifier: ISC */
#include "tls_world.h"

#include <base/clock.h>
#include <billet/machine.h>
#include <stdio.h>
#include <string.h>

#define NOON_2026_S UINT64_C(1782043200)

enum { FILE_BYTES = 16384, KEPT_MAX = 64, SIDE_BYTES = 1 << 20 };

static uint64_t dice;
static void *kept[KEPT_MAX]; /* for ever; a leak checker asks */

static void keep(void *p)
{
    unsigned i = 0;

    while (i < KEPT_MAX && kept[i])
        i++;
    MUST(i < KEPT_MAX);
    kept[i] = p;
}

void world_begin(void)
{
    dice = 1;
}

bool machine_random(struct mspan out)
{
    for (size_t i = 0; i < out.n; i++) {
        dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
        out.p[i] = (uint8_t)(dice >> 56);
    }
    return true;
}

uint64_t machine_wall_ns(void)
{
    return NOON_2026_S * NS_PER_SEC;
}

ns_t machine_now(void)
{
    return NS_PER_SEC;
}

_Noreturn void panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

struct span world_file(const char *name)
{
    char path[512];
    FILE *file;
    uint8_t *bytes = malloc(FILE_BYTES);
    size_t n;

    snprintf(path, sizeof(path), "%s/%s", CERTS, name);
    file = fopen(path, "rb");
    MUST(file && bytes);
    keep(bytes);
    n = fread(bytes, 1, FILE_BYTES, file);
    fclose(file);
    return (struct span){bytes, n};
}

struct tls_identity world_identity(const char *name)
{
    char file[64];
    struct tls_identity id;

    snprintf(file, sizeof(file), "%s.crt", name);
    id.chain = world_file(file);
    snprintf(file, sizeof(file), "%s.key", name);
    id.key = world_file(file);
    return id;
}

struct tls *world_side(struct loop *loop, const struct tls_config *c)
{
    static struct arena arena;
    static struct clock clock;
    struct env env = {.loop = loop, .arena = &arena, .clock = &clock};
    uint8_t *memory = aligned_alloc(64, SIDE_BYTES);
    const char *why;
    struct tls *tls;

    MUST(memory);
    keep(memory);
    clock_set(&clock, NOON_2026_S * NS_PER_SEC, 0);
    arena_init(&arena, (struct mspan){memory, SIDE_BYTES});
    tls = tls_new(&env, c, &why);
    MUST(tls);
    return tls;
}

void world_quiet(const struct tls *tls, size_t shared)
{
    MUST(tls->sessions.in_use == 0);
    MUST(tls->mem.common.in_use == shared);
    MUST(tls->mem.heap.in_use == shared);
}

void world_only_1_2(struct tls *tls, bool old)
{
    WOLFSSL_METHOD *m = tls->client->method;

    m->version.minor = old ? TLSv1_2_MINOR : TLSv1_3_MINOR;
    m->downgrade = !old;
}

unsigned world_changes(struct change *c, unsigned most)
{
    unsigned n = 0;

    for (; fuzz_in.n && n < most; n++) {
        c[n] = (struct change){.kind = take8() % KINDS};
        c[n].op = take8();
        c[n].value = take8();
        c[n].at = take16();
    }
    return n;
}

void world_change(const struct change *c, uint8_t *p, size_t n, size_t at)
{
    if (at >= n)
        return;
    switch (c->op % 4) {
    case 0:
        p[at] ^= (uint8_t)(c->value ? c->value : 1);
        break;
    case 1:
        p[at] = c->value;
        break;
    case 2: /* the same again */
        memmove(p + at, p, n - at < c->value ? n - at : c->value);
        break;
    default:
        memset(p + at, c->value, n - at < 4 ? n - at : 4);
    }
}
