/* What every program ends with. The shared routines have the names that their headers give them; a program calls them through its table. */
#ifndef SCOPE_PROGRAM_H
#define SCOPE_PROGRAM_H
#include "routines.h"

static const scope_routines *table;
#define scope_parallel table->parallel
#define scope_gemm_f32 table->gemm_f32
#define scope_gemm_f64 table->gemm_f64
#define scope_gemm_i32 table->gemm_i32
#define scope_pack_f32 table->pack_f32
#define scope_pack_f64 table->pack_f64
#define scope_running_sums table->running_sums
#define scope_arg_sort table->arg_sort
#define scope_arg_extreme table->arg_extreme
#define scope_scatter_add table->scatter_add
#define scope_random_bits table->random_bits

enum { most_loops = 32 };

/* The entry, and the functions of single kernels after a 0. */
#define PROGRAM(...)                                                                                                 \
  __attribute__((visibility("default"))) void scope_run(const scope_routines *routines, char *m, scope_pool *pool,   \
                                                        long which, const int32_t *counters) {                       \
    typedef void (*leaf)(char *, scope_pool *, const int32_t *);                                                     \
    static const leaf leaves[] = {__VA_ARGS__};                                                                      \
    int32_t c[most_loops] = {0};                                                                                     \
    table = routines;                                                                                                \
    if (which == -2)                                                                                                 \
      set_up(m, pool, c);                                                                                            \
    else if (which == -1)                                                                                            \
      run(m, pool, c);                                                                                               \
    else                                                                                                             \
      leaves[which + 1](m, pool, counters);                                                                          \
  }
#endif
