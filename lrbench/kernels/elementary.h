/* Elementary functions of our own: the bits of the C library's differ by processor. */
#ifndef LRBENCH_ELEMENTARY_H
#define LRBENCH_ELEMENTARY_H
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline int64_t bits_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double double_of(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* NaN where one of the two is, as numpy.maximum and numpy.minimum. */
static inline double largest(double a, double b) { return a > b || a != a ? a : b; }
static inline double smallest(double a, double b) { return a < b || a != a ? a : b; }

static inline double sign(double a) { return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : a; }

/* e^x = 2^k e^r with |r| <= log(2)/2; 2^k in two factors, for results near 0 and near overflow. */
static inline double exponential(double x)
{
    const double shift = 0x1.8p52; /* its sum with k has the integer k in its last bits */
    double z = x > 710.0 ? 710.0 : x < -746.0 ? -746.0 : x;
    double shifted = z * 0x1.71547652b82fep0 + shift, k = shifted - shift;
    double r = (z - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
    double r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    double low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6));
    double middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    double high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    double top = 1.0 / 479001600 + r * (1.0 / 6227020800.0);
    double p = (low + r4 * middle) + r8 * (high + r4 * top);
    /* half = floor(n / 2); the shift is that of a positive number, which all processors have. */
    int64_t n = bits_of(shifted) - bits_of(shift);
    int64_t half = (int64_t)((uint64_t)(n + 2048) >> 1) - 1024;
    double first = double_of((int64_t)((uint64_t)(half + 1023) << 52));
    return p * first * double_of((int64_t)((uint64_t)(n - half + 1023) << 52));
}

/* log(u) + excess / u for u > 0, after FreeBSD's e_log.c: u = 2^k (1 + f), s = f / (2 + f). */
static inline double logarithm(double u, double excess)
{
    const int64_t root_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    uint64_t bits = (uint64_t)(bits_of(u) + (one - root_half));
    /* The exponent as a double: its bits below those of 2^52. */
    double k = double_of((int64_t)(bits >> 52) | bits_of(0x1p52)) - (0x1p52 + 1023.0);
    double f = double_of((int64_t)(bits & 0x000fffffffffffff) + root_half) - 1.0;
    double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    double R = z * (0x1.5555555555593p-1 + z * (0x1.999999997fa04p-2 + z * (0x1.2492494229359p-2
        + z * (0x1.c71c51d8e78afp-3 + z * (0x1.7466496cb03dep-3 + z * (0x1.39a09d078c69fp-3
        + z * 0x1.2f112df3e5244p-3))))));
    double rest = s * (h + R) + (k * 0x1.a39ef35793c76p-33 + excess / u);
    return u < INFINITY ? k * 0x1.62e42feep-1 - ((h - rest) - f) : u;
}

static inline double log_of_one_plus(double x)
{
    double u = 1.0 + x;
    return logarithm(u, x - (u - 1.0));
}

#endif
