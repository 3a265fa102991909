/* SPDX-License-Identifier: ISC */
/*
 * test_vq.c - the ring by itself: a device's view is read from its memory.
 */
#include <stdlib.h>
#include <string.h>
#include <virtio/vq.h>

#include "../lib/suite.h"

enum { MEMORY = 1 << 20 };

static uint8_t *memory;
static struct arena arena;
static struct vq q;

static void set_up(void)
{
    memory = aligned_alloc(4096, MEMORY);
    memset(memory, 0xa5, MEMORY); /* arenas are not zeroed */
    arena_init(&arena, (struct mspan){memory, MEMORY});
}

static void tear_down(void)
{
    free(memory);
}

static void init(uint32_t size, uint32_t slots, uint32_t tables, bool events)
{
    struct vq_config c = {.size = size,
                          .slots = slots,
                          .align = VQ_MODERN_ALIGN,
                          .tables = tables,
                          .event_idx = events};

    ck_assert(vq_init(&q, &c, &arena));
}

/* One chain of `n` segments of 10, 11, ... bytes, the last `in` writable. */
static bool add(unsigned n, unsigned in, void *cookie)
{
    struct vq_seg seg[VQ_CHAIN_MAX];

    for (unsigned i = 0; i < n; i++)
        seg[i] = (struct vq_seg){memory + i, 10 + i};
    return vq_add(&q, seg, n - in, in, cookie);
}

static void publish(void)
{
    bool kick = vq_publish(&q);

    (void)kick;
}

static void use(uint32_t id, uint32_t len)
{
    unsigned at = q.used->idx & q.mask;

    q.used->ring[at].id = id;
    q.used->ring[at].len = len;
    q.used->idx++;
}

/* A ring of 8 with so many chains in it, alike, that the device may take. */
static void ring_with(unsigned chains, unsigned n, unsigned in)
{
    init(8, 8, 0, true);
    for (unsigned i = 0; i < chains; i++)
        ck_assert(add(n, in, &q));
    publish();
}

static void is_caught(const char *why)
{
    uint32_t len;

    ck_assert_ptr_null(vq_take(&q, &len));
    ck_assert_str_eq(q.failure, why);
}

/* The last chain added: the device will find it here. */
static uint16_t head_of_last(void)
{
    return q.avail->ring[(q.added - 1) & q.mask];
}

START_TEST(test_chain_is_linked_and_marked)
{
    struct vq_desc *d;

    init(8, 8, 0, true);
    ck_assert(add(3, 1, &q));
    d = &q.desc[head_of_last()];
    ck_assert_uint_eq(d->addr, (uintptr_t)memory);
    ck_assert_uint_eq(d->len, 10);
    ck_assert_uint_eq(d->flags, 1);
    d = &q.desc[d->next];
    ck_assert_uint_eq(d->len, 11);
    ck_assert_uint_eq(d->flags, 1);
    d = &q.desc[d->next];
    ck_assert_uint_eq(d->len, 12);
    ck_assert_uint_eq(d->flags, 2);
    ck_assert_uint_eq(q.nfree, 5);
}
END_TEST

START_TEST(test_added_is_private_until_published)
{
    init(8, 8, 0, true);
    ck_assert(add(1, 0, &q));
    ck_assert(add(1, 0, &q));
    ck_assert_uint_eq(q.avail->idx, 0);
    ck_assert(vq_publish(&q));
    ck_assert_uint_eq(q.avail->idx, 2);
    ck_assert(!vq_publish(&q)); /* nothing new */
}
END_TEST

START_TEST(test_long_chain_takes_one_descriptor_when_indirect)
{
    const struct vq_desc *d, *table;

    init(8, 8, 1, true);
    ck_assert(add(VQ_CHAIN_MAX, 0, &q));
    ck_assert_uint_eq(q.nfree, 7);
    d = &q.desc[head_of_last()];
    ck_assert_uint_eq(d->flags, 4);
    ck_assert_uint_eq(d->len, VQ_CHAIN_MAX * sizeof(*d));
    table = (const void *)(uintptr_t)d->addr;
    for (unsigned i = 0; i < VQ_CHAIN_MAX; i++) {
        ck_assert_uint_eq(table[i].len, 10 + i);
        ck_assert_uint_eq(table[i].flags, i + 1 < VQ_CHAIN_MAX);
        if (i + 1 < VQ_CHAIN_MAX)
            ck_assert_uint_eq(table[i].next, i + 1);
    }
}
END_TEST

START_TEST(test_chain_goes_into_the_ring_when_tables_are_out)
{
    uint32_t len;

    init(8, 8, 1, true);
    ck_assert(add(5, 0, &memory[0]));
    ck_assert(add(5, 0, &memory[1]));
    ck_assert_uint_eq(q.nfree, 2);
    ck_assert(!add(5, 0, &memory[2])); /* neither table nor room */
    ck_assert_uint_eq(q.nfree, 2);
    ck_assert_uint_eq(vq_outstanding(&q), 2);
    publish();
    use(q.avail->ring[0], 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_eq(vq_take(&q, &len), &memory[0]);
    ck_assert(add(5, 0, &memory[2])); /* the table came back */
    ck_assert_uint_eq(q.nfree, 2);
}
END_TEST

START_TEST(test_short_chain_stays_direct)
{
    init(8, 8, 1, true);
    ck_assert(add(VQ_INDIRECT_MIN - 1, 0, &q));
    ck_assert_uint_eq(q.nfree, 8 - (VQ_INDIRECT_MIN - 1));
}
END_TEST

START_TEST(test_full_ring_refuses_and_changes_nothing)
{
    struct vq before;

    init(4, 4, 0, true);
    ck_assert(add(3, 0, &q));
    before = q;
    ck_assert(!add(2, 0, &q));
    ck_assert_int_eq(memcmp(&before, &q, sizeof(q)), 0);
    ck_assert(add(1, 0, &q));
    ck_assert(!add(1, 0, &q));
}
END_TEST

/* Chains of all lengths, finished in any order, for several turns of the
 * index: nothing leaks and cookies come back with their lengths. */
START_TEST(test_indices_wrap_and_descriptors_return)
{
    uint32_t dice = 1, len;

    init(16, 13, 2, true);
    for (unsigned round = 0; round < 16000; round++) {
        uint16_t id[13];
        unsigned n = 0;

        while (n < 13 && add(1 + (dice >> 16) % 5, 1, &memory[n])) {
            id[n] = head_of_last();
            dice = dice * 1103515245 + 12345;
            n++;
        }
        ck_assert_uint_ge(n, 2);
        publish();
        for (unsigned i = 0; i < n; i++) /* in the order 1, 0, 3, 2 ... */
            use(id[(i ^ 1) < n ? i ^ 1 : i], i % 10);
        ck_assert_uint_eq(vq_ready(&q), n);
        for (unsigned i = 0; i < n; i++) {
            ck_assert_ptr_eq(vq_take(&q, &len),
                             &memory[(i ^ 1) < n ? i ^ 1 : i]);
            ck_assert_uint_eq(len, i % 10);
        }
        ck_assert_uint_eq(q.nfree, 13);
        ck_assert_uint_eq(q.tables_free, 3);
    }
    ck_assert_ptr_null(q.failure);
}
END_TEST

START_TEST(test_fewer_slots_than_ring_entries)
{
    uint32_t len;

    init(1024, 3, 0, false);
    for (unsigned i = 0; i < 5000; i++) {
        ck_assert(add(1, 1, &q));
        ck_assert_uint_lt(head_of_last(), 3);
        publish();
        use(head_of_last(), 1);
        ck_assert_uint_eq(vq_ready(&q), 1);
        ck_assert_ptr_eq(vq_take(&q, &len), &q);
    }
}
END_TEST

START_TEST(test_notification_only_when_the_flag_is_clear)
{
    init(8, 8, 0, false);
    ck_assert_uint_eq(q.avail->flags, 1);
    ck_assert(add(1, 0, &q));
    ck_assert(vq_publish(&q));
    q.used->flags = 1;
    ck_assert(add(1, 0, &q));
    ck_assert(!vq_publish(&q));
}
END_TEST

START_TEST(test_notification_only_when_the_event_is_passed)
{
    init(8, 8, 0, true);
    *q.avail_event = 1; /* tell me when you show the second */
    ck_assert(add(1, 0, &q));
    ck_assert(!vq_publish(&q));
    ck_assert(add(1, 0, &q));
    ck_assert(add(1, 0, &q));
    ck_assert(vq_publish(&q));
    ck_assert(add(1, 0, &q));
    ck_assert(!vq_publish(&q));
}
END_TEST

START_TEST(test_arm_reports_what_came_meanwhile)
{
    bool events = _i;
    uint32_t len;

    init(8, 8, 0, events);
    ck_assert(add(1, 1, &q));
    ck_assert(add(1, 1, &q));
    publish();
    ck_assert(!vq_arm(&q, 1));
    use(0, 5);
    ck_assert(vq_arm(&q, 1));
    ck_assert(!vq_arm(&q, 2));
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
    ck_assert(!vq_arm(&q, 1));
    if (events)
        ck_assert_uint_eq(*q.used_event, 1);
    else
        ck_assert_uint_eq(q.avail->flags, 0);
    vq_disarm(&q);
    ck_assert_uint_eq(q.avail->flags, !events);
}
END_TEST

START_TEST(test_id_out_of_range_is_a_lie)
{
    uint32_t len;

    ring_with(1, 1, 1);
    use(_i == 0 ? 8 : _i == 1 ? 0x10000 : UINT32_MAX, 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_null(vq_take(&q, &len));
    ck_assert_ptr_nonnull(q.failure);
    ck_assert_uint_eq(vq_ready(&q), 0);
    ck_assert(!vq_arm(&q, 1));
}
END_TEST

START_TEST(test_id_beyond_our_slots_is_a_lie)
{
    uint32_t len;

    init(8, 2, 0, true);
    ck_assert(add(1, 1, &q));
    publish();
    use(2, 0); /* in the ring's range, but never ours */
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_null(vq_take(&q, &len));
}
END_TEST

START_TEST(test_id_not_outstanding_is_a_lie)
{
    ring_with(1, 2, 1);
    use(_i == 0 ? 1 : 5, 0); /* the middle of a chain; a free one */
    ck_assert_uint_eq(vq_ready(&q), 1);
    is_caught("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_id_twice_is_a_lie)
{
    uint32_t len;

    ring_with(2, 1, 1);
    use(1, 0);
    use(1, 0);
    ck_assert_uint_eq(vq_ready(&q), 2);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
    is_caught("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_index_beyond_outstanding_is_a_lie)
{
    static const uint16_t jump[] = {3, 9, 0x8000, UINT16_MAX};

    ring_with(2, 1, 1);
    q.used->idx = jump[_i];
    ck_assert_uint_eq(vq_ready(&q), 0);
    ck_assert_str_eq(q.failure, "it finished more buffers than it was given");
}
END_TEST

START_TEST(test_length_beyond_the_chain_is_a_lie)
{
    uint32_t len;

    ring_with(2, 2, 2); /* of 10 + 11 bytes */
    use(0, 21);
    use(2, _i == 0 ? 22 : UINT32_MAX);
    ck_assert_uint_eq(vq_ready(&q), 2);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
    ck_assert_uint_eq(len, 21);
    is_caught("it wrote more than a buffer holds");
}
END_TEST

/* bhyve says how much it read; nobody looks. */
START_TEST(test_length_of_what_was_only_read_is_ignored)
{
    uint32_t len;

    ring_with(1, 2, 0);
    use(0, 1514);
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
}
END_TEST

START_TEST(test_a_liar_that_overwrites_descriptors_hurts_itself)
{
    uint32_t len;

    ring_with(1, 3, 3);
    memset(q.desc, 0xff, 8 * sizeof(*q.desc));
    use(0, 33);
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_eq(vq_take(&q, &len), &q);
    ck_assert_uint_eq(q.nfree, 8);
    for (unsigned i = 0; i < 8; i++)
        ck_assert(add(1, 0, &q));
    ck_assert(!add(1, 0, &q));
}
END_TEST

START_TEST(test_reclaim_returns_each_chain_once)
{
    unsigned n = 0;

    init(16, 16, 1, true);
    ck_assert(add(1, 1, &q));
    ck_assert(add(3, 1, &q));
    ck_assert(add(6, 1, &q));
    publish();
    while (vq_reclaim(&q))
        n++;
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(q.nfree, 16);
    ck_assert_uint_eq(vq_outstanding(&q), 0);
}
END_TEST

START_TEST(test_init_takes_no_more_than_it_says)
{
    for (uint32_t size = 1; size <= 4096; size *= 2) {
        struct vq_config c = {.size = size,
                              .slots = size < 256 ? size : 256,
                              .align = _i ? VQ_LEGACY_ALIGN : VQ_MODERN_ALIGN,
                              .tables = 4};
        struct arena a;

        ck_assert_uint_le(vq_bytes(&c), MEMORY);
        arena_init(&a, (struct mspan){memory + 8, vq_bytes(&c)});
        ck_assert(vq_init(&q, &c, &a));
        ck_assert_uint_eq((uintptr_t)q.used % c.align, 0);
    }
}
END_TEST

START_TEST(test_init_without_memory_takes_nothing)
{
    struct vq_config c = {.size = 256, .slots = 256, .align = 64};
    struct arena before;

    arena_init(&arena, (struct mspan){memory, 8000});
    before = arena;
    ck_assert(!vq_init(&q, &c, &arena));
    ck_assert_ptr_eq(arena.p, before.p);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vq");
    TCase *c = tcase_create("ring");
    TCase *lies = tcase_create("lies");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, test_chain_is_linked_and_marked);
    tcase_add_test(c, test_added_is_private_until_published);
    tcase_add_test(c, test_long_chain_takes_one_descriptor_when_indirect);
    tcase_add_test(c, test_chain_goes_into_the_ring_when_tables_are_out);
    tcase_add_test(c, test_short_chain_stays_direct);
    tcase_add_test(c, test_full_ring_refuses_and_changes_nothing);
    tcase_add_test(c, test_indices_wrap_and_descriptors_return);
    tcase_add_test(c, test_fewer_slots_than_ring_entries);
    tcase_add_test(c, test_notification_only_when_the_flag_is_clear);
    tcase_add_test(c, test_notification_only_when_the_event_is_passed);
    tcase_add_loop_test(c, test_arm_reports_what_came_meanwhile, 0, 2);
    tcase_add_test(c, test_reclaim_returns_each_chain_once);
    tcase_add_loop_test(c, test_init_takes_no_more_than_it_says, 0, 2);
    tcase_add_test(c, test_init_without_memory_takes_nothing);
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(lies, set_up, tear_down);
    tcase_add_loop_test(lies, test_id_out_of_range_is_a_lie, 0, 3);
    tcase_add_test(lies, test_id_beyond_our_slots_is_a_lie);
    tcase_add_loop_test(lies, test_id_not_outstanding_is_a_lie, 0, 2);
    tcase_add_test(lies, test_id_twice_is_a_lie);
    tcase_add_loop_test(lies, test_index_beyond_outstanding_is_a_lie, 0, 4);
    tcase_add_loop_test(lies, test_length_beyond_the_chain_is_a_lie, 0, 2);
    tcase_add_test(lies, test_length_of_what_was_only_read_is_ignored);
    tcase_add_test(lies, test_a_liar_that_overwrites_descriptors_hurts_itself);
    suite_add_tcase(suite, lies);
    return suite_run(suite);
}
