/* Packing, for one type of element. A panel of B is `k` rows of `width` elements without gaps, zeros where B has no more columns.
 * A tile of A is the same of A^T where columns of A lie side by side, and copied rows where rows do. */

/* A panel of rows whose elements lie side by side. */
static void NAME(pack_rows)(long k, long columns, long width, const ELEMENT *source, long row, ELEMENT *target) {
  const long whole = columns - columns % LANES;
  for (long i = 0; i < k; i++, source += row, target += width) {
    long j = 0;
    for (; j < whole; j += LANES) LOOSE(target + j) = CONST_LOOSE(source + j);
    for (; j < columns; j++) target[j] = source[j];
    for (; j < width; j++) target[j] = 0;
  }
}

/* A panel of columns whose elements lie side by side: eight steps of k of each at a time, so that a line of the target is written while it is in the cache. */
static void NAME(pack_columns)(long k, long columns, long width, const ELEMENT *source, long column, ELEMENT *target) {
  for (long i = 0; i < k; i += 8) {
    const long steps = scope_min(8, k - i);
    ELEMENT *block = target + i * width;
    for (long j = 0; j < columns; j++) {
      const ELEMENT *from = source + j * column + i;
      if (steps == 8)
        _Pragma("GCC unroll 8") for (long step = 0; step < 8; step++) block[step * width + j] = from[step];
      else
        for (long step = 0; step < steps; step++) block[step * width + j] = from[step];
    }
    for (long step = 0; step < steps; step++)
      for (long j = columns; j < width; j++) block[step * width + j] = 0;
  }
}

static void NAME(pack_panel)(long k, long columns, long width, const ELEMENT *source, long row, long column,
                             ELEMENT *target) {
  if (column == 1) {
    NAME(pack_rows)(k, columns, width, source, row, target);
  } else if (row == 1) {
    NAME(pack_columns)(k, columns, width, source, column, target);
  } else {
    for (long i = 0; i < k; i++, target += width)
      for (long j = 0; j < width; j++) target[j] = j < columns ? source[i * row + j * column] : 0;
  }
}

/* A tile of `rows` rows. Where columns lie side by side, a vector is copied for each: what is too much of it is written over by the
 * next, at the end it goes into the padding. */
static void NAME(pack_tile)(long k, long rows, const ELEMENT *source, long row, long column, ELEMENT *target,
                            long row_length) {
  if (column == 1) {
    for (long r = 0; r < rows; r++) NAME(pack_rows)(1, k, k, source + r * row, 0, target + r * row_length);
  } else if (row == 1 && rows <= LANES) {
    for (long i = 0; i < k; i++) LOOSE(target + i * rows) = CONST_LOOSE(source + i * column);
  } else {
    for (long i = 0; i < k; i++)
      for (long r = 0; r < rows; r++) target[i * rows + r] = source[r * row + i * column];
  }
}

#ifndef NEVER_PACKED_BEFOREHAND

/* All of B, for products to come. */
typedef struct {
  long k, n, block, vectors, panels, row, column;
  const ELEMENT *source;
  ELEMENT *packed;
} NAME(packing);

/* Panels [begin, end) of all blocks, one after the other. */
static void NAME(packing_task)(void *context, long begin, long end) {
  const NAME(packing) *all = context;
  for (long unit = begin; unit < end; unit++) {
    const long k = unit / all->panels * all->block, panel = unit % all->panels;
    const long from = scope_piece(all->vectors, all->panels, panel);
    const long width = (scope_piece(all->vectors, all->panels, panel + 1) - from) * LANES, column = from * LANES;
    const long steps = scope_min(all->block, all->k - k);
    NAME(pack_panel)(steps, scope_min(width, all->n - column), width,
                     all->source + k * all->row + column * all->column, all->row, all->column,
                     all->packed + k * all->vectors * LANES + steps * column);
  }
}

void GLOBAL(scope_pack)(scope_pool *pool, long k, long n, const ELEMENT *source, long row, long column, ELEMENT *packed) {
  if (k == 0 || n == 0) return;
  NAME(packing) all = {.k = k, .n = n, .row = row, .column = column, .source = source, .packed = packed};
  all.vectors = scope_ceil_div(n, LANES);
  all.panels = scope_ceil_div(all.vectors, SCOPE_PANEL_VECTORS);
  const long blocks = scope_ceil_div(k, SCOPE_BLOCK);
  all.block = scope_ceil_div(k, blocks);
  const long panel_bytes = all.block * scope_ceil_div(n, all.panels) * (long)sizeof(ELEMENT);
  scope_parallel(pool, blocks * all.panels, scope_ceil_div(PART_BYTES / 4, panel_bytes), NAME(packing_task), &all);
}

#endif
