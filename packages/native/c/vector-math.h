/* float32 functions of all lanes at once: polynomials within 2.5 units in the last place, right at ±0, subnormals, ±∞ and NaN. */
#ifndef SCOPE_VECTOR_MATH_H
#define SCOPE_VECTOR_MATH_H
#include "scalar-math.h"

#define SPLAT(x) full_splat_float32(x)
#define PICK full_select_float32

/* z = n·ln 2 + r with |r| ≤ ln 2 / 2; `t` holds n in its low bits. */
typedef struct {
  f32 t, n, r;
} reduced;
inlined reduced reduce_exp(f32 z) {
  const f32 rounding = SPLAT(12582912.0f); /* 1.5·2²³: adding it leaves the nearest whole number in the low bits */
  f32 t = FMA(z, SPLAT(1.4426950408889634f), rounding);
  f32 n = t - rounding;
  /* ln 2 in two parts: the first times n is exact. */
  f32 r = FMA(-n, SPLAT(0.693359375f), z);
  return (reduced){t, n, FMA(-n, SPLAT(-2.1219444e-4f), r)};
}
/* e^r − 1 for a reduced r. */
inlined f32 expm1_reduced(f32 r) {
  f32 q = SPLAT(0.0013950727880001068f);
  q = FMA(q, r, SPLAT(0.008369025774300098f));
  q = FMA(q, r, SPLAT(0.04166620224714279f));
  q = FMA(q, r, SPLAT(0.166665181517601f));
  q = FMA(q, r, SPLAT(0.5f));
  return FMA(q, r * r, r);
}
/* 2ⁿ for n in −126 … 127. */
inlined f32 power2(f32 t) { return (f32)(((i32)t << 23) + 0x3f800000); }
/* y·2ⁿ in two factors, for any n that exp meets. */
inlined f32 times_power2(f32 y, f32 t) {
  i32 n = (i32)t - 0x4b400000;
  i32 half = n >> 1;
  return y * (f32)((half + 127) << 23) * (f32)((n - half + 127) << 23);
}
/* The value where it lies between; NaN stays. */
inlined f32 at_most(f32 x, float limit) { return PICK(x > limit, SPLAT(limit), x); }
inlined f32 at_least(f32 x, float limit) { return PICK(x < limit, SPLAT(limit), x); }

static f32 full_exp_float32(f32 x) {
  reduced a = reduce_exp(at_least(at_most(x, 89), -104));
  return times_power2(expm1_reduced(a.r) + 1, a.t);
}

static f32 full_expm1_float32(f32 x) {
  reduced a = reduce_exp(at_least(at_most(x, 89), -20));
  f32 p = expm1_reduced(a.r);
  f32 big = times_power2(p + 1, a.t) - 1;
  f32 scale = power2(a.t);
  f32 y = FMA(p, scale, scale - 1);
  return PICK(full_abs_float32(x) < 1e-10f, x, PICK(a.n > 100, big, y));
}

static f32 full_tanh_float32(f32 x) {
  f32 m = full_abs_float32(x);
  reduced a = reduce_exp(at_most(m + m, 18.2f));
  f32 scale = power2(a.t);
  f32 e = FMA(scale, expm1_reduced(a.r), scale);
  f32 big = 1 - 2 / (e + 1);
  f32 w = x * x;
  f32 q = SPLAT(-5.70498872745e-3f);
  q = FMA(q, w, SPLAT(2.06390887954e-2f));
  q = FMA(q, w, SPLAT(-5.37397155531e-2f));
  q = FMA(q, w, SPLAT(1.33314422036e-1f));
  q = FMA(q, w, SPLAT(-3.33332819422e-1f));
  return full_with_sign(PICK(m < 0.625f, FMA(q * w, m, m), big), x);
}

static f32 full_sigmoid_float32(f32 x) {
  /* e^−|x| = (e^r · 2ⁿ⁺⁶⁴) · 2⁻⁶⁴: the first product is exact, the second rounds once, also below the least normal number. */
  reduced a = reduce_exp(at_least(-full_abs_float32(x), -104));
  f32 p = expm1_reduced(a.r) + 1;
  f32 e = p * (f32)(((i32)a.t << 23) + (0x3f800000 + (64 << 23))) * 0x1p-64f;
  return PICK((i32)x >> 31, e, SPLAT(1)) / (e + 1);
}

/* log x, for 0, ∞, NaN, negative and subnormal x too, plus a small correction. */
inlined f32 log_plus(f32 x, f32 correction) {
  i32 tiny = x < 0x1p-126f;
  f32 scaled = PICK(tiny, x * 0x1p24f, x);
  i32 u = (i32)scaled - 0x3f3504f3;
  f32 e = __builtin_convertvector(u >> 23, f32) + (f32)(tiny & (i32)SPLAT(-24));
  f32 f = (f32)((i32)scaled - (u & (int32_t)0xff800000)) - 1;
  f32 q = SPLAT(7.037683629e-2f);
  q = FMA(q, f, SPLAT(-1.151461031e-1f));
  q = FMA(q, f, SPLAT(1.167699874e-1f));
  q = FMA(q, f, SPLAT(-1.2420140846e-1f));
  q = FMA(q, f, SPLAT(1.4249322787e-1f));
  q = FMA(q, f, SPLAT(-1.6668057665e-1f));
  q = FMA(q, f, SPLAT(2.0000714765e-1f));
  q = FMA(q, f, SPLAT(-2.4999993993e-1f));
  q = FMA(q, f, SPLAT(3.3333331174e-1f));
  f32 f2 = f * f;
  f32 low = FMA(e, SPLAT(-2.1219444e-4f), q * f * f2);
  low = FMA(-f2, SPLAT(0.5f), low) + correction;
  f32 y = FMA(e, SPLAT(0.693359375f), f + low);
  y = PICK(x == 0, SPLAT(-__builtin_inff()), y);
  y = PICK(x < 0, SPLAT(__builtin_nanf("")), y);
  /* ∞ and NaN are their own logarithms. */
  return PICK(x < __builtin_inff(), y, x);
}
static f32 full_log_float32(f32 x) { return log_plus(x, (f32){0}); }
static f32 full_log1p_float32(f32 x) {
  f32 u = x + 1;
  /* What rounding took from 1 + x, relative to it. */
  f32 lost = (x - (u - 1)) / u;
  i32 ordinary = (x > -1) & (x < 1e10f);
  f32 y = log_plus(u, (f32)((i32)lost & ordinary));
  return PICK(full_abs_float32(x) < 0x1p-25f, x, y);
}

/* The two-range form after N. Juffa: x + x·p(x²) below 0.93, 1 − e^p(|x|) above. */
static f32 full_erf_float32(f32 x) {
  f32 t = full_abs_float32(x), s = x * x;
  f32 p = SPLAT(-5.96761703e-4f);
  p = FMA(p, s, SPLAT(4.99119423e-3f));
  p = FMA(p, s, SPLAT(-2.67681349e-2f));
  p = FMA(p, s, SPLAT(1.12819925e-1f));
  p = FMA(p, s, SPLAT(-3.76125336e-1f));
  p = FMA(p, s, SPLAT(1.28379166e-1f));
  f32 near = FMA(p, x, x);
  f32 c = at_most(t, 4);
  f32 r = SPLAT(-1.7285347e-5f);
  r = FMA(r, c, SPLAT(3.83197126e-4f));
  r = FMA(r, c, SPLAT(-3.88396438e-3f));
  r = FMA(r, c, SPLAT(2.42546219e-2f));
  r = FMA(r, c, SPLAT(-1.06777877e-1f));
  r = FMA(r, c, SPLAT(-6.34846687e-1f));
  r = FMA(r, c, SPLAT(-1.28717512e-1f));
  f32 far = 1 - full_exp_float32(FMA(r, c, -c));
  return PICK(t > 0.927734375f, full_with_sign(far, x), near);
}

/* x = n·π/2 + r, in double precision: exact enough for |x| < 2²⁸. */
inlined f64 reduce_quadrant(f64 x, f64 *quadrant) {
  f64 n = half_round_float64(x * 0.63661977236758134308);
  *quadrant = n;
  return x - n * 1.5707963109016418 - n * 1.5893254773528196e-8;
}
inlined f32 sine(f32 x, int32_t shift) {
  f64 n0, n1;
  f64 r0 = reduce_quadrant(low_half(x), &n0), r1 = reduce_quadrant(high_half(x), &n1);
  f32 r = from_halves(r0, r1);
  i32 q = __builtin_convertvector(from_halves(n0 - 4 * half_floor_float64(n0 * 0.25), n1 - 4 * half_floor_float64(n1 * 0.25)), i32) + shift;
  f32 z = r * r;
  f32 s = FMA(FMA(SPLAT(-1.9515295891e-4f), z, SPLAT(8.3321608736e-3f)), z, SPLAT(-1.6666654611e-1f));
  s = FMA(s * z, r, r);
  f32 c = FMA(FMA(SPLAT(2.443315711809948e-5f), z, SPLAT(-1.388731625493765e-3f)), z, SPLAT(4.166664568298827e-2f));
  c = FMA(c * z, z, FMA(-z, SPLAT(0.5f), SPLAT(1)));
  f32 y = PICK(-(q & 1), c, s);
  return (f32)((i32)y ^ ((q & 2) << 30));
}
inlined f32 far_sine(f32 x, f32 y, double (*f)(double)) {
  if (full_any(full_abs_float32(x) >= 0x1p28f))
    for (int i = 0; i < LANES; i++)
      if (__builtin_fabsf(x[i]) >= 0x1p28f) y[i] = (float)f(x[i]);
  return y;
}
static f32 full_sin_float32(f32 x) {
  return far_sine(x, PICK(full_abs_float32(x) < 0x1p-13f, x, sine(x, 0)), sin);
}
static f32 full_cos_float32(f32 x) { return far_sine(x, sine(x, 1), cos); }

#define HALF_OF(name)                                                                                                \
  inlined half_f32 half_##name##_float32(half_f32 x) { return narrowed(full_##name##_float32(widened(x))); }
HALF_OF(exp)
HALF_OF(expm1)
HALF_OF(tanh)
HALF_OF(sigmoid)
HALF_OF(log)
HALF_OF(log1p)
HALF_OF(erf)
HALF_OF(sin)
HALF_OF(cos)
#endif
