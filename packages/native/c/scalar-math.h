/* Functions of single numbers, in double precision: where vectors have no polynomial, and for float64. */
#ifndef SCOPE_SCALAR_MATH_H
#define SCOPE_SCALAR_MATH_H
#include "scope.h"
double exp(double), expm1(double), log(double), log1p(double), sin(double), cos(double), tan(double), asin(double),
    acos(double), atan(double), sinh(double), cosh(double), tanh(double), asinh(double), acosh(double), atanh(double),
    erf(double), pow(double, double), atan2(double, double), sqrt(double);

static double sigmoid(double x) {
  double e = exp(-__builtin_fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}
/* The result takes the divisor's sign, a zero too. */
static double floor_mod(double x, double y) {
  double r = fmod(x, y);
  if (r == 0) return y < 0 ? -0.0 : 0.0;
  return (r < 0) != (y < 0) ? r + y : r;
}
static int32_t divide_int(int32_t x, int32_t y) {
  if (y == 0) return 0;
  return y == -1 ? (int32_t)(0u - (uint32_t)x) : x / y;
}
static int32_t floor_mod_int(int32_t x, int32_t y) {
  if (y == 0 || y == -1) return 0;
  int32_t r = x % y;
  return r != 0 && (r ^ y) < 0 ? r + y : r;
}
static int32_t power_int(int32_t x, int32_t y) {
  if (y < 0) return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
  uint32_t result = 1, base = (uint32_t)x;
  for (uint32_t e = (uint32_t)y; e > 0; e >>= 1, base *= base)
    if (e & 1) result *= base;
  return (int32_t)result;
}
static int32_t atan2_int(int32_t x, int32_t y) { return to_int32(atan2(x, y)); }
#endif
