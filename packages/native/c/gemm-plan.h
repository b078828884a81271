/* How a product is cut: C into tiles of rows and panels of columns, k into blocks, all of it into groups for which there is room
 * to pack. Everything depends on sizes and strides alone, never on the number of threads. gemm-layout.ts says the same. */
#ifndef SCOPE_GEMM_PLAN_H
#define SCOPE_GEMM_PLAN_H

#include "gemm.h"
#include "vectors.h"

/* Vectors of a packed panel of B at most. With the rows of scope_tile_rows and an operand, they fill the registers. */
#define SCOPE_PANEL_VECTORS 3
/* Vectors of a row of C that are computed at once, where B lies unpacked. */
#define SCOPE_ROW_VECTORS 8
/* The longest chain of additions of a tile. Longer ones are faster (256 by 8 % at 512³), but let sums of equal terms drift past 1e-6. */
#define SCOPE_BLOCK 64
/* Bytes that keep packed tiles and rows from being a power of two apart, where they would evict each other. */
#define SCOPE_PADDING 64

SCOPE_INLINE long scope_min(long a, long b) { return a < b ? a : b; }
SCOPE_INLINE long scope_max(long a, long b) { return a > b ? a : b; }
SCOPE_INLINE long scope_align(long bytes) { return (bytes + 63) & ~63L; }
SCOPE_INLINE long scope_ceil_div(long a, long b) { return (a + b - 1) / b; }

/* `count` units in `parts` pieces whose lengths differ by one at most, longer ones first: where piece i begins. */
SCOPE_INLINE long scope_piece(long count, long parts, long i) {
  return i * (count / parts) + scope_min(i, count % parts);
}

/* Rows of a tile at most, beside so many vectors of B. */
SCOPE_INLINE long scope_tile_rows(long vectors) {
  if (SCOPE_VECTOR_REGISTERS >= 32) return 8;
  return vectors <= 1 ? 8 : vectors == 2 ? 6 : 4;
}

typedef struct {
  /* Every C[i, j] by itself, as a dot product; nothing below is set but copies_a. */
  int dots;
  /* The rows of A are copied first, for dots: they have gaps inside. */
  int copies_a;
  /* Operands that are packed inside of the product. */
  int packs_a, packs_b;
  /* Block after block is added up in double precision: there are so many that C would drift. */
  int sums;
  /* Vectors in a row of C; panels and tiles that share columns and rows evenly. */
  long vectors, panels, tiles;
  /* Steps of k in a block, and blocks. */
  long block, blocks;
  /* What is packed at once. */
  long group_tiles, group_panels, group_blocks;
  /* Elements of a row of packed A, and of a packed block of A and of B in a group; elements of a row of sums. */
  long row_length, a_length, b_length, sums_row;
  /* Byte offsets in the scratch (packed A is at 0), and its length. */
  long b_at, sums_at, scratch;
} scope_plan;

/* A column of results as a row, C^T = B^T·A^T: the product that is computed in the place of one with n = 1. */
scope_product scope_as_row(const scope_product *product);
/* For a product as scope_as_row gives it, of sizes of at least 1. */
scope_plan scope_plan_product(const scope_product *product, long bytes);

#endif
