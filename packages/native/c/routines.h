/* What programs call beside their own kernels. The routines are compiled once for a machine; a program is handed their table. */
#ifndef SCOPE_ROUTINES_H
#define SCOPE_ROUTINES_H
#include "gemm.h"
#include "rows.h"

#define SCOPE_ROUTINES(ROUTINE)                                                                                      \
  ROUTINE(void, parallel, (scope_pool *, long, long, scope_task, void *))                                            \
  ROUTINE(int, pool_threads, (const scope_pool *))                                                                   \
  ROUTINE(void, gemm_f32, (scope_pool *, const scope_product *, void *))                                             \
  ROUTINE(void, pack_f32, (scope_pool *, long, long, const float *, long, long, float *))                            \
  ROUTINE(void, running_sums, (const scope_rows *, int))                                                             \
  ROUTINE(void, arg_sort, (const scope_rows *, int, long, void *))                                                   \
  ROUTINE(void, arg_extreme, (const scope_rows *, int))                                                              \
  ROUTINE(void, scatter_add, (const scope_scatter *, void *))                                                        \
  ROUTINE(void, random_bits, (scope_pool *, const int32_t *, long, int32_t *, long))
/* Those that few programs need: compiled, and put into the table, when the first one does. */
#define SCOPE_LATER_ROUTINES(ROUTINE)                                                                                \
  ROUTINE(void, gemm_f64, (scope_pool *, const scope_product *, void *))                                             \
  ROUTINE(void, pack_f64, (scope_pool *, long, long, const double *, long, long, double *))                          \
  ROUTINE(void, gemm_i32, (scope_pool *, const scope_product *, void *))

#define SCOPE_MEMBER(result, name, parameters) result(*name) parameters;
typedef struct {
  SCOPE_ROUTINES(SCOPE_MEMBER)
  SCOPE_LATER_ROUTINES(SCOPE_MEMBER)
} scope_routines;

/* A program's only export: `which` is −2 for its setup, −1 for a run, or the position of one kernel. */
typedef void (*scope_program)(const scope_routines *, char *memory, scope_pool *, long which, const int32_t *counters);
#endif
