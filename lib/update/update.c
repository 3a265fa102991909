/* SPDX-License-Identifier: ISC */
/*
 * update.c - keys, and which disk has the slots.
 */
#include "update_impl.h"

#include <base/bytes.h>

KEY_STRING(update_key, "update-key", "BASE64", NULL,
           "public Ed25519 key that updates must be signed by: base64 of 32 "
           "bytes, or of DER or PEM (default: the file `update-key`)");
KEY_CHOICE(update_slot, "update-slot", "a|b|trial-a|trial-b", NULL,
           "the slot of the disk that was booted; the boot loader says it");
KEY_UINT(confirm, "confirm", "SECONDS", 1, 86400, "60",
         "an update that is not ready after so long is taken back");

METRICS_TABLE(update, UPDATE_METRICS);

enum {
    KEY_FILE_BYTES = 256,
    DISKS_SEARCHED = 8,
    FIBERS = 2 /* one writes an image, or keeps this one; one to spare */
};

static bool booted_from_slot(const struct env *env)
{
    return key_given(env->keys, &key_update_slot);
}

/* The key's text: of the command line, else of the file.  0: none. */
static size_t key_text(const struct env *env, struct mspan out)
{
    const char *text = key_string(env->keys, &key_update_key);
    size_t n;

    if (!text)
        return given_file("update-key", out);
    n = strlen(text) < out.n ? strlen(text) : out.n;
    memcpy(out.p, text, n);
    return n;
}

static bool wants_updates(const struct env *env)
{
    uint8_t text[KEY_FILE_BYTES];

    return booted_from_slot(env) &&
           key_text(env, (struct mspan){text, sizeof(text)}) > 0;
}

void update_wish(const struct env *env, struct limits *l)
{
    size_t n = sizeof(struct update) + 64;

    if (booted_from_slot(env)) {
        n += sizeof(struct files) + 64;
        l->fibers += FIBERS;
    }
    if (wants_updates(env))
        n += UPDATE_IMAGE_MAX + BLK_BLOCK_MAX + X509_WORK_BYTES + 64;
    l->arena_bytes += (uint32_t)n;
}

static enum err take_key(struct update *u)
{
    uint8_t text[KEY_FILE_BYTES];
    size_t n = key_text(u->env, (struct mspan){text, sizeof(text)});

    if (n == 0)
        return OK;
    if (n == sizeof(text) ||
        !x509_ed25519_key(u->key, (struct span){text, n})) {
        log_error(u->env->log, "update",
                  "the key of updates is no Ed25519 public key");
        return E_INVAL;
    }
    u->has_key = true;
    u->memory = (struct mspan){
        arena_raw(u->env->arena, UPDATE_IMAGE_MAX, BLK_BLOCK_MAX),
        UPDATE_IMAGE_MAX};
    u->work = (struct mspan){arena_raw(u->env->arena, X509_WORK_BYTES, 16),
                             X509_WORK_BYTES};
    return OK;
}

static bool find_slots(struct update *u, struct files *scratch)
{
    const struct disks *disks = billet_app_disks;
    struct blk *blk;
    enum err err = E_NOENT;

    for (unsigned i = 0; disks && i < DISKS_SEARCHED && (blk = disks->nth(i));
         i++) {
        if ((err = slots_find(&u->slots, u->env, blk, scratch)))
            continue;
        if (!(err = slots_read(&u->slots, &u->block))) {
            log_info(u->env->log, "update",
                     "two slots of %u KiB on %s: this is %c, sequence %lu",
                     (unsigned)(u->slots.bytes >> 10), blk->device,
                     'a' + u->running, (unsigned long)u->block.sequence);
            return true;
        }
        break;
    }
    log_error(u->env->log, "update",
              "no disk with two slots that can be written: %s", err_name(err));
    return false;
}

enum err update_start(struct env *env, const struct update_config *config,
                      struct update **out)
{
    struct update *u = NEW(env, struct update);
    struct files *scratch;
    const char *slot = key_string(env->keys, &key_update_slot);
    enum err err;

    *out = u;
    u->env = env;
    u->config = *config;
    if (!slot)
        return OK;
    metrics_add(env->metrics, &update_metrics_group, &u->m.installed);
    u->running = slot[strlen(slot) - 1] == 'b';
    scratch = NEW(env, struct files);
    if ((err = take_key(u)))
        return err;
    u->has_slots = find_slots(u, scratch);
    u->m.sequence = u->block.sequence;
    u->trial =
        strlen(slot) > 1 || (u->has_slots && u->running != u->block.keep);
    if (u->trial) {
        u->until = loop_now(env->loop) +
                   key_uint(env->keys, &key_confirm) * NS_PER_SEC;
        update_trial(u);
    }
    return OK;
}
