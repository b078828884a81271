/* The peak of one core: independent chains of multiply-adds on vectors as wide as the target has, as an addon for Node.
   The few functions of Node-API that it needs are declared here, so that no header has to be installed. */
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
extern int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
extern int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
extern int napi_get_cb_info(napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **);
extern int napi_get_value_double(napi_env, napi_value, double *);
extern int napi_create_double(napi_env, double, napi_value *);

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define WIDTH (BYTES / 4)
#define CHAINS 12
typedef float vector __attribute__((vector_size(BYTES)));

static double peak_of(double multiply_adds) {
  vector sums[CHAINS], a, b;
  for (int i = 0; i < WIDTH; i++) {
    a[i] = 0.5f;
    b[i] = 1.0f + (float)i;
  }
  for (int k = 0; k < CHAINS; k++) sums[k] = b;
  /* The compiler must not know the factors, or it would compute the end value. */
  __asm__ volatile("" : "+m"(a), "+m"(b));
  vector factor = a, term = b;
  for (long rounds = (long)(multiply_adds / (CHAINS * WIDTH)) + 1; rounds > 0; rounds--)
    for (int k = 0; k < CHAINS; k++) sums[k] = sums[k] * factor + term;
  double total = 0;
  for (int k = 0; k < CHAINS; k++)
    for (int i = 0; i < WIDTH; i++) total += (double)sums[k][i];
  return total;
}

static napi_value peak(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  double multiply_adds = 0;
  napi_get_cb_info(env, info, &count, &argument, 0, 0);
  napi_get_value_double(env, argument, &multiply_adds);
  napi_create_double(env, peak_of(multiply_adds), &result);
  return result;
}

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) { return 8; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value f;
  napi_create_function(env, "peak", 4, peak, 0, &f);
  napi_set_named_property(env, exports, "peak", f);
  return exports;
}
