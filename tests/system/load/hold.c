/* SPDX-License-Identifier: ISC */
/*
 * hold - many connections to one port, which are a burden in their own way.
 *
 *     hold idle|zero|drip[+] HOST PORT COUNT ASK [SOURCE...]
 *
 * ASK is what each one asks, with \r and \n spelt out.  With a plus, who is
 * thrown out comes back.  With SOURCEs, they take turns at these addresses.
 * Prints "up N refused M" when all have tried, and goes on until its standard
 * input ends; then "alive N most N ended N refused N".
 */
#include "crowd.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ROUND_MS = 10 };

static int usage(void)
{
    fprintf(stderr, "usage: hold idle|zero|drip[+] HOST PORT COUNT ASK "
                    "[SOURCE...]\n");
    return 2;
}

/* In place: it only gets shorter. */
static char *unescape(char *text)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        if (*p == '\\' && (p[1] == 'r' || p[1] == 'n'))
            *to++ = *++p == 'r' ? '\r' : '\n';
        else
            *to++ = *p;
    }
    *to = 0;
    return text;
}

static bool manner_of(struct crowd *c, const char *word)
{
    static const char *const words[] = {"idle", "zero", "drip"};

    for (unsigned i = 0; i < 3; i++)
        if (strncmp(word, words[i], 4) == 0 && strlen(word) <= 5) {
            c->manner = (enum crowd_manner)i;
            c->again = word[4] == '+';
            return true;
        }
    return false;
}

static bool told_to_end(void)
{
    struct pollfd in = {.fd = 0, .events = POLLIN};
    char bin[64];

    return poll(&in, 1, 0) > 0 && read(0, bin, sizeof(bin)) <= 0;
}

static void run(struct crowd *c)
{
    bool said = false;

    while (!told_to_end()) {
        crowd_turn(c, ROUND_MS);
        if (!said && crowd_settled(c)) {
            printf("up %u refused %u\n", c->alive, c->refused);
            fflush(stdout);
            said = true;
        }
    }
    printf("alive %u most %u ended %u refused %u\n", c->alive, c->most,
           c->ended, c->refused);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct crowd c = {0};
    unsigned port;

    if (argc < 6 || !manner_of(&c, argv[1]))
        return usage();
    port = (unsigned)atoi(argv[3]);
    c.wanted = (unsigned)atoi(argv[4]);
    c.ask = unescape(argv[5]);
    if (!c.wanted || !place_parse(&c.to, argv[2], port))
        return usage();
    for (int i = 6; i < argc && c.nfrom < SOURCES_MAX; i++)
        if (!place_parse(&c.from[c.nfrom++], argv[i], 0))
            return usage();
    files.rlim_cur = files.rlim_max = c.wanted + 64;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
        perror("hold: that many files");
        return 1;
    }
    if (!crowd_open(&c)) {
        perror("hold");
        return 1;
    }
    run(&c);
    return 0;
}
