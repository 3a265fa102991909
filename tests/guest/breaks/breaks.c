/* SPDX-License-Identifier: ISC */
/*
 * breaks - does one forbidden thing, as a bug would, and should not survive it.
 *
 * An image for tests/system/test_breaks.py: each value of --do is a property of
 * the machine that docs/security.md promises.
 */
#include <base/heap.h>
#include <billet/app.h>
#include <string.h>

KEY_STRING(what, "do", "WHAT", "nothing", "what to do");

enum { HEAP_BYTES = 65536, STACK_ALIGN_BYTES = 64 };

/* What the compiler must not know, or it would refuse to be this wrong. */
#define HIDDEN(value)                                                          \
    __extension__({                                                            \
        __typeof__(value) hidden_ = (value);                                   \
        __asm__ volatile("" : "+r"(hidden_) : : "memory");                     \
        hidden_;                                                               \
    })

static const uint8_t ret_code[16] = {0xf3, 0x0f, 0x1e, 0xfa, 0xc3};
static uint8_t data_code[16];
static struct task on_boot_stack;

static void call(const void *at)
{
    void (*f)(void) = HIDDEN((void (*)(void))(uintptr_t)at);

    f();
}

static void write_to(const volatile void *at)
{
    *(volatile uint8_t *)HIDDEN((uintptr_t)at) = 0x90;
}

static void read_null(struct env *env)
{
    (void)env;
    (void)*(volatile uint8_t *)HIDDEN((uintptr_t)8);
}

static void hang(struct env *env)
{
    (void)env;
    while (HIDDEN(1))
        ;
}

static void write_null(struct env *env)
{
    (void)env;
    write_to(NULL);
}

static void call_null(struct env *env)
{
    (void)env;
    call(NULL);
}

static void write_text(struct env *env)
{
    (void)env;
    write_to((const void *)(uintptr_t)read_null);
}

static void write_constant(struct env *env)
{
    (void)env;
    write_to(ret_code);
}

static void execute_constant(struct env *env)
{
    (void)env;
    call(ret_code);
}

static void execute_data(struct env *env)
{
    (void)env;
    memcpy(data_code, ret_code, sizeof(ret_code));
    call(data_code);
}

/* Code, but not the begin of what may be called: for processors with IBT. */
#if defined(__CET__) && (__CET__ & 1)
__attribute__((nocf_check))
#endif
static void
unmarked(void)
{
}

static void call_unmarked(struct env *env)
{
    (void)env;
    call((const void *)(uintptr_t)unmarked);
}

/* A fiber's, as the application runs in one. */
static void execute_stack(struct env *env)
{
    uint8_t code[sizeof(ret_code)];

    (void)env;
    memcpy(HIDDEN((uint8_t *)code), ret_code, sizeof(ret_code));
    call(code);
}

static void execute_heap(struct env *env)
{
    uint8_t *code = arena_alloc(env->arena, sizeof(ret_code), 16);

    memcpy(code, ret_code, sizeof(ret_code));
    call(code);
}

/* Behind the call, so that no compiler makes a loop of it. */
static unsigned recurse(unsigned depth)
{
    volatile uint8_t frame[STACK_ALIGN_BYTES];
    unsigned n;

    if (HIDDEN(depth) == UINT32_MAX)
        return 0;
    frame[0] = (uint8_t)depth;
    n = recurse(HIDDEN(depth + 1));
    return n + frame[0];
}

static void overflow_fiber(struct env *env)
{
    (void)env;
    (void)recurse(0);
}

static void run_on_boot_stack(struct task *t, ns_t now)
{
    (void)t;
    (void)now;
    (void)recurse(0);
}

static void overflow_boot_stack(struct env *env)
{
    on_boot_stack.run = run_on_boot_stack;
    loop_defer(env->loop, &on_boot_stack);
    fiber_sleep(env, NS_PER_SEC);
}

/* One frame that is larger than the page below the stack. */
static void overflow_by_a_large_frame(struct env *env)
{
    volatile uint8_t frame[10 * 4096];

    (void)env;
    write_to(frame);
}

static void __attribute__((noinline)) smash(unsigned n)
{
    char text[16];

    memset(HIDDEN((char *)text), 'A', n);
}

static void smash_canary(struct env *env)
{
    (void)env;
    smash(HIDDEN(64u));
}

/* The place is known to the compiler, the length is not. */
static void copy_too_much(struct env *env)
{
    static const uint8_t more[2 * sizeof(data_code)];

    (void)env;
    memcpy(data_code, more, HIDDEN(sizeof(more)));
}

static struct heap *heap_of(struct env *env, uint8_t **a, uint8_t **b)
{
    static struct heap heap;

    heap_init(
        &heap,
        (struct mspan){arena_alloc(env->arena, HEAP_BYTES, 16), HEAP_BYTES},
        0x5eed1e55);
    heap_fill_free(&heap); /* as a debug build does */
    *a = heap_get(&heap, 100);
    *b = heap_get(&heap, 100);
    return &heap;
}

static void overflow_heap(struct env *env)
{
    uint8_t *a, *b;
    struct heap *h = heap_of(env, &a, &b);

    memset(HIDDEN(a), 'A', heap_size(h, a) + 1);
    heap_put(h, a);
}

static void free_twice(struct env *env)
{
    uint8_t *a, *b;
    struct heap *h = heap_of(env, &a, &b);

    heap_put(h, a);
    heap_put(h, HIDDEN(a));
}

static void use_after_free(struct env *env)
{
    uint8_t *a, *b;
    struct heap *h = heap_of(env, &a, &b);

    heap_put(h, a);
    HIDDEN(a)[50] = 1;
    (void)heap_get(h, 100);
}

static void fail_assertion(struct env *env)
{
    ASSERT(HIDDEN(env) == NULL);
}

static const struct {
    const char *name;
    void (*run)(struct env *);
} things[] = {{"hang", hang},
              {"read-null", read_null},
              {"write-null", write_null},
              {"call-null", call_null},
              {"write-text", write_text},
              {"write-constant", write_constant},
              {"execute-constant", execute_constant},
              {"execute-data", execute_data},
              {"call-unmarked", call_unmarked},
              {"execute-stack", execute_stack},
              {"execute-heap", execute_heap},
              {"overflow-fiber", overflow_fiber},
              {"overflow-boot-stack", overflow_boot_stack},
              {"overflow-large-frame", overflow_by_a_large_frame},
              {"smash-canary", smash_canary},
              {"copy-too-much", copy_too_much},
              {"overflow-heap", overflow_heap},
              {"free-twice", free_twice},
              {"use-after-free", use_after_free},
              {"assert", fail_assertion}};

static enum err start(struct env *env)
{
    const char *word = key_string(env->keys, &key_what);

    for (unsigned i = 0; i < ARRAY_LEN(things); i++)
        if (strcmp(word, things[i].name) == 0) {
            print_line(env->log, "now %s", word);
            things[i].run(env);
            print_line(env->log, "survived");
            return OK;
        }
    print_line(env->log, "nothing to do");
    return E_INVAL;
}

BILLET_APP(start, .name = "breaks",
           .limits = {.fibers = 1, .arena_bytes = 4 * HEAP_BYTES});
