/* Reads products, one a line, and prints for each the bytes of scratch and the elements of a packed B. */
#include <stdio.h>

#include "gemm.h"

int main(void) {
  scope_product p = {0};
  long bytes;
  while (scanf("%ld %ld %ld %ld %ld %ld %ld %ld %d", &bytes, &p.m, &p.n, &p.k, &p.a_row, &p.a_column, &p.b_row, &p.b_column, &p.packed) == 9)
    printf("%ld %ld\n", scope_gemm_scratch(&p, bytes), scope_packed_length(p.k, p.n, bytes));
  return 0;
}
