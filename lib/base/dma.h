/* SPDX-License-Identifier: ISC */
/*
 * dma.h - the address by which a device finds what a pointer points at.
 */
#ifndef BASE_DMA_H
#define BASE_DMA_H

#include <billet/base.h>

/*
 * Memory is mapped where it is, but for the image itself: arch/x86_64 moves
 * that into the upper half of the address space, by a multiple of 4 GiB and
 * from below 4 GiB, so the lowest 32 bits are where it lies.  A process has
 * nothing in the upper half.
 */
static inline uint64_t dma_address(const volatile void *p)
{
    uint64_t at = (uintptr_t)p;

    return at >> 63 ? (uint32_t)at : at;
}

#endif
