/* SPDX-License-Identifier: ISC */
/*
 * test_packed.c - the packed ring by itself, and devices that lie in it.
 */
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "fake_packed.h"

enum { MEMORY = 1 << 21, NEXT = 1, WRITE = 2, INDIRECT = 4 };

static uint8_t *memory;
static struct arena arena;
static struct vq q;
static struct fake_queue dev;

static void set_up(void)
{
    memory = aligned_alloc(4096, MEMORY);
    memset(memory, 0xa5, MEMORY); /* arenas are not zeroed */
    arena_init(&arena, (struct mspan){memory, MEMORY});
    dev = (struct fake_queue){.q = &q, .packed = true};
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
                          .event_idx = events,
                          .packed = true};

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

static struct fake_chain pop(void)
{
    struct fake_chain c;

    ck_assert(fake_packed_peek(&dev, &c));
    dev.seen = (uint16_t)(dev.seen + c.descriptors);
    return c;
}

static void use(uint32_t id, uint32_t len)
{
    fake_packed_put(&dev, id, len);
    fake_packed_show(&dev);
}

/* A ring of 8 with so many chains in it, alike, that the device has. */
static void ring_with(unsigned chains, unsigned n, unsigned in)
{
    init(8, 8, 0, true);
    for (unsigned i = 0; i < chains; i++)
        ck_assert(add(n, in, &q));
    publish();
    for (unsigned i = 0; i < chains; i++)
        pop();
}

static void is_caught(const char *why)
{
    uint32_t len;

    ck_assert_ptr_null(vq_take(&q, &len));
    ck_assert_str_eq(q.failure, why);
    ck_assert_uint_eq(vq_ready(&q), 0);
    ck_assert(!vq_arm(&q, 1));
}

START_TEST(test_chain_is_linked_and_marked)
{
    struct fake_desc *d;

    init(8, 8, 0, true);
    ck_assert(add(3, 1, &q));
    publish();
    for (unsigned i = 0; i < 3; i++) {
        d = fake_packed_desc(&dev, (uint16_t)i);
        ck_assert_uint_eq(d->addr, (uintptr_t)memory + i);
        ck_assert_uint_eq(d->len, 10 + i);
        ck_assert_uint_eq(d->id, 0);
        ck_assert_uint_eq(d->flags, (i < 2 ? NEXT : WRITE) | FAKE_AVAIL);
    }
    ck_assert_uint_eq(fake_packed_desc(&dev, 3)->flags, 0);
}
END_TEST

START_TEST(test_added_is_private_until_published)
{
    struct fake_chain c;

    init(8, 8, 0, true);
    ck_assert(add(2, 0, &q));
    ck_assert(add(1, 0, &q));
    ck_assert(!fake_packed_peek(&dev, &c));
    ck_assert(vq_publish(&q));
    ck_assert_uint_eq(pop().n, 2);
    ck_assert_uint_eq(pop().n, 1);
    ck_assert(!fake_packed_peek(&dev, &c));
    ck_assert(!vq_publish(&q)); /* nothing new */
}
END_TEST

START_TEST(test_long_chain_takes_one_descriptor_when_indirect)
{
    struct fake_chain c;

    init(8, 8, 1, true);
    ck_assert(add(VQ_CHAIN_MAX, 3, &memory[0]));
    ck_assert(add(7, 0, &memory[1]));  /* tables are out */
    ck_assert(!add(1, 0, &memory[2])); /* and now the ring is full */
    publish();
    c = pop();
    ck_assert(c.indirect);
    ck_assert_uint_eq(c.descriptors, 1);
    ck_assert_uint_eq(c.n, VQ_CHAIN_MAX);
    for (unsigned i = 0; i < VQ_CHAIN_MAX; i++) {
        ck_assert_uint_eq(c.seg[i].n, 10 + i);
        ck_assert_int_eq(c.seg[i].writable, i >= VQ_CHAIN_MAX - 3);
    }
    ck_assert_uint_eq(pop().descriptors, 7);
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

/* Chains of all lengths, finished in any order, for many turns of the ring and
 * of the counters: nothing leaks, cookies come back with their lengths. */
START_TEST(test_laps_turn_and_descriptors_return)
{
    static const uint32_t sizes[] = {16, 1, 2, 256};
    uint32_t dice = 1, len, size = sizes[_i];
    unsigned rounds = size > 16 ? 1000 : 16000;

    init(size, size, size / 8, true);
    for (unsigned round = 0; round < rounds; round++) {
        uint16_t id[256];
        unsigned n = 0;

        while (n < 256 && add(1 + (dice >> 16) % 5 % size, 1, &memory[n])) {
            dice = dice * 1103515245 + 12345;
            n++;
        }
        ck_assert_uint_ge(n, 1);
        publish();
        for (unsigned i = 0; i < n; i++)
            id[i] = pop().id;
        for (unsigned i = 0; i < n; i++) /* in the order 1, 0, 3, 2 ... */
            fake_packed_put(&dev, id[(i ^ 1) < n ? i ^ 1 : i], i % 10);
        ck_assert_uint_eq(vq_ready(&q), 0); /* the first shows them all */
        fake_packed_show(&dev);
        ck_assert_uint_eq(vq_ready(&q), n);
        for (unsigned i = 0; i < n; i++) {
            ck_assert_ptr_eq(vq_take(&q, &len),
                             &memory[(i ^ 1) < n ? i ^ 1 : i]);
            ck_assert_uint_eq(len, i % 10);
        }
        ck_assert_uint_eq(q.head, q.tail);
        ck_assert_uint_eq(vq_ready(&q), 0);
    }
    ck_assert_ptr_null(q.failure);
}
END_TEST

START_TEST(test_the_largest_ring)
{
    uint32_t len;

    init(VQ_SIZE_MAX, VQ_SIZE_MAX, 0, true);
    for (unsigned lap = 0; lap < 3; lap++) {
        for (unsigned i = 0; i < VQ_SIZE_MAX; i++)
            ck_assert(add(1, 1, &q));
        ck_assert(!add(1, 1, &q));
        publish();
        for (unsigned i = 0; i < VQ_SIZE_MAX; i++)
            use(pop().id, 1);
        ck_assert_uint_eq(vq_ready(&q), VQ_SIZE_MAX);
        for (unsigned i = 0; i < VQ_SIZE_MAX; i++)
            ck_assert_ptr_eq(vq_take(&q, &len), &q);
    }
}
END_TEST

START_TEST(test_notification_by_flag)
{
    static const struct {
        uint16_t flags;
        bool kick;
    } t[] = {{0, true}, {1, false}, {3, true}, {UINT16_MAX, true}};

    init(8, 8, 0, false);
    *(uint32_t *)(void *)q.used = (uint32_t)t[_i].flags << 16;
    ck_assert(add(1, 0, &q));
    ck_assert_int_eq(vq_publish(&q), t[_i].kick);
}
END_TEST

/* In each place of two laps, for a batch of 3: only when it passes. */
START_TEST(test_notification_only_when_the_event_is_passed)
{
    uint32_t len;

    init(8, 8, 0, true);
    for (unsigned round = 0; round < 100; round++) {
        unsigned ahead = round % 5;

        dev.seen = (uint16_t)(dev.seen + ahead);
        fake_packed_ask(&dev, true);
        dev.seen = (uint16_t)(dev.seen - ahead);
        for (unsigned i = 0; i < 3; i++)
            ck_assert(add(1, 0, &q));
        ck_assert_int_eq(vq_publish(&q), ahead < 3);
        for (unsigned i = 0; i < 3; i++)
            use(pop().id, 0);
        ck_assert_uint_eq(vq_ready(&q), 3);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_ptr_nonnull(vq_take(&q, &len));
    }
}
END_TEST

START_TEST(test_arm_reports_what_came_meanwhile)
{
    uint32_t len;

    init(8, 8, 0, _i);
    ck_assert(!fake_packed_interrupts(&dev, 0));
    for (unsigned round = 0; round < 50; round++) {
        uint16_t before = dev.used, first;

        ck_assert(add(1, 1, &q));
        ck_assert(add(2, 1, &q));
        publish();
        first = pop().id;
        ck_assert(!vq_arm(&q, 1));
        use(first, 5);
        ck_assert(fake_packed_interrupts(&dev, before));
        ck_assert(vq_arm(&q, 1));
        ck_assert(!vq_arm(&q, 2));
        ck_assert_uint_eq(vq_ready(&q), 1);
        ck_assert_ptr_nonnull(vq_take(&q, &len));
        vq_disarm(&q);
        before = dev.used;
        use(pop().id, 1);
        ck_assert(!fake_packed_interrupts(&dev, before));
        ck_assert(vq_arm(&q, 1));
        ck_assert_ptr_nonnull(vq_take(&q, &len));
    }
}
END_TEST

/* Half of what is out, as a full ring wants it, chains of several lengths. */
START_TEST(test_arm_for_half_of_the_ring_rings_once)
{
    unsigned rang = 0;

    init(64, 64, 0, true);
    for (unsigned i = 0; i < 24; i++)
        ck_assert(add(1 + i % 3, 0, &q));
    publish();
    ck_assert(!vq_arm(&q, 12));
    for (unsigned i = 0; i < 24; i++) {
        uint16_t before = dev.used;

        use(pop().id, 0);
        if (fake_packed_interrupts(&dev, before)) {
            rang++;
            ck_assert_uint_ge(i, 9);
            ck_assert_uint_le(i, 14);
        }
    }
    ck_assert_uint_eq(rang, 1);
    ck_assert(vq_arm(&q, 0));
}
END_TEST

START_TEST(test_id_out_of_range_is_a_lie)
{
    static const uint16_t id[] = {8, 0x100, UINT16_MAX};

    ring_with(1, 1, 1);
    use(id[_i], 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    is_caught("it finished a buffer that does not exist");
}
END_TEST

START_TEST(test_id_beyond_our_slots_is_a_lie)
{
    init(8, 2, 0, true);
    ck_assert(add(1, 1, &q));
    ck_assert(add(1, 1, &q));
    ck_assert(!add(1, 1, &q));
    publish();
    use(2, 0); /* in the ring's range, but never ours */
    ck_assert_uint_eq(vq_ready(&q), 1);
    is_caught("it finished a buffer that does not exist");
}
END_TEST

START_TEST(test_id_not_outstanding_is_a_lie)
{
    ring_with(2, 2, 1);
    use(5, 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    is_caught("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_id_twice_is_a_lie)
{
    uint32_t len;

    ring_with(2, 2, 1);
    use(1, 0);
    use(1, 0);
    ck_assert_uint_eq(vq_ready(&q), 2);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
    is_caught("it finished a buffer that it did not have");
}
END_TEST

START_TEST(test_more_than_outstanding_is_a_lie)
{
    ring_with(_i ? 2 : 0, 2, 1);
    fake_packed_show_index(&dev, _i ? 5 : 1); /* one place too many */
    ck_assert_uint_eq(vq_ready(&q), 0);
    ck_assert_str_eq(q.failure, "it finished more buffers than it was given");
    ck_assert_uint_eq(vq_ready(&q), 0);
    ck_assert(!vq_arm(&q, 1));
}
END_TEST

/* What the device pretends to have finished before it was shown is not seen,
 * and what is put there then counts. */
START_TEST(test_used_before_published_is_overwritten)
{
    uint32_t len;

    ring_with(1, 1, 1);
    fake_packed_desc(&dev, 1)->flags = FAKE_AVAIL | FAKE_USED;
    ck_assert(add(1, 1, &memory[7]));
    publish();
    ck_assert_uint_eq(vq_ready(&q), 0);
    use(0, 0);
    use(pop().id, 9);
    ck_assert_uint_eq(vq_ready(&q), 2);
    ck_assert_ptr_eq(vq_take(&q, &len), &q);
    ck_assert_ptr_eq(vq_take(&q, &len), &memory[7]);
}
END_TEST

START_TEST(test_a_finished_buffer_taken_back_is_a_lie)
{
    ring_with(1, 1, 1);
    use(0, 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    fake_packed_desc(&dev, 0)->flags = (uint16_t)(_i ? 0 : FAKE_AVAIL);
    is_caught("it took a finished buffer back");
}
END_TEST

START_TEST(test_length_beyond_the_chain_is_a_lie)
{
    uint32_t len;

    ring_with(2, 2, 2); /* of 10 + 11 bytes */
    use(0, 21);
    use(1, _i == 0 ? 22 : UINT32_MAX);
    ck_assert_uint_eq(vq_ready(&q), 2);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
    ck_assert_uint_eq(len, 21);
    is_caught("it wrote more than a buffer holds");
}
END_TEST

START_TEST(test_length_of_what_was_only_read_is_ignored)
{
    uint32_t len;

    ring_with(1, 2, 0);
    use(0, 1514);
    ck_assert_uint_eq(vq_ready(&q), 1);
    ck_assert_ptr_nonnull(vq_take(&q, &len));
}
END_TEST

/* Any bytes at all in the whole ring and both areas: cookies that come are
 * those that are out, each once, and the end is a failure or silence. */
START_TEST(test_random_bytes_never_return_what_is_not_out)
{
    uint32_t dice = (uint32_t)_i + 1, len;

    init(16, 16, 2, true);
    for (unsigned round = 0; round < 300 && !q.failure; round++) {
        bool out[16] = {false};
        unsigned n = 0;

        while (n < 16 && add(1 + (dice >> 16) % 5, 1, &memory[n])) {
            out[n++] = true;
            dice = dice * 1103515245 + 12345;
        }
        publish();
        for (unsigned i = 0; i < 16 * sizeof(struct fake_desc) + 8; i++) {
            dice = dice * 1103515245 + 12345;
            if (dice >> 24 < 96)
                ((uint8_t *)(void *)q.desc)[i] = (uint8_t)(dice >> 16);
        }
        for (unsigned i = vq_ready(&q); i > 0; i--) {
            uint8_t *cookie = vq_take(&q, &len);

            if (!cookie)
                break;
            ck_assert(out[cookie - memory]);
            out[cookie - memory] = false;
        }
        while (vq_reclaim(&q))
            ;
        ck_assert_uint_eq(vq_outstanding(&q), 0);
        ck_assert_uint_eq(q.head, q.tail);
        ck_assert_uint_eq(q.tables_free, 3);
    }
}
END_TEST

START_TEST(test_nothing_is_shown_to_a_liar)
{
    struct fake_chain c;

    ring_with(1, 1, 1);
    use(7, 0);
    ck_assert_uint_eq(vq_ready(&q), 1);
    is_caught("it finished a buffer that it did not have");
    ck_assert(add(1, 1, &q));
    ck_assert(!vq_publish(&q));
    ck_assert(!fake_packed_peek(&dev, &c));
}
END_TEST

START_TEST(test_init_takes_no_more_than_it_says)
{
    for (uint32_t size = 1; size <= 4096; size *= 2) {
        struct vq_config c = {.size = size,
                              .slots = size < 256 ? size : 256,
                              .align = VQ_MODERN_ALIGN,
                              .tables = 4,
                              .packed = true};
        struct arena a;

        arena_init(&a, (struct mspan){memory + 8, vq_bytes(&c)});
        ck_assert(vq_init(&q, &c, &a));
        ck_assert_uint_eq((uintptr_t)q.desc % 16, 0);
        ck_assert_uint_eq((uintptr_t)q.avail % 4, 0);
        ck_assert_uint_eq((uintptr_t)q.used % 4, 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("packed");
    TCase *c = tcase_create("ring");
    TCase *lies = tcase_create("lies");

    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, test_chain_is_linked_and_marked);
    tcase_add_test(c, test_added_is_private_until_published);
    tcase_add_test(c, test_long_chain_takes_one_descriptor_when_indirect);
    tcase_add_test(c, test_full_ring_refuses_and_changes_nothing);
    tcase_add_loop_test(c, test_laps_turn_and_descriptors_return, 0, 4);
    tcase_add_test(c, test_the_largest_ring);
    tcase_add_loop_test(c, test_notification_by_flag, 0, 4);
    tcase_add_test(c, test_notification_only_when_the_event_is_passed);
    tcase_add_loop_test(c, test_arm_reports_what_came_meanwhile, 0, 2);
    tcase_add_test(c, test_arm_for_half_of_the_ring_rings_once);
    tcase_add_test(c, test_init_takes_no_more_than_it_says);
    suite_add_tcase(suite, c);
    tcase_add_checked_fixture(lies, set_up, tear_down);
    tcase_add_loop_test(lies, test_id_out_of_range_is_a_lie, 0, 3);
    tcase_add_test(lies, test_id_beyond_our_slots_is_a_lie);
    tcase_add_test(lies, test_id_not_outstanding_is_a_lie);
    tcase_add_test(lies, test_id_twice_is_a_lie);
    tcase_add_loop_test(lies, test_more_than_outstanding_is_a_lie, 0, 2);
    tcase_add_test(lies, test_used_before_published_is_overwritten);
    tcase_add_loop_test(lies, test_a_finished_buffer_taken_back_is_a_lie, 0, 2);
    tcase_add_loop_test(lies, test_length_beyond_the_chain_is_a_lie, 0, 2);
    tcase_add_test(lies, test_length_of_what_was_only_read_is_ignored);
    tcase_add_loop_test(lies, test_random_bytes_never_return_what_is_not_out, 0,
                        20);
    tcase_add_test(lies, test_nothing_is_shown_to_a_liar);
    suite_add_tcase(suite, lies);
    return suite_run(suite);
}
