/* SPDX-License-Identifier: ISC */
/*
 * vga.c - the VGA text screen, 80 by 25.
 *
 * The card has 32 KiB, 204 lines, of which it shows 25: scrolling moves that
 * window and clears one line.  Only at the end of the card's memory are the
 * lines copied back to its start.
 */
#include "console.h"
#include "io.h"
#include "memory.h"

enum {
    MISC_READ = 0x3cc,
    GRAPHICS_AT = 0x3ce,
    GRAPHICS = 0x3cf,
    CRTC_AT = 0x3d4,
    CRTC = 0x3d5,
    GRAPHICS_MISC = 6,
    START_HIGH = 0xc, /* CRTC registers; low halves follow */
    CURSOR_HIGH = 0xe,
    COLUMNS = 80,
    ROWS = 25,
    CARD_ROWS = 0x8000 / (2 * COLUMNS),
    GREY_ON_BLACK = 0x0700
};
#define SCREEN UINT64_C(0xb8000)

static struct {
    volatile uint8_t *cells; /* NULL: there is no screen */
    unsigned top;            /* the row of the card that is shown first */
    unsigned row, column;    /* of the card; where the next byte goes */
} vga;

static unsigned crtc_read16(uint8_t high)
{
    unsigned v;

    out8(CRTC_AT, high);
    v = (unsigned)in8(CRTC) << 8;
    out8(CRTC_AT, (uint8_t)(high + 1));
    return v | in8(CRTC);
}

static void crtc_write16(uint8_t high, unsigned v)
{
    /* Index and value in one write of 16 bits. */
    out16(CRTC_AT, (uint16_t)(high | (v & 0xff00)));
    out16(CRTC_AT, (uint16_t)((high + 1) | (v & 0xff) << 8));
}

/* Text mode, in colour, at SCREEN. */
static bool is_text(void)
{
    uint8_t misc = in8(MISC_READ);

    if (misc == 0xff || !(misc & 1))
        return false;
    out8(GRAPHICS_AT, GRAPHICS_MISC);
    return (in8(GRAPHICS) & 0xd) == 0xc;
}

void vga_start(enum boot_display display, bool efi)
{
    unsigned cursor, start;

    if (display == DISPLAY_GRAPHICS || (efi && display != DISPLAY_TEXT) ||
        !is_text())
        return;
    start = crtc_read16(START_HIGH);
    cursor = crtc_read16(CURSOR_HIGH);
    vga.cells = (volatile uint8_t *)(uintptr_t)SCREEN;
    if (start % COLUMNS != 0 || start / COLUMNS + ROWS > CARD_ROWS) {
        start = 0;
        crtc_write16(START_HIGH, start);
    }
    vga.top = start / COLUMNS;
    if (cursor < start || cursor >= start + ROWS * COLUMNS)
        cursor = start + (ROWS - 1) * COLUMNS;
    vga.row = cursor / COLUMNS;
    if (cursor % COLUMNS)
        vga_write(SPAN("\n"));
}

void vga_remap(void)
{
    if (vga.cells)
        vga.cells = memory_map_device(SCREEN, 2 * COLUMNS * CARD_ROWS);
}

void vga_stop(void)
{
    vga.cells = NULL;
}

static volatile uint8_t *cell(unsigned row, unsigned column)
{
    return vga.cells + 2 * (row * COLUMNS + column);
}

static void to_start_of_card(void)
{
    const volatile uint8_t *from = cell(vga.top + 1, 0);
    volatile uint8_t *to = cell(0, 0);

    for (unsigned i = 0; i < 2 * COLUMNS * (ROWS - 1); i += 8)
        mmio_write64(to + i, mmio_read64(from + i));
    vga.top = 0;
    vga.row = ROWS - 1;
}

static void next_row(void)
{
    vga.column = 0;
    vga.row++;
    if (vga.row < vga.top + ROWS)
        return;
    if (vga.row < CARD_ROWS)
        vga.top++;
    else
        to_start_of_card();
    for (unsigned i = 0; i < 2 * COLUMNS; i += 8)
        mmio_write64(cell(vga.row, 0) + i, UINT64_C(0x0720072007200720));
}

void vga_write(struct span text)
{
    unsigned top = vga.top;

    if (!vga.cells || text.n == 0)
        return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c == '\n') {
            next_row();
            continue;
        }
        if (c == '\r') {
            vga.column = 0;
            continue;
        }
        if (vga.column == COLUMNS)
            next_row();
        mmio_write16(cell(vga.row, vga.column++),
                     (uint16_t)(GREY_ON_BLACK | c));
    }
    if (vga.top != top)
        crtc_write16(START_HIGH, vga.top * COLUMNS);
    crtc_write16(CURSOR_HIGH, vga.row * COLUMNS + vga.column);
}
