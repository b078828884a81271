/* What generated programs and the shared routines are written with: vectors of the machine's width, and functions of their lanes. */
#ifndef SCOPE_H
#define SCOPE_H
#include <stdint.h>

#define VECTOR_BYTES SCOPE_VECTOR_BYTES
/* Lanes of a vector of 4-byte elements. Kernels that hold float64 have half as many, and keep 4-byte elements in vectors of half the bytes. */
#define LANES (VECTOR_BYTES / 4)
#define HALF_LANES (VECTOR_BYTES / 8)

#define inlined static inline __attribute__((always_inline))

typedef float f32 __attribute__((vector_size(VECTOR_BYTES)));
typedef int32_t i32 __attribute__((vector_size(VECTOR_BYTES)));
typedef double f64 __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t i64 __attribute__((vector_size(VECTOR_BYTES)));
typedef float half_f32 __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef int32_t half_i32 __attribute__((vector_size(VECTOR_BYTES / 2)));

/* The same in memory, at any address, whatever the memory is used for besides. */
typedef float f32_at __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef int32_t i32_at __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef double f64_at __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
typedef float half_f32_at __attribute__((vector_size(VECTOR_BYTES / 2), aligned(4), may_alias));
typedef int32_t half_i32_at __attribute__((vector_size(VECTOR_BYTES / 2), aligned(4), may_alias));
typedef uint8_t bytes_at __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint8_t half_bytes_at __attribute__((vector_size(HALF_LANES), aligned(1), may_alias));
typedef float float_at __attribute__((may_alias));
typedef double double_at __attribute__((may_alias));
typedef int32_t int_at __attribute__((may_alias));

/* a·b + c, rounded once where the machine can. */
#if defined(__clang__) && defined(__has_builtin)
#if __has_builtin(__builtin_elementwise_fma)
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#endif
#elif VECTOR_BYTES == 64 && defined(__AVX512F__)
#define FMA(a, b, c) ((f32)__builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4))
#elif VECTOR_BYTES == 32 && defined(__FMA__)
#define FMA(a, b, c) ((f32)__builtin_ia32_vfmaddps256(a, b, c))
#elif VECTOR_BYTES == 16 && defined(__FMA__)
#define FMA(a, b, c) ((f32)__builtin_ia32_vfmaddps(a, b, c))
#elif VECTOR_BYTES == 16 && defined(__ARM_NEON)
#include <arm_neon.h>
#define FMA(a, b, c) ((f32)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#endif
#ifndef FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#endif

inlined int32_t to_int32(double x);

/* The lanes that a vector of positions names. */
#ifdef __clang__
#define SHUFFLE(x, V, positions, L)                                                                                  \
  ({                                                                                                                 \
    V y_;                                                                                                            \
    for (int i_ = 0; i_ < L; i_++) y_[i_] = (x)[(positions)[i_]];                                                    \
    y_;                                                                                                              \
  })
#else
#define SHUFFLE(x, V, positions, L) __builtin_shuffle(x, positions)
#endif

/* Functions of `lanes` lanes of 4-byte elements: F float32, I int32 and masks (0 or −1), B bytes in memory. `n` is how many lanes count. */
#define FUNCTIONS_OF_LANES(P, L, F, I, B)                                                                            \
  inlined F P##_splat_float32(float x) { return x - (F){0}; }                                                        \
  inlined I P##_splat_int32(int32_t x) { return x + (I){0}; }                                                        \
  inlined I P##_splat_bool(int x) { return P##_splat_int32(-(x != 0)); }                                             \
  inlined F P##_load_float32(const char *p) { return *(const F##_at *)p; }                                           \
  inlined I P##_load_int32(const char *p) { return *(const I##_at *)p; }                                             \
  inlined I P##_load_bool(const char *p) { return __builtin_convertvector(*(const B *)p, I) != 0; }                  \
  inlined F P##_at_float32(const char *p) { return P##_splat_float32(*(const float_at *)p); }                        \
  inlined I P##_at_int32(const char *p) { return P##_splat_int32(*(const int_at *)p); }                              \
  inlined I P##_at_bool(const char *p) { return P##_splat_bool(*p); }                                                \
  inlined I P##_iota(int32_t start) {                                                                                \
    I y;                                                                                                             \
    for (int i = 0; i < L; i++) y[i] = start + i;                                                                    \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined I P##_first(long n) { return P##_iota(0) < P##_splat_int32((int32_t)n); }                                  \
  inlined F P##_select_float32(I c, F a, F b) { return (F)((c & (I)a) | (~c & (I)b)); }                              \
  inlined I P##_select_int32(I c, I a, I b) { return (c & a) | (~c & b); }                                           \
  inlined I P##_select_bool(I c, I a, I b) { return (c & a) | (~c & b); }                                            \
  inlined int P##_any(I m) {                                                                                         \
    int any = 0;                                                                                                     \
    for (int i = 0; i < L; i++) any |= m[i];                                                                         \
    return any;                                                                                                      \
  }                                                                                                                  \
  inlined F P##_abs_float32(F x) { return (F)((I)x & 0x7fffffff); }                                                  \
  inlined F P##_with_sign(F magnitude, F sign) {                                                                     \
    return (F)(((I)magnitude & 0x7fffffff) | ((I)sign & (int32_t)0x80000000));                                       \
  }                                                                                                                  \
  inlined F P##_sign_float32(F x) {                                                                                  \
    return P##_select_float32(P##_abs_float32(x) > 0, P##_with_sign(P##_splat_float32(1), x), x);                    \
  }                                                                                                                  \
  inlined F P##_exchange_float32(F x, int h) { return SHUFFLE(x, F, P##_iota(0) ^ h, L); }                           \
  inlined I P##_exchange_int32(I x, int h) { return SHUFFLE(x, I, P##_iota(0) ^ h, L); }                             \
  inlined I P##_exchange_bool(I x, int h) { return SHUFFLE(x, I, P##_iota(0) ^ h, L); }                              \
  inlined I P##_abs_int32(I x) { return P##_select_int32(x < 0, -x, x); }                                            \
  inlined I P##_sign_int32(I x) { return ((x > 0) & 1) | (x < 0); }                                                    \
  inlined F P##_round_float32(F x) {                                                                                 \
    F m = P##_abs_float32(x);                                                                                        \
    return P##_select_float32(m < 0x1p23f, P##_with_sign(m + 0x1p23f - 0x1p23f, x), x);                              \
  }                                                                                                                  \
  inlined F P##_floor_float32(F x) {                                                                                 \
    F r = P##_round_float32(x);                                                                                      \
    return P##_with_sign(P##_select_float32(r > x, r - 1, r), x);                                                    \
  }                                                                                                                  \
  inlined F P##_ceil_float32(F x) {                                                                                  \
    F r = P##_round_float32(x);                                                                                      \
    return P##_with_sign(P##_select_float32(r < x, r + 1, r), x);                                                    \
  }                                                                                                                  \
  /* NaN wins; −0 is less than 0. */                                                                                 \
  inlined F P##_max_float32(F a, F b) {                                                                              \
    F y = P##_select_float32(a == b, (F)((I)a & (I)b), P##_select_float32(a > b, a, b));                             \
    return P##_select_float32(a != a, a, y);                                                                         \
  }                                                                                                                  \
  inlined F P##_min_float32(F a, F b) {                                                                              \
    F y = P##_select_float32(a == b, (F)((I)a | (I)b), P##_select_float32(a < b, a, b));                             \
    return P##_select_float32(a != a, a, y);                                                                         \
  }                                                                                                                  \
  inlined I P##_max_int32(I a, I b) { return P##_select_int32(a > b, a, b); }                                        \
  inlined I P##_min_int32(I a, I b) { return P##_select_int32(a < b, a, b); }                                        \
  inlined F P##_flush(F x) { return P##_select_float32(P##_abs_float32(x) < 0x1p-126f, (F){0}, x); }                 \
  inlined I P##_truncate_float32(F x, long n) {                                                                      \
    I y = __builtin_convertvector(x, I);                                                                             \
    if (P##_any(~(P##_abs_float32(x) < 0x1p31f)))                                                                    \
      for (int i = 0; i < L && i < n; i++) y[i] = to_int32(x[i]);                                                    \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined F P##_each_float32(double (*f)(double), F x, long n) {                                                     \
    F y = x;                                                                                                         \
    for (int i = 0; i < L && i < n; i++) y[i] = (float)f(x[i]);                                                      \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined F P##_pairs_float32(double (*f)(double, double), F a, F b, long n) {                                       \
    F y = a;                                                                                                         \
    for (int i = 0; i < L && i < n; i++) y[i] = (float)f(a[i], b[i]);                                                \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined I P##_each_int32(double (*f)(double), I x, long n) {                                                       \
    I y = x;                                                                                                         \
    for (int i = 0; i < L && i < n; i++) y[i] = to_int32(f(x[i]));                                                   \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined I P##_pairs_int32(int32_t (*f)(int32_t, int32_t), I a, I b, long n) {                                      \
    I y = a;                                                                                                         \
    for (int i = 0; i < L && i < n; i++) y[i] = f(a[i], b[i]);                                                       \
    return y;                                                                                                        \
  }                                                                                                                  \
  MEMORY_OF_LANES(P, L, float32, F, F##_at, float_at, , )                                                            \
  MEMORY_OF_LANES(P, L, int32, I, I##_at, int_at, , )                                                                \
  MEMORY_OF_LANES(P, L, bool, I, B, uint8_t, -(int32_t), &1)                                                         \
  inlined void P##_store_float32(char *p, F v, long n) {                                                             \
    if (n >= L)                                                                                                      \
      *(F##_at *)p = v;                                                                                              \
    else                                                                                                             \
      P##_scatter_float32(p, v, 4, n);                                                                               \
  }                                                                                                                  \
  inlined void P##_store_int32(char *p, I v, long n) {                                                               \
    if (n >= L)                                                                                                      \
      *(I##_at *)p = v;                                                                                              \
    else                                                                                                             \
      P##_scatter_int32(p, v, 4, n);                                                                                 \
  }                                                                                                                  \
  inlined void P##_store_bool(char *p, I v, long n) {                                                                \
    if (n >= L)                                                                                                      \
      *(B *)p = __builtin_convertvector(v & 1, B);                                                                   \
    else                                                                                                             \
      P##_scatter_bool(p, v, 1, n);                                                                                  \
  }

/* Elements at equal distances, and at positions that another vector holds. No lane past the first `n` is read or written. */
#define MEMORY_OF_LANES(P, L, T, V, AT, ELEMENT, IN, OUT)                                                            \
  inlined V P##_stride_##T(const char *p, long stride, long n) {                                                     \
    V y = {0};                                                                                                       \
    if (n >= L) {                                                                                                    \
      _Pragma("GCC unroll 16") for (int i = 0; i < L; i++) y[i] = IN * (const ELEMENT *)(p + i * stride);            \
    } else                                                                                                           \
      for (int i = 0; i < n; i++) y[i] = IN * (const ELEMENT *)(p + i * stride);                                     \
    return y;                                                                                                        \
  }                                                                                                                  \
  inlined void P##_scatter_##T(char *p, V v, long stride, long n) {                                                  \
    for (int i = 0; i < L && i < n; i++) *(ELEMENT *)(p + i * stride) = v[i] OUT;                                    \
  }

#define GATHER_OF_LANES(P, L, T, V, I, ELEMENT, IN)                                                                  \
  inlined V P##_gather_##T(const char *p, long stride, I index, long scale, long n) {                                \
    V y = {0};                                                                                                       \
    if (n >= L) {                                                                                                    \
      _Pragma("GCC unroll 16") for (int i = 0; i < L; i++)                                                           \
        y[i] = IN * (const ELEMENT *)(p + i * stride + index[i] * scale);                                            \
    } else                                                                                                           \
      for (int i = 0; i < n; i++) y[i] = IN * (const ELEMENT *)(p + i * stride + index[i] * scale);                  \
    return y;                                                                                                        \
  }

FUNCTIONS_OF_LANES(full, LANES, f32, i32, bytes_at)
FUNCTIONS_OF_LANES(half, HALF_LANES, half_f32, half_i32, half_bytes_at)
MEMORY_OF_LANES(half, HALF_LANES, float64, f64, f64_at, double_at, , )
GATHER_OF_LANES(full, LANES, float32, f32, i32, float_at, )
GATHER_OF_LANES(full, LANES, int32, i32, i32, int_at, )
GATHER_OF_LANES(full, LANES, bool, i32, i32, uint8_t, -(int32_t))
GATHER_OF_LANES(half, HALF_LANES, float32, half_f32, half_i32, float_at, )
GATHER_OF_LANES(half, HALF_LANES, int32, half_i32, half_i32, int_at, )
GATHER_OF_LANES(half, HALF_LANES, bool, half_i32, half_i32, uint8_t, -(int32_t))
GATHER_OF_LANES(half, HALF_LANES, float64, f64, half_i32, double_at, )

/* float64, in kernels of half as many lanes. */
inlined f64 half_splat_float64(double x) { return x - (f64){0}; }
inlined f64 half_load_float64(const char *p) { return *(const f64_at *)p; }
inlined f64 half_at_float64(const char *p) { return half_splat_float64(*(const double_at *)p); }
inlined void half_store_float64(char *p, f64 v, long n) {
  if (n >= HALF_LANES)
    *(f64_at *)p = v;
  else
    half_scatter_float64(p, v, 8, n);
}
inlined f64 half_exchange_float64(f64 x, int h) {
  return SHUFFLE(x, f64, __builtin_convertvector(half_iota(0) ^ h, i64), HALF_LANES);
}
inlined half_i32 mask_of(i64 mask) { return __builtin_convertvector(mask, half_i32); }
inlined f64 pick64(i64 c, f64 a, f64 b) { return (f64)((c & (i64)a) | (~c & (i64)b)); }
inlined f64 half_select_float64(half_i32 c, f64 a, f64 b) { return pick64(__builtin_convertvector(c, i64), a, b); }
inlined f64 half_abs_float64(f64 x) { return (f64)((i64)x & 0x7fffffffffffffff); }
inlined f64 with_sign64(f64 magnitude, f64 sign) {
  return (f64)(((i64)magnitude & 0x7fffffffffffffff) | ((i64)sign & (int64_t)0x8000000000000000));
}
inlined f64 half_sign_float64(f64 x) { return pick64(half_abs_float64(x) > 0, with_sign64(half_splat_float64(1), x), x); }
inlined f64 half_round_float64(f64 x) {
  f64 m = half_abs_float64(x);
  return pick64(m < 0x1p52, with_sign64(m + 0x1p52 - 0x1p52, x), x);
}
inlined f64 half_floor_float64(f64 x) {
  f64 r = half_round_float64(x);
  return with_sign64(pick64(r > x, r - 1, r), x);
}
inlined f64 half_ceil_float64(f64 x) {
  f64 r = half_round_float64(x);
  return with_sign64(pick64(r < x, r + 1, r), x);
}
inlined f64 half_max_float64(f64 a, f64 b) {
  return pick64(a != a, a, pick64(a == b, (f64)((i64)a & (i64)b), pick64(a > b, a, b)));
}
inlined f64 half_min_float64(f64 a, f64 b) {
  return pick64(a != a, a, pick64(a == b, (f64)((i64)a | (i64)b), pick64(a < b, a, b)));
}
inlined half_i32 half_truncate_float64(f64 x, long n) {
  half_i32 y = {0};
  for (int i = 0; i < HALF_LANES && i < n; i++) y[i] = to_int32(x[i]);
  return y;
}
inlined f64 half_each_float64(double (*f)(double), f64 x, long n) {
  f64 y = x;
  for (int i = 0; i < HALF_LANES && i < n; i++) y[i] = f(x[i]);
  return y;
}
inlined f64 half_pairs_float64(double (*f)(double, double), f64 a, f64 b, long n) {
  f64 y = a;
  for (int i = 0; i < HALF_LANES && i < n; i++) y[i] = f(a[i], b[i]);
  return y;
}

/* Square roots: the one correctly rounded function that vector extensions leave out. */
inlined f32 full_sqrt_float32(f32 x) {
#if defined(__clang__) && __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#elif !defined(__clang__) && VECTOR_BYTES == 64 && defined(__AVX512F__)
  return (f32)__builtin_ia32_sqrtps512_mask(x, x, -1, 4);
#elif !defined(__clang__) && VECTOR_BYTES == 32 && defined(__AVX__)
  return (f32)__builtin_ia32_sqrtps256(x);
#elif !defined(__clang__) && VECTOR_BYTES == 16 && defined(__SSE__)
  return (f32)__builtin_ia32_sqrtps(x);
#else
  f32 y;
  for (int i = 0; i < LANES; i++) y[i] = __builtin_sqrtf(x[i]);
  return y;
#endif
}
inlined half_f32 half_sqrt_float32(half_f32 x) {
  half_f32 y;
  for (int i = 0; i < HALF_LANES; i++) y[i] = __builtin_sqrtf(x[i]);
  return y;
}
inlined f64 half_sqrt_float64(f64 x) {
#if defined(__clang__) && __has_builtin(__builtin_elementwise_sqrt)
  return __builtin_elementwise_sqrt(x);
#elif !defined(__clang__) && VECTOR_BYTES == 64 && defined(__AVX512F__)
  return (f64)__builtin_ia32_sqrtpd512_mask(x, x, -1, 4);
#elif !defined(__clang__) && VECTOR_BYTES == 32 && defined(__AVX__)
  return (f64)__builtin_ia32_sqrtpd256(x);
#elif !defined(__clang__) && VECTOR_BYTES == 16 && defined(__SSE2__)
  return (f64)__builtin_ia32_sqrtpd(x);
#else
  f64 y;
  for (int i = 0; i < HALF_LANES; i++) y[i] = __builtin_sqrt(x[i]);
  return y;
#endif
}

/* The two halves of a vector as float64, and back. */
typedef union {
  f32 whole;
  half_f32 half[2];
} halves;
inlined f64 low_half(f32 x) { return __builtin_convertvector(((halves){x}).half[0], f64); }
inlined f64 high_half(f32 x) { return __builtin_convertvector(((halves){x}).half[1], f64); }
inlined f32 from_halves(f64 low, f64 high) {
  halves y;
  y.half[0] = __builtin_convertvector(low, half_f32);
  y.half[1] = __builtin_convertvector(high, half_f32);
  return y.whole;
}
inlined f32 widened(half_f32 x) {
  halves y;
  y.half[0] = y.half[1] = x;
  return y.whole;
}
inlined half_f32 narrowed(f32 x) { return ((halves){x}).half[0]; }

/* JavaScript's |0. */
double trunc(double), fmod(double, double);
inlined int32_t to_int32(double x) {
  if (x > -2147483649.0 && x < 2147483648.0) return (int32_t)x;
  if (!(__builtin_fabs(x) < __builtin_inf())) return 0;
  double rest = fmod(trunc(x), 4294967296.0);
  return (int32_t)(uint32_t)(int64_t)rest;
}
#endif
