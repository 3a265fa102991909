/* SPDX-License-Identifier: ISC */
/*
 * config_disks.c - keys from a disk that a platform attaches: NoCloud's, with
 * the label `cidata`, and OpenStack's `config-2`; ISO 9660 or FAT.
 *
 * Read before there is a loop, for keys decide about memory and networks.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <disk/volume.h>
#include <log/log_impl.h>
#include <platform/network.h>
#include <proto/json.h>

#include "config.h"
#include "disks.h"

enum {
    FILE_BYTES = 65536, /* of a file; beyond: refused, or not read */
    HOST_BYTES = 64
};

static struct {
    struct env *env;
    struct files volume;
    const char *disk; /* the device's name */
    uint8_t text[FILE_BYTES];
} from;

static enum err read(struct files *f, uint64_t sector, struct mspan into)
{
    return disks_read_now(f->blk, sector, into);
}

static bool open_volume(struct blk *b, const char *label)
{
    struct files *f = &from.volume;

    f->blk = b;
    f->block = b->block_size;
    f->read = read;
    f->cached = 0;
    from.disk = b->device;
    return !b->failed &&
           !volume_search(f, b->sectors * BLK_SECTOR_BYTES, label);
}

/* False: there is no such file, or it cannot be read, which the log says. */
static bool read_file(const char *path, struct span *out)
{
    size_t n;
    enum err err = files_read(&from.volume, path,
                              (struct mspan){from.text, FILE_BYTES}, &n);

    *out = (struct span){from.text, n};
    if (err && err != E_NOENT)
        log_error(from.env->log, "keys", "%s: %s: %s", from.disk, path,
                  err == E_FULL ? "longer than 65,536 bytes" : err_name(err));
    return !err;
}

static enum err take_user_data(enum settings_source source, const char *path,
                               char *error, size_t size)
{
    struct settings *s = config_settings();
    const char *foreign = NULL;
    struct span text;

    if (!read_file(path, &text))
        return OK;
    if (!settings_user_data(s, source, text, &foreign)) {
        fmt(error, size, "%s: %s: %s", settings_source_names[source], path,
            s->why);
        return E_INVAL;
    }
    if (foreign)
        log_warn(from.env->log, "keys",
                 "%s: %s is %s, which is not for an image", from.disk, path,
                 foreign);
    return OK;
}

/* The first label of a host's name, if it is one. */
static void take_host(enum settings_source source, struct span name)
{
    const uint8_t *dot = name.n ? memchr(name.p, '.', name.n) : NULL;

    if (dot)
        name.n = (size_t)(dot - name.p);
    if (name.n == 0 || name.n >= HOST_BYTES ||
        !config_knows(from.env, SPAN("hostname")))
        return;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i], lower = c | 0x20;

        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
            c != '-') {
            log_warn(from.env->log, "keys", "%s: its host name is none",
                     from.disk);
            return;
        }
    }
    if (!settings_add(config_settings(), source, SPAN("hostname"), &name))
        log_warn(from.env->log, "keys", "%s: %s", from.disk,
                 config_settings()->why);
}

static void say_instance(struct span id)
{
    log_info(from.env->log, "keys", "%s: instance %.*s", from.disk,
             (int)(id.n < HOST_BYTES ? id.n : HOST_BYTES), id.p);
}

static bool take_json(enum settings_source source, struct span text,
                      const char *host, const char *id)
{
    uint8_t room[256];
    struct json root, v;
    size_t n;

    if (!json_parse(&root, text))
        return false;
    if (json_get(&root, host, &v) &&
        json_text(&v, (struct mspan){room, sizeof(room)}, &n))
        take_host(source, (struct span){room, n});
    if (json_get(&root, id, &v) &&
        json_text(&v, (struct mspan){room, sizeof(room)}, &n))
        say_instance((struct span){room, n});
    return true;
}

static void take_meta_data(struct span text)
{
    struct yaml *y = &config_settings()->yaml;

    if (text.n > 0 && text.p[0] == '{' &&
        take_json(SOURCE_CIDATA_META, text, "local-hostname", "instance-id"))
        return;
    yaml_start(y, text, NULL);
    while (yaml_next(y)) {
        struct span v = {y->value, y->n};

        if (yaml_at(y, 0, "local-hostname"))
            take_host(SOURCE_CIDATA_META, v);
        else if (yaml_at(y, 0, "instance-id"))
            say_instance(v);
    }
    if (y->why)
        log_warn(from.env->log, "keys",
                 "%s: meta-data, line %u: %s; the rest "
                 "is not read",
                 from.disk, y->line, y->why);
}

static enum err take_cidata(char *error, size_t size)
{
    struct settings *s = config_settings();
    struct span text;

    if (read_file("/meta-data", &text))
        take_meta_data(text);
    if (read_file("/network-config", &text)) {
        *config_networks() = (struct networks){.source = SOURCE_CIDATA_NETWORK};
        if (!network_config(config_networks(), s, text)) {
            fmt(error, size, "%s: %s",
                settings_source_names[SOURCE_CIDATA_NETWORK], s->why);
            return E_INVAL;
        }
    }
    return take_user_data(SOURCE_CIDATA, "/user-data", error, size);
}

static enum err take_config_2(char *error, size_t size)
{
    struct span text;

    if (read_file("/openstack/latest/meta_data.json", &text) &&
        !take_json(SOURCE_CONFIG_2_META, text, "hostname", "uuid"))
        log_warn(from.env->log, "keys", "%s: meta_data.json is not JSON",
                 from.disk);
    if (config_networks()->n == 0 &&
        read_file("/openstack/latest/network_data.json", &text)) {
        *config_networks() =
            (struct networks){.source = SOURCE_CONFIG_2_NETWORK};
        if (!network_json(config_networks(), text))
            log_warn(from.env->log, "keys", "%s: network_data.json is not JSON",
                     from.disk);
    }
    return take_user_data(SOURCE_CONFIG_2, "/openstack/latest/user_data", error,
                          size);
}

enum err config_disks(struct env *env, struct blk *const *disk, unsigned n,
                      bool *is_config, char *error, size_t size)
{
    static const struct {
        const char *label;
        enum err (*take)(char *error, size_t size);
    } kinds[] = {{"cidata", take_cidata}, {"config-2", take_config_2}};
    bool found = false;
    enum err err = OK;

    from.env = env;
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < n; i++) {
            if (!disk[i] || is_config[i] ||
                !open_volume(disk[i], kinds[k].label))
                continue;
            is_config[i] = found = true;
            log_info(env->log, "keys", "%s: a disk with the label %s",
                     from.disk, from.volume.label);
            if ((err = kinds[k].take(error, size)))
                return err;
            break; /* the first of its kind counts */
        }
    return found ? config_apply(env, error, size) : E_NOENT;
}
