/* Products of matrices of any strides, in elements: mode 0 sets c, 1 adds to it, 2 starts from a bias row. */
#ifndef SCOPE_PRODUCTS_H
#define SCOPE_PRODUCTS_H
typedef struct scope_pool scope_pool;
typedef void (*scope_task)(void *context, long begin, long end);
void scope_parallel(scope_pool *, long count, long grain, scope_task, void *context);
typedef struct {
  long m, n, k;
  const void *a;
  long a_row, a_column;
  const void *b;
  long b_row, b_column;
  int packed;
  void *c;
  long c_row, c_column;
  const void *bias;
  long bias_step;
  int mode;
} scope_product;
void scope_gemm_f32(scope_pool *, const scope_product *, void *scratch);
void scope_gemm_f64(scope_pool *, const scope_product *, void *scratch);
void scope_gemm_i32(scope_pool *, const scope_product *, void *scratch);
void scope_pack_f32(long k, long n, const float *source, long row, long column, float *packed);
void scope_pack_f64(long k, long n, const double *source, long row, long column, double *packed);
#endif
