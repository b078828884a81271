/* Routines over rows, and those that add or draw element by element. */
#ifndef SCOPE_ROWS_H
#define SCOPE_ROWS_H
#include "pool.h"
#include <stdint.h>

enum { SCOPE_FLOAT32, SCOPE_FLOAT64, SCOPE_INT32, SCOPE_BOOL };

/* `rows` rows of `n` elements side by side; steps from row to row in elements. */
typedef struct {
  int dtype;
  long rows, n;
  const void *source;
  long source_row;
  void *target;
  long target_row;
} scope_rows;

/* target[b, index[b, m], r] += source[b, m, r]; strides in elements, over (b, m or its row, r). */
typedef struct {
  int dtype;
  long batch, count, row, rows;
  const void *source;
  long source_strides[3];
  const int32_t *index;
  long index_strides[2];
  void *target;
  long target_strides[3];
} scope_scatter;

void scope_running_sums(const scope_rows *, int reverse);
/* Scratch: 16 bytes for each element of a row. */
void scope_arg_sort(const scope_rows *, int descending, long limit, void *scratch);
void scope_arg_extreme(const scope_rows *, int largest);
/* Scratch: 8 bytes for each element of a row, 4 for each row of the target and of the source. */
void scope_scatter_add(const scope_scatter *, void *scratch);
/* `state`: two words of key and one of the counter; the elements from `first` (even) on. */
void scope_random_bits(scope_pool *, const int32_t *state, long first, int32_t *target, long length);
#endif
