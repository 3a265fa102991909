/* SPDX-License-Identifier: ISC */
/*
 * init - all there is of user space in the Linux guest of the bench `linux`.
 *
 * Loads the modules that stand in /modules in that order, configures eth0, and
 * serves in the cheapest way that Linux has: GET /random?bytes=N on port 80 by
 * sendfile(), discard on port 9 without copying.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_BYTES = 1 << 20, MODULES = 16 };
#define ADDRESS "10.77.0.2"
#define MASK    "255.255.255.0"

static int file;

static void load_modules(void)
{
    char name[32];

    for (int i = 0; i < MODULES; i++) {
        int fd;

        snprintf(name, sizeof(name), "/modules/%02d.ko", i);
        fd = open(name, O_RDONLY);
        if (fd < 0)
            return;
        if (syscall(SYS_finit_module, fd, "", 0) < 0)
            perror(name);
        close(fd);
    }
}

static void set(int fd, unsigned long request, const char *text)
{
    struct ifreq r = {.ifr_name = "eth0"};
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

    a->sin_family = AF_INET;
    if (text)
        inet_pton(AF_INET, text, &a->sin_addr);
    else
        r.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(fd, request, &r) < 0)
        perror("eth0");
}

static int listen_on(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port)};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0)
        perror("listen");
    return fd;
}

static void serve(int fd)
{
    char head[1024], reply[128];
    ssize_t n = recv(fd, head, sizeof(head) - 1, 0);
    const char *count;
    unsigned long long left;
    int len;

    if (n <= 0)
        return;
    head[n] = 0;
    count = strstr(head, "bytes=");
    left = count ? strtoull(count + 6, NULL, 10) : 0;
    len = snprintf(reply, sizeof(reply),
                   "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n", left);
    if (send(fd, reply, (size_t)len, MSG_MORE) != len)
        return;
    while (left) {
        off_t from = 0;
        ssize_t sent = sendfile(fd, file, &from,
                                left < FILE_BYTES ? (size_t)left : FILE_BYTES);

        if (sent <= 0)
            return;
        left -= (unsigned long long)sent;
    }
    recv(fd, head, 1, 0);
}

static void discard(int fd)
{
    while (recv(fd, NULL, 4 << 20, MSG_TRUNC) > 0)
        ;
}

int main(void)
{
    struct pollfd p[2];
    int fd;

    load_modules();
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    set(fd, SIOCSIFADDR, ADDRESS);
    set(fd, SIOCSIFNETMASK, MASK);
    set(fd, SIOCSIFFLAGS, NULL);
    file = open("/file", O_RDONLY);
    p[0] = (struct pollfd){.fd = listen_on(80), .events = POLLIN};
    p[1] = (struct pollfd){.fd = listen_on(9), .events = POLLIN};
    printf("serving\n");
    for (;;) {
        poll(p, 2, -1);
        for (int i = 0; i < 2; i++) {
            if (!p[i].revents)
                continue;
            fd = accept(p[i].fd, NULL, NULL);
            if (i == 0)
                serve(fd);
            else
                discard(fd);
            close(fd);
        }
    }
}
