#include "products.h"
#include <stdint.h>

void scope_parallel(scope_pool *pool, long count, long grain, scope_task task, void *context) {
  (void)pool, (void)grain;
  task(context, 0, count);
}

#define PRODUCT(name, type, wide)                                                                                    \
  void name(scope_pool *pool, const scope_product *p, void *scratch) {                                               \
    (void)pool, (void)scratch;                                                                                       \
    const type *a = p->a, *b = p->b, *bias = p->bias;                                                                \
    type *c = p->c;                                                                                                  \
    for (long i = 0; i < p->m; i++)                                                                                  \
      for (long j = 0; j < p->n; j++) {                                                                              \
        type *at = c + i * p->c_row + j * p->c_column;                                                               \
        wide sum = p->mode == 1 ? (wide)*at : p->mode == 2 ? (wide)bias[j * p->bias_step] : 0;                       \
        for (long l = 0; l < p->k; l++)                                                                              \
          sum += (wide)a[i * p->a_row + l * p->a_column] * (wide)b[l * p->b_row + j * p->b_column];                  \
        *at = (type)sum;                                                                                             \
      }                                                                                                              \
  }
PRODUCT(scope_gemm_f32, float, double)
PRODUCT(scope_gemm_f64, double, double)
PRODUCT(scope_gemm_i32, int32_t, uint32_t)

#define PACK(name, type)                                                                                             \
  void name(long k, long n, const type *source, long row, long column, type *packed) {                               \
    for (long i = 0; i < k; i++)                                                                                     \
      for (long j = 0; j < n; j++) packed[i * n + j] = source[i * row + j * column];                                 \
  }
PACK(scope_pack_f32, float)
PACK(scope_pack_f64, double)
