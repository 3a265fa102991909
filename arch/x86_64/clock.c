/* SPDX-License-Identifier: ISC */
/*
 * clock.c - the time, and sleeping until a time.
 *
 * Time is counted by the TSC.  How fast that runs, KVM's clock or CPUID says;
 * else it is measured against a reference for 2 ms, asleep, and again over ever
 * longer times while the machine runs, when it is about to sleep anyway.
 *
 * A processor whose TSC runs faster and slower, as old ones' do, tells no time:
 * there the reference itself is counted.
 */
#include "clock.h"

#include <base/dma.h>
#include <base/fmt.h>
#include <billet/machine.h>

#include "apic.h"
#include "cpu.h"
#include "io.h"
#include "irq.h"
#include "irq_wait.h"
#include "platform.h"
#include "reference.h"
#include "rtc.h"
#include "xen.h"

enum {
    NAP_US = 1000, /* a tick; measured for so many at first: */
    NAP_TICKS = 2,
    LAPIC_DIVIDE = 16,  /* see apic.h */
    KVM_CLOCK = 1 << 3, /* feature: the MSRs below */
    KVM_WALL_MSR = 0x4b564d00,
    KVM_CLOCK_MSR = 0x4b564d01,
    LEAF_TSC = 0x15,
    LEAF_HYPERVISOR_KHZ = 0x40000010,
    PV_READS_MAX = 100,
    REFINE_TIMES = 4,
    WALL_TRIES = 8 /* then there is no clock, or it never holds still */
};
/* A wake-up in case the PIT's does not come: 20 ms at 1 GHz. */
#define LAPIC_FALLBACK   (20 * 1000000 / LAPIC_DIVIDE)
#define LAPIC_VIRTUAL_HZ (1000000000 / LAPIC_DIVIDE) /* QEMU's and KVM's */
#define LAPIC_XEN_HZ     (100000000 / LAPIC_DIVIDE)
#define REFINE_FIRST     (100 * NS_PER_MS)

static struct {
    const char *name;
    struct ticker tick;
    ns_t ns_last;
    bool special; /* not by the TSC alone, but: */
    bool use_pv;
    struct counter board; /* the reference, for want of a steady TSC */
    ns_t board_step;      /* it is read so often at least */
    uint64_t pv0;         /* KVM's time at time zero */
    bool tsc_deadline;
    uint64_t lapic_hz;
    ns_t armed; /* the timer is set for then; 0: it is not */
    struct reference reference;
    struct sample first;
    ns_t refine_at;
    unsigned refined;
    unsigned wall_tries;
    uint64_t wall0; /* UTC at time zero; 0: not known yet */
    struct sleep sleep;
} clock;

/* The host writes here. */
static volatile struct pvclock pv __attribute__((aligned(64)));

static uint64_t tsc_now(void)
{
    return ticker_tsc(&clock.tick, rdtsc());
}

static struct pvclock pv_read(void)
{
    struct pvclock p = {0};

    for (unsigned i = 0; i < PV_READS_MAX; i++) {
        p.version = pv.version;
        barrier_read();
        p.tsc = pv.tsc;
        p.ns = pv.ns;
        p.mult = pv.mult;
        p.shift = pv.shift;
        barrier_read();
        if (p.version == pv.version && !(p.version & 1))
            break;
    }
    return p;
}

/* Apart, for its canary is not to be paid where only the TSC is read. */
__attribute__((noinline)) static ns_t special_now(void)
{
    struct pvclock p;
    uint64_t ns;

    if (!clock.use_pv)
        return ticker_ns(&clock.tick,
                         counter_read(&clock.board, reference_read()));
    p = pv_read();
    ns = pvclock_ns(&p, tsc_now());
    return ns > clock.pv0 ? ns - clock.pv0 : 0;
}

ns_t machine_now(void)
{
    ns_t ns = clock.special ? special_now() : ticker_ns(&clock.tick, rdtsc());

    if (ns < clock.ns_last)
        ns = clock.ns_last;
    clock.ns_last = ns;
    return ns;
}

ns_t machine_turn(void)
{
    return machine_now();
}

/* KVM's clock; the TSC's rate, or 0. */
static uint64_t start_pv(void)
{
    struct pvclock p;
    uint64_t hz, now, since;

    if (!(cpu.kvm_features & KVM_CLOCK))
        return 0;
    wrmsr(KVM_CLOCK_MSR, dma_address(&pv) | 1);
    p = pv_read();
    hz = pvclock_hz(&p);
    if (hz == 0 || p.version == 0)
        return 0;
    now = pvclock_ns(&p, rdtsc());
    since = calibrate_muldiv(rdtsc() - clock.tick.tsc0, NS_PER_SEC, hz);
    clock.special = clock.use_pv = true;
    clock.pv0 = now > since ? now - since : 0;
    clock.name = "kvmclock";
    return hz;
}

/* What CPUID says of the TSC's rate, or 0. */
static uint64_t hz_by_cpuid(void)
{
    struct cpuid r;
    uint64_t hz = xen_tsc_hz();

    clock.name = "TSC by CPUID";
    if (hz) {
        clock.lapic_hz = LAPIC_XEN_HZ;
        return hz;
    }
    if (cpu.hypervisor_max >= LEAF_HYPERVISOR_KHZ) {
        r = cpuid(LEAF_HYPERVISOR_KHZ, 0);
        clock.lapic_hz = r.b * UINT64_C(1000) / LAPIC_DIVIDE;
        if (r.a)
            return r.a * UINT64_C(1000);
    }
    if (cpu.max_leaf >= LEAF_TSC) {
        r = cpuid(LEAF_TSC, 0);
        if (r.a && r.b && r.c) /* ratio, and the crystal's rate */
            return calibrate_muldiv(r.c, r.b, r.a);
    }
    return 0;
}

/* Asleep for a while, by the PIT's ticks.  Firmware that names no pin for them
 * means the first, but the chips of QEMU's microvm take the third.  False when
 * the ticks did not come. */
static bool nap(void)
{
    struct acpi_override pin = irq_isa_pin(0);
    const uint32_t pins[] = {pin.gsi, pin.gsi ? pin.gsi : 2};
    uint8_t vector = (uint8_t)irq_alloc(NULL, NULL);
    unsigned routed = 0;

    for (unsigned i = 0; i < ARRAY_LEN(pins); i++)
        routed += ioapic_route(pins[i], vector, pin.level, pin.active_low);
    reference_tick(routed ? NAP_US : 0);
    for (unsigned i = 0; i < NAP_TICKS && !irq_timer_fired(); i++) {
        irq_take_wake(); /* one that came while we looked elsewhere */
        irq_wait();
    }
    reference_tick(0);
    for (unsigned i = 0; i < ARRAY_LEN(pins); i++)
        ioapic_mask(pins[i]);
    irq_take_wake();
    return !irq_timer_fired();
}

/* Measure what is not known yet: the TSC's rate, the local APIC's, or both. */
static void measure(void)
{
    bool known =
        reference_start(&clock.reference, acpi_hpet_read(acpi_table("HPET")),
                        (uint16_t)platform.fadt.pm_timer);
    struct sample from, to, timer_from, timer_to;
    uint64_t counted, about;
    bool ticked;

    lapic_timer_mode(LAPIC_TIMER_REPEATS);
    lapic_timer_set(LAPIC_FALLBACK);
    for (unsigned i = 0; i < 2; i++) { /* the first warms up */
        from = reference_sample();
        timer_from = reference_sample_lapic();
    }
    ticked = nap();
    to = reference_sample();
    timer_to = reference_sample_lapic();
    lapic_timer_set(0);
    lapic_timer_mode(LAPIC_TIMER_ONCE);
    counted = timer_to.reference - timer_from.reference;
    counted = (uint32_t)(counted + (ticked ? 0 : LAPIC_FALLBACK));
    about = calibrate_muldiv(timer_to.tsc - timer_from.tsc, LAPIC_VIRTUAL_HZ,
                             counted);
    if (clock.tick.hz == 0 && known) {
        /* Asleep for longer than meant, the PIT may have wrapped. */
        clock.tick.hz =
            calibrate_hz(&clock.reference, from, to,
                         ticked || clock.reference.bits > 16 ? 0 : about);
        clock.name = reference_name();
        clock.first = from;
        clock.refine_at = REFINE_FIRST;
    }
    if (clock.tick.hz == 0) { /* nothing ticks here but this */
        clock.tick.hz = about;
        clock.name = "TSC by the local APIC";
        clock.refine_at = NS_NEVER;
    }
    if (clock.lapic_hz == 0)
        clock.lapic_hz = calibrate_muldiv(counted, clock.tick.hz,
                                          timer_to.tsc - timer_from.tsc);
}

/* From now on count the reference; what has gone by, by the TSC. */
static void leave_tsc(void)
{
    enum { NAME_AT = sizeof("TSC by the ") - 1 };
    ns_t gone =
        calibrate_muldiv(rdtsc() - clock.tick.tsc0, NS_PER_SEC, clock.tick.hz);

    clock.special = true;
    clock.board = (struct counter){.last = reference_read(),
                                   .bits = clock.reference.bits};
    clock.board_step = calibrate_muldiv(UINT64_C(1) << (clock.board.bits - 2),
                                        NS_PER_SEC, clock.reference.hz);
    clock.tick = (struct ticker){.ns0 = gone, .hz = clock.reference.hz};
    clock.tsc_deadline = false;
    clock.refine_at = NS_NEVER;
    clock.name += NAME_AT;
}

void clock_start(uint64_t first_tsc)
{
    bool steady = cpu.steady_tsc || cpu.hypervisor != HYPERVISOR_NONE;

    clock.tick.tsc0 = clock.tick.last = first_tsc;
    clock.refine_at = NS_NEVER;
    clock.tick.hz = start_pv();
    if (clock.tick.hz == 0 && steady)
        clock.tick.hz = hz_by_cpuid();
    clock.tsc_deadline = cpu.tsc_deadline;
    if (clock.lapic_hz == 0 && cpu.hypervisor == HYPERVISOR_KVM)
        clock.lapic_hz = LAPIC_VIRTUAL_HZ;
    if (clock.tick.hz == 0 || (clock.lapic_hz == 0 && !clock.tsc_deadline))
        measure();
    if (!steady && clock.refine_at != NS_NEVER && clock.reference.bits > 16)
        leave_tsc();
    clock.tick.mult = calibrate_mult(clock.tick.hz);
    if (clock.tsc_deadline)
        lapic_timer_mode(LAPIC_TIMER_BY_TSC);
}

const char *machine_clock(void)
{
    static char text[48];

    fmt(text, sizeof(text), "%s, woken by the %s", clock.name,
        clock.tsc_deadline ? "TSC" : "local APIC");
    return text;
}

/* The longer the time, the better the measurement. */
static void refine(void)
{
    struct sample s = reference_sample();
    uint64_t hz = calibrate_hz(&clock.reference, clock.first, s, clock.tick.hz);
    uint64_t off = hz > clock.tick.hz ? hz - clock.tick.hz : clock.tick.hz - hz;
    uint64_t tsc = tsc_now();

    clock.refine_at *= 10;
    if (++clock.refined == REFINE_TIMES)
        clock.refine_at = NS_NEVER;
    /* A guest that was stopped meanwhile learns nothing from it. */
    if (hz == 0 || off > clock.tick.hz / 256)
        return;
    clock.tick.ns0 += scale(tsc - clock.tick.tsc0, clock.tick.mult);
    clock.tick.tsc0 = tsc;
    clock.tick.hz = hz;
    clock.tick.mult = calibrate_mult(hz);
}

static void arm(ns_t now, ns_t deadline)
{
    uint64_t count;

    if (clock.board_step && deadline - now > clock.board_step)
        deadline = now + clock.board_step;
    if (deadline == NS_NEVER || deadline == clock.armed)
        return;
    clock.armed = deadline;
    if (clock.tsc_deadline) {
        count = calibrate_muldiv(deadline - now, clock.tick.hz, NS_PER_SEC);
        wrmsr(MSR_TSC_DEADLINE,
              count < UINT64_MAX / 2 ? tsc_now() + count + 1 : UINT64_MAX / 2);
        return;
    }
    count = calibrate_muldiv(deadline - now, clock.lapic_hz, NS_PER_SEC);
    lapic_timer_set(count < UINT32_MAX ? (uint32_t)count + 1 : UINT32_MAX);
}

void machine_wait(ns_t deadline)
{
    for (;;) {
        ns_t now = machine_now();

        if (now >= deadline)
            return;
        if (now >= clock.refine_at)
            refine();
        arm(now, deadline);
        if (irq_wait())
            return;
        if (irq_timer_fired())
            clock.armed = 0;
    }
}

bool machine_woken(void)
{
    bool woken = irq_take_wake();

    if (irq_timer_fired())
        clock.armed = 0;
    return woken;
}

ns_t machine_boot_ns(void)
{
    return 0;
}

/* UTC at time zero by KVM; 0 when it does not say. */
static uint64_t wall_by_kvm(void)
{
    static volatile struct {
        uint32_t version, seconds, nanoseconds;
    } wall __attribute__((aligned(64)));

    if (!clock.use_pv)
        return 0;
    wrmsr(KVM_WALL_MSR, dma_address(&wall));
    return wall.seconds
               ? wall.seconds * NS_PER_SEC + wall.nanoseconds + clock.pv0
               : 0;
}

ns_t machine_slept(void)
{
    ns_t slept =
        sleep_ns(&clock.sleep, rtc_look(platform.fadt.century), machine_now());

    if (clock.wall0)
        clock.wall0 += slept;
    return slept;
}

uint64_t machine_wall_ns(void)
{
    if (clock.wall0 == 0 && clock.wall_tries < WALL_TRIES) {
        uint64_t seconds;

        clock.wall_tries++;
        clock.wall0 = wall_by_kvm();
        if (clock.wall0 == 0 && (seconds = rtc_read(platform.fadt.century)))
            clock.wall0 = seconds * NS_PER_SEC - machine_now();
    }
    return clock.wall0 ? clock.wall0 + machine_now() : 0;
}
