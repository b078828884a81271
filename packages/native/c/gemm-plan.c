#include "gemm-plan.h"

/* Rows of C up to which rows of B are read where they lie: packing them would cost as much as the product. */
#define IN_PLACE_ROWS 8
/* Rows of C up to which columns of B are multiplied where they lie. */
#define DOT_ROWS 4
/* Rows of A that are a multiple of so many bytes apart share sets of a first-level cache. */
#define CONFLICT_BYTES 2048
/* Rows of a transposed A, up to so many bytes, are read where they lie. */
#define IN_PLACE_BYTES 1024
/* Blocks that C takes one after the other. */
#define BLOCKS_IN_TURN 16
/* Rows and columns that are packed at once, and bytes, where the blocks of k allow the choice. */
#define GROUP_ROWS 2048
#define GROUP_COLUMNS 4096
#define GROUP_BYTES (1L << 20)

scope_product scope_as_row(const scope_product *p) {
  if (p->n != 1 || p->m == 1 || p->packed) return *p;
  scope_product row = *p;
  row.m = 1;
  row.n = p->m;
  row.a = p->b, row.a_row = p->b_column, row.a_column = p->b_row;
  row.b = p->a, row.b_row = p->a_column, row.b_column = p->a_row;
  row.c_row = p->c_column, row.c_column = p->c_row;
  row.bias_step = 0;
  return row;
}

static int reads_b_in_place(const scope_product *p, long lanes) {
  if (p->packed || (p->b_column != 1 && p->n != 1)) return 0;
  return p->m <= IN_PLACE_ROWS || (p->n <= SCOPE_PANEL_VECTORS * lanes && p->b_row <= 4 * lanes);
}

/* Vectors of a panel at most. */
static long widest_panel(const scope_product *p, int in_place) {
  if (!in_place || p->m > 2) return SCOPE_PANEL_VECTORS;
  return p->m == 2 ? 2 * SCOPE_PANEL_VECTORS : SCOPE_ROW_VECTORS;
}

static int packs_a(const scope_product *p, long bytes, long panels) {
  /* Every panel reads all of A: only where there are several does packing pay. */
  if (p->m <= IN_PLACE_ROWS || panels <= 2) return 0;
  if (p->a_column == 1 || p->k == 1) return panels >= 8 && p->a_row * bytes % CONFLICT_BYTES == 0;
  return p->a_row != 1 || p->a_column * bytes > IN_PLACE_BYTES;
}

static scope_plan plan_dots(const scope_product *p, long bytes) {
  scope_plan plan = {.dots = 1};
  plan.copies_a = p->a_column != 1;
  plan.scratch = plan.copies_a ? scope_align(p->m * p->k * bytes) : 0;
  return plan;
}

scope_plan scope_plan_product(const scope_product *p, long bytes) {
  const long lanes = SCOPE_VECTOR_BYTES / bytes;
  if (!p->packed && p->m <= DOT_ROWS && p->b_row == 1 && (p->b_column != 1 || p->n == 1) && p->k > 1) return plan_dots(p, bytes);
  const int in_place = reads_b_in_place(p, lanes);
  scope_plan plan = {0};
  plan.vectors = scope_ceil_div(p->n, lanes);
  plan.panels = scope_ceil_div(plan.vectors, widest_panel(p, in_place));
  const long width = scope_ceil_div(plan.vectors, plan.panels);
  plan.tiles = scope_ceil_div(p->m, scope_tile_rows(width));
  plan.blocks = scope_ceil_div(p->k, SCOPE_BLOCK);
  plan.block = scope_ceil_div(p->k, plan.blocks);
  plan.packs_b = !p->packed && !in_place;
  plan.packs_a = packs_a(p, bytes, plan.panels);
  plan.sums = plan.blocks > BLOCKS_IN_TURN;

  /* Whole tiles and panels, as many as fit. */
  const long rows = plan.packs_a || plan.sums ? scope_min(p->m, GROUP_ROWS) : p->m;
  const long vectors = plan.packs_b || plan.sums ? scope_min(plan.vectors, GROUP_COLUMNS / lanes) : plan.vectors;
  plan.group_tiles = rows == p->m ? plan.tiles : rows / scope_ceil_div(p->m, plan.tiles);
  plan.group_panels = vectors == plan.vectors ? plan.panels : vectors / width;

  plan.row_length = scope_align(plan.block * bytes + SCOPE_PADDING) / bytes;
  plan.a_length = rows * plan.row_length;
  plan.b_length = scope_align(plan.block * vectors * SCOPE_VECTOR_BYTES) / bytes;
  plan.sums_row = vectors * lanes;
  const long a_bytes = plan.packs_a ? plan.a_length * bytes : 0, b_bytes = plan.packs_b ? plan.b_length * bytes : 0;
  const long packed = a_bytes + b_bytes;
  plan.group_blocks = packed == 0 ? plan.blocks : scope_min(plan.blocks, scope_max(1, GROUP_BYTES / packed));
  plan.b_at = plan.group_blocks * a_bytes;
  plan.sums_at = plan.b_at + plan.group_blocks * b_bytes;
  plan.scratch = plan.sums_at + (plan.sums ? 8 * rows * plan.sums_row : 0);
  return plan;
}

long scope_gemm_scratch(const scope_product *product, long bytes) {
  if (product->m == 0 || product->n == 0 || product->k == 0) return 0;
  const scope_product row = scope_as_row(product);
  return scope_plan_product(&row, bytes).scratch;
}

long scope_packed_length(long k, long n, long bytes) {
  const long lanes = SCOPE_VECTOR_BYTES / bytes;
  return k * scope_ceil_div(n, lanes) * lanes;
}
