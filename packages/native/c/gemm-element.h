/* Products of one type of element: ELEMENT; WIDE, in which long sums are added up; GLOBAL(name), the name with the type's ending. */
#include <stddef.h>

/* Whatever the flags say of other sources: products are multiply-adds, rounded once. */
#if defined(__clang__)
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#include "gemm-plan.h"

#define LANES ((long)(SCOPE_VECTOR_BYTES / sizeof(ELEMENT)))
/* Nothing but one type is in a file: its names need no ending. */
#define NAME(name) scope_##name
/* Work of a thread: multiply-adds, or bytes of an operand that is read once, of about two microseconds. */
#define PART_WORK (12288.0 * LANES)
#define PART_BYTES 65536L
/* The part of A that stays in a second-level cache. */
#define RESIDENT_BYTES (192L * 1024)

/* What one element of C becomes, from what it was and the sum of its products. */
static ELEMENT NAME(finish)(const scope_product *p, long j, ELEMENT before, WIDE sum) {
  if (p->mode == scope_accumulate) return (ELEMENT)(sum + before);
  if (p->mode == scope_bias) return (ELEMENT)(sum + ((const ELEMENT *)p->bias)[j * p->bias_step]);
  return (ELEMENT)sum;
}

#include "gemm-tile.h"

#include "gemm-pack.h"

#include "gemm-dots.h"

#include "gemm-product.h"
