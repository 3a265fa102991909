/* SPDX-License-Identifier: ISC */
/*
 * input.h - the bytes that a fuzzer was given, taken one after the other; what
 * is not there any more is 0.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <billet/base.h>
#include <stdlib.h>

#define MUST(claim) ((claim) ? (void)0 : fuzz_broken(__LINE__, #claim))

/* Says what does not hold, and aborts. */
_Noreturn void fuzz_broken(int line, const char *claim);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left. */
extern struct span fuzz_in;

uint8_t take8(void);
uint16_t take16(void);
uint32_t take32(void);
/* As many as two bytes say, and as there are; returns how many. */
size_t take_bytes(uint8_t *to, size_t most);

/* An even first byte and an odd one choose what is done with the rest.
 * Returns 0. */
int fuzz_either(struct span input, void (*even)(void), void (*odd)(void));

#endif
