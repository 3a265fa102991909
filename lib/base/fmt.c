/* SPDX-License-Identifier: ISC */
/*
 * fmt.c - text from values: the printf subset that log.h names, and no other.
 *
 * What a format asks for beyond the subset stops the image: formats are the
 * author's own text, and the compiler has checked them against printf's rules.
 */
#include <base/bytes.h>
#include <base/fmt.h>

enum { DIGITS_MAX = 20, COUNT_MAX = 65535 };

struct out {
    char *p;
    size_t n, size; /* size counts the final zero */
    bool clean;     /* show control bytes of arguments as '?' */
    va_list args;
};

/* One conversion, after the '%'. */
struct spec {
    bool left, zero, has_precision;
    unsigned width, precision;
    unsigned bits; /* of the argument: l, ll, z and p 64, h 16, hh 8 */
    char type;
};

static void put(struct out *o, char c)
{
    if (o->n + 1 < o->size)
        o->p[o->n++] = c;
}

static void put_argument(struct out *o, char c)
{
    put(o, o->clean && ((uint8_t)c < 0x20 || c == 0x7f) ? '?' : c);
}

static void pad(struct out *o, char c, size_t have, size_t want)
{
    for (; have < want; have++)
        put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text)
{
    size_t most = s->has_precision ? s->precision : SIZE_MAX, n = 0;

    if (!text)
        text = "(null)";
    while (n < most && text[n])
        n++;
    if (!s->left)
        pad(o, ' ', n, s->width);
    for (size_t i = 0; i < n; i++)
        put_argument(o, text[i]);
    if (s->left)
        pad(o, ' ', n, s->width);
}

unsigned fmt_u64(char *out, uint64_t v)
{
    char digits[DIGITS_MAX];
    unsigned n = 0;

    do
        digits[n++] = (char)('0' + v % 10);
    while (v /= 10);
    for (unsigned i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

static unsigned hex(char *out, uint64_t v, const char *alphabet)
{
    unsigned n = 1;

    while (n < 16 && v >> (4 * n))
        n++;
    for (unsigned i = 0; i < n; i++)
        out[i] = alphabet[v >> (4 * (n - 1 - i)) & 15];
    return n;
}

/* `sign` is the text in front of the digits: "-", "0x" or "". */
static void put_number(struct out *o, const struct spec *s, const char *sign,
                       uint64_t v)
{
    char digits[DIGITS_MAX];
    unsigned n, nsign = (unsigned)strlen(sign), ndigits;

    if (s->type == 'x' || s->type == 'p')
        n = hex(digits, v, "0123456789abcdef");
    else if (s->type == 'X')
        n = hex(digits, v, "0123456789ABCDEF");
    else
        n = fmt_u64(digits, v);
    ndigits = n;
    if (s->has_precision && s->precision > ndigits)
        ndigits = s->precision;
    else if (s->zero && !s->left && !s->has_precision &&
             s->width > nsign + ndigits)
        ndigits = s->width - nsign;

    if (!s->left)
        pad(o, ' ', nsign + ndigits, s->width);
    for (unsigned i = 0; i < nsign; i++)
        put(o, sign[i]);
    pad(o, '0', n, ndigits);
    for (unsigned i = 0; i < n; i++)
        put(o, digits[i]);
    if (s->left)
        pad(o, ' ', nsign + ndigits, s->width);
}

/* A number in the format, or '*': the next argument. */
static int count(struct out *o, const char **f)
{
    int n = 0;

    if (**f == '*') {
        (*f)++;
        n = va_arg(o->args, int);
        return n > COUNT_MAX ? COUNT_MAX : n < -COUNT_MAX ? -COUNT_MAX : n;
    }
    for (; **f >= '0' && **f <= '9'; (*f)++)
        if (n <= COUNT_MAX / 10)
            n = n * 10 + (**f - '0');
    return n;
}

/* Reads a conversion; *f stands behind the '%' and moves behind the type. */
static struct spec spec_read(struct out *o, const char **f)
{
    struct spec s = {.bits = 32};
    int n;

    for (; **f == '-' || **f == '0'; (*f)++)
        *(**f == '-' ? &s.left : &s.zero) = true;
    n = count(o, f);
    s.left |= n < 0;
    s.width = (unsigned)(n < 0 ? -n : n);
    if (**f == '.') {
        (*f)++;
        n = count(o, f);
        s.has_precision = n >= 0;
        s.precision = n < 0 ? 0 : (unsigned)n;
    }
    for (; **f == 'l' || **f == 'z'; (*f)++)
        s.bits = 64;
    for (; **f == 'h'; (*f)++)
        s.bits = s.bits == 32 ? 16 : 8;
    s.type = **f;
    if (s.type)
        (*f)++;
    return s;
}

static void put_signed(struct out *o, const struct spec *s)
{
    int64_t v = s->bits == 64 ? va_arg(o->args, long) : va_arg(o->args, int);

    if (s->bits == 16)
        v = (int16_t)v;
    else if (s->bits < 16)
        v = (int8_t)v;
    put_number(o, s, v < 0 ? "-" : "", v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void put_unsigned(struct out *o, const struct spec *s)
{
    uint64_t v = s->bits == 64 ? va_arg(o->args, unsigned long)
                               : va_arg(o->args, unsigned);

    if (s->bits == 16)
        v = (uint16_t)v;
    else if (s->bits < 16)
        v = (uint8_t)v;
    put_number(o, s, "", v);
}

static void put_char(struct out *o, const struct spec *s)
{
    char c = (char)va_arg(o->args, int);

    if (!s->left)
        pad(o, ' ', 1, s->width);
    put_argument(o, c);
    if (s->left)
        pad(o, ' ', 1, s->width);
}

static void convert(struct out *o, const struct spec *s)
{
    switch (s->type) {
    case '%':
        put(o, '%');
        break;
    case 's':
        put_text(o, s, va_arg(o->args, const char *));
        break;
    case 'c':
        put_char(o, s);
        break;
    case 'd':
    case 'i':
        put_signed(o, s);
        break;
    case 'u':
    case 'x':
    case 'X':
        put_unsigned(o, s);
        break;
    case 'p':
        put_number(o, s, "0x", (uintptr_t)va_arg(o->args, void *));
        break;
    default:
        panic(__FILE__, __LINE__, "a format that fmt() does not know");
    }
}

static size_t print(char *text, size_t size, bool clean, const char *f,
                    va_list args)
{
    struct out o = {.p = text, .size = size, .clean = clean};

    va_copy(o.args, args);
    while (*f) {
        struct spec s;

        if (*f != '%') {
            put(&o, *f++);
            continue;
        }
        f++;
        s = spec_read(&o, &f);
        convert(&o, &s);
    }
    va_end(o.args);
    if (size)
        text[o.n] = 0;
    return o.n;
}

size_t vfmt(char *out, size_t size, const char *format, va_list args)
{
    return print(out, size, false, format, args);
}

size_t vfmt_clean(char *out, size_t size, const char *format, va_list args)
{
    return print(out, size, true, format, args);
}

size_t fmt(char *out, size_t size, const char *format, ...)
{
    va_list args;
    size_t n;

    va_start(args, format);
    n = print(out, size, false, format, args);
    va_end(args);
    return n;
}

bool parse_u64(struct span text, uint64_t *out)
{
    uint64_t v = 0;

    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        unsigned d = (unsigned)text.p[i] - '0';

        if (d > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, d, &v))
            return false;
    }
    *out = v;
    return true;
}
