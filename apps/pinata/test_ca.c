/* SPDX-License-Identifier: ISC */
/*
 * test_ca.c - the CA of --test: tests/certs/ca.crt and ca.key.  Its key is
 * published, here.
 */
#include "pinata.h"

const char test_ca_cert[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBijCCATCgAwIBAgICA+gwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOQmlsbGV0\n"
    "IFRlc3QgQ0EwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBkxFzAV\n"
    "BgNVBAMMDkJpbGxldCBUZXN0IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "qBqOxZsVuqIP37U1l2Sl9CO4qM8dWORFxXdwBMelCYHMtySYnm/XIOuAML2rRvqZ\n"
    "j6sdu6kdG79PJTVrM9GOxqNmMGQwEgYDVR0TAQH/BAgwBgEB/wIBAjAOBgNVHQ8B\n"
    "Af8EBAMCAQYwHQYDVR0OBBYEFMtXV10fvOVHWzAAumJuHJzl9VJIMB8GA1UdIwQY\n"
    "MBaAFMtXV10fvOVHWzAAumJuHJzl9VJIMAoGCCqGSM49BAMCA0gAMEUCIHk+cUIG\n"
    "XtIp8RydKo2upFrxUe48Izz0zA5kLu4DBYUCAiEA62+AjO1JdO19QbxyZ1SlutBv\n"
    "kkS1zRhBCZmibf+dVe4=\n"
    "-----END CERTIFICATE-----\n";

const char test_ca_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPHpI+/oduyBm7ZT3\n"
    "rxXfTore8Ixo/iK6DzDWA7GW12ChRANCAASoGo7FmxW6og/ftTWXZKX0I7iozx1Y\n"
    "5EXFd3AEx6UJgcy3JJieb9cg64AwvatG+pmPqx27qR0bv08lNWsz0Y7G\n"
    "-----END PRIVATE KEY-----\n";
