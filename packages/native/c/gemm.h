/* Matrix products: C = A·B, C += A·B or C = bias + A·B, of any sizes and strides. */
#ifndef SCOPE_GEMM_H
#define SCOPE_GEMM_H

#include "pool.h"

/* What the products are added to. */
enum { scope_set = 0, scope_accumulate = 1, scope_bias = 2 };

/* C [m, n] from A [m, k] and B [k, n]; strides in elements. C overlaps neither A, B nor the bias, and no two of its elements
 * share a place. Nothing outside of its elements is written; A and B may be read up to 63 bytes past their last element. */
typedef struct {
  long m, n, k;
  const void *a;
  long a_row, a_column;
  /* Where `packed` is not 0, what scope_pack made of B, and its strides are not read. */
  const void *b;
  long b_row, b_column;
  int packed;
  void *c;
  long c_row, c_column;
  /* [n], read where mode is scope_bias. */
  const void *bias;
  long bias_step;
  int mode;
} scope_product;

/* The results are the same bits for every number of threads. `scratch`: scope_gemm_scratch bytes, aligned to 64, for this call
 * alone. int32 wraps. */
void scope_gemm_f32(scope_pool *pool, const scope_product *product, void *scratch);
void scope_gemm_f64(scope_pool *pool, const scope_product *product, void *scratch);
void scope_gemm_i32(scope_pool *pool, const scope_product *product, void *scratch);

/* Bytes of scratch that a product of elements of `bytes` bytes needs, for every number of threads; 0 for many. */
long scope_gemm_scratch(const scope_product *product, long bytes);

/* Rearranges B for products that use it again and again. `packed`: scope_packed_length elements, aligned to 64. */
void scope_pack_f32(scope_pool *pool, long k, long n, const float *source, long row, long column, float *packed);
void scope_pack_f64(scope_pool *pool, long k, long n, const double *source, long row, long column, double *packed);

/* Elements of a packed B. */
long scope_packed_length(long k, long n, long bytes);

#endif
