/* A whole product, for one type of element. */

typedef struct {
  const scope_product *product;
  const scope_plan *plan;
  ELEMENT *packed_a, *packed_b;
  /* Sums of the group. */
  WIDE *sums;
  /* The group at work: tiles, panels, blocks of k. */
  long tile_begin, tile_end, panel_begin, panel_end, block_begin, block_end;
  /* What the group is cut into for threads: units of packing for a block, cells of C. */
  long panel_units, tile_units, row_cells, column_cells;
} NAME(work);

/* Rows and vectors at which tiles and panels begin. */
static long NAME(row_of)(const NAME(work) *w, long tile) { return scope_piece(w->product->m, w->plan->tiles, tile); }
static long NAME(vector_of)(const NAME(work) *w, long panel) {
  return scope_piece(w->plan->vectors, w->plan->panels, panel);
}
static long NAME(steps_of)(const NAME(work) *w, long block) {
  return scope_min(w->plan->block, w->product->k - block * w->plan->block);
}

/* Where a tile of a block is packed. */
static ELEMENT *NAME(packed_a)(const NAME(work) *w, long block, long tile) {
  return w->packed_a + (block - w->block_begin) * w->plan->a_length +
         (NAME(row_of)(w, tile) - NAME(row_of)(w, w->tile_begin)) * w->plan->row_length;
}

/* Panels or tiles that are packed together, so many rows at a time: they share lines of the rows that they are made from. */
#define PACKED_TOGETHER 16
#define ROWS_TOGETHER 8

static void NAME(pack_panels)(const NAME(work) *w, long block, long begin, long end) {
  const scope_product *p = w->product;
  const long steps = NAME(steps_of)(w, block), first = NAME(vector_of)(w, w->panel_begin);
  const ELEMENT *source = (const ELEMENT *)p->b + block * w->plan->block * p->b_row;
  ELEMENT *target = w->packed_b + (block - w->block_begin) * w->plan->b_length;
  const long stride = p->b_column == 1 ? ROWS_TOGETHER : steps;
  for (long k = 0; k < steps; k += stride)
    for (long panel = begin; panel < end; panel++) {
      const long from = NAME(vector_of)(w, panel), width = (NAME(vector_of)(w, panel + 1) - from) * LANES;
      NAME(pack_panel)(scope_min(stride, steps - k), scope_min(width, p->n - from * LANES), width,
                       source + k * p->b_row + from * LANES * p->b_column, p->b_row, p->b_column,
                       target + steps * (from - first) * LANES + k * width);
    }
}

static void NAME(pack_tiles)(const NAME(work) *w, long block, long begin, long end) {
  const scope_product *p = w->product;
  const long steps = NAME(steps_of)(w, block);
  const ELEMENT *source = (const ELEMENT *)p->a + block * w->plan->block * p->a_column;
  const long stride = p->a_row == 1 && p->a_column != 1 ? ROWS_TOGETHER : steps;
  for (long k = 0; k < steps; k += stride)
    for (long tile = begin; tile < end; tile++) {
      const long row = NAME(row_of)(w, tile), rows = NAME(row_of)(w, tile + 1) - row;
      NAME(pack_tile)(scope_min(stride, steps - k), rows, source + row * p->a_row + k * p->a_column, p->a_row,
                      p->a_column, NAME(packed_a)(w, block, tile) + k * rows, w->plan->row_length);
    }
}

/* Packs units of the group: some panels of a block, then some tiles. */
static void NAME(pack_task)(void *context, long begin, long end) {
  const NAME(work) *w = context;
  const long units_b = w->panel_units * (w->block_end - w->block_begin);
  for (long unit = begin; unit < end; unit++) {
    if (unit < units_b) {
      const long panel = w->panel_begin + unit % w->panel_units * PACKED_TOGETHER;
      NAME(pack_panels)(w, w->block_begin + unit / w->panel_units, panel,
                        scope_min(panel + PACKED_TOGETHER, w->panel_end));
    } else {
      const long tile = w->tile_begin + (unit - units_b) % w->tile_units * PACKED_TOGETHER;
      NAME(pack_tiles)(w, w->block_begin + (unit - units_b) / w->tile_units, tile,
                       scope_min(tile + PACKED_TOGETHER, w->tile_end));
    }
  }
}

static void NAME(pack_group)(scope_pool *pool, NAME(work) *w) {
  const long panels = w->panel_end - w->panel_begin, tiles = w->tile_end - w->tile_begin;
  w->panel_units = w->plan->packs_b ? scope_ceil_div(panels, PACKED_TOGETHER) : 0;
  w->tile_units = w->plan->packs_a ? scope_ceil_div(tiles, PACKED_TOGETHER) : 0;
  const long units = (w->block_end - w->block_begin) * (w->panel_units + w->tile_units);
  scope_parallel(pool, units, 1, NAME(pack_task), w);
}

/* Adds a tile of results to sums, and after the last block puts them into C; or, without sums, puts the tile into C. */
static void NAME(finish_tile)(const NAME(work) *w, long block, long row, long rows, long column, long columns,
                              const ELEMENT *tile, long tile_row) {
  const scope_product *p = w->product;
  const int last = block == w->plan->blocks - 1;
  scope_product step = *p;
  if (w->sums == NULL && block > 0) step.mode = scope_accumulate;
  for (long r = 0; r < rows; r++) {
    const ELEMENT *from = tile + r * tile_row;
    ELEMENT *to = (ELEMENT *)p->c + (row + r) * p->c_row + column * p->c_column;
    if (w->sums == NULL) {
      for (long j = 0; j < columns; j++, to += p->c_column) *to = NAME(finish)(&step, column + j, *to, from[j]);
      continue;
    }
    WIDE *sums = w->sums + (row + r - NAME(row_of)(w, w->tile_begin)) * w->plan->sums_row +
                 (column - NAME(vector_of)(w, w->panel_begin) * LANES);
    if (block == 0)
      for (long j = 0; j < columns; j++) sums[j] = from[j];
    else
      for (long j = 0; j < columns; j++) sums[j] += from[j];
    if (last)
      for (long j = 0; j < columns; j++, to += p->c_column) *to = NAME(finish)(p, column + j, *to, sums[j]);
  }
}

/* One panel of a block times tiles [tile_begin, tile_end). */
static void NAME(multiply_panel)(const NAME(work) *w, long block, long panel, long tile_begin, long tile_end) {
  const scope_product *p = w->product;
  const scope_plan *plan = w->plan;
  const long steps = NAME(steps_of)(w, block), k = block * plan->block, in_group = block - w->block_begin;
  const long from = NAME(vector_of)(w, panel), vectors = NAME(vector_of)(w, panel + 1) - from;
  const long column = from * LANES, columns = scope_min(vectors * LANES, p->n - column);
  const ELEMENT *b;
  long b_row = vectors * LANES;
  if (p->packed)
    b = (const ELEMENT *)p->b + k * plan->vectors * LANES + steps * column;
  else if (plan->packs_b)
    b = w->packed_b + in_group * plan->b_length + steps * (from - NAME(vector_of)(w, w->panel_begin)) * LANES;
  else
    b = (const ELEMENT *)p->b + k * p->b_row + column, b_row = p->b_row;

  const int mode = block == 0 ? p->mode : scope_accumulate;
  /* A tile may be stored as it is where its columns lie side by side and all exist. */
  const int direct = w->sums == NULL && p->c_column == 1 && columns == vectors * LANES &&
                     (mode != scope_bias || p->bias_step == 1);
  ELEMENT buffer[8 * SCOPE_ROW_VECTORS * LANES] __attribute__((aligned(64)));
  for (long tile = tile_begin; tile < tile_end; tile++) {
    const long row = NAME(row_of)(w, tile), rows = NAME(row_of)(w, tile + 1) - row;
    const ELEMENT *a = (const ELEMENT *)p->a + row * p->a_row + k * p->a_column;
    long a_row = p->a_row, a_column = p->a_column;
    if (plan->packs_a) {
      a = NAME(packed_a)(w, block, tile);
      if (p->a_column == 1)
        a_row = plan->row_length;
      else
        a_row = 1, a_column = rows;
    }
    if (direct) {
      ELEMENT *c = (ELEMENT *)p->c + row * p->c_row + column;
      const ELEMENT *start = mode == scope_set ? NAME(zeros) : mode == scope_bias ? (const ELEMENT *)p->bias + column : c;
      MULTIPLY_TILE(p->m, rows, vectors, steps, a, a_row, a_column, b, b_row, c, p->c_row, start,
                    mode == scope_accumulate ? p->c_row : 0);
    } else {
      MULTIPLY_TILE(p->m, rows, vectors, steps, a, a_row, a_column, b, b_row, buffer, vectors * LANES, NAME(zeros), 0);
      NAME(finish_tile)(w, block, row, rows, column, columns, buffer, vectors * LANES);
    }
  }
}

/* Cells [begin, end) of the group: all of its blocks, so many tiles at a time that their part of A stays in a second-level cache. */
static void NAME(multiply_task)(void *context, long begin, long end) {
  const NAME(work) *w = context;
  const long tiles = w->tile_end - w->tile_begin, panels = w->panel_end - w->panel_begin;
  const long rows = scope_ceil_div(w->product->m, w->plan->tiles);
  const long resident = scope_max(1, RESIDENT_BYTES / (w->plan->block * rows * (long)sizeof(ELEMENT)));
  for (long cell = begin; cell < end; cell++) {
    const long i = cell / w->column_cells, j = cell % w->column_cells;
    const long first_tile = w->tile_begin + scope_piece(tiles, w->row_cells, i);
    const long last_tile = w->tile_begin + scope_piece(tiles, w->row_cells, i + 1);
    const long first_panel = w->panel_begin + scope_piece(panels, w->column_cells, j);
    const long last_panel = w->panel_begin + scope_piece(panels, w->column_cells, j + 1);
    for (long block = w->block_begin; block < w->block_end; block++)
      for (long tile = first_tile; tile < last_tile; tile += resident)
        for (long panel = first_panel; panel < last_panel; panel++)
          NAME(multiply_panel)(w, block, panel, tile, scope_min(tile + resident, last_tile));
  }
}

/* Cuts the group for threads: along the operand that is larger, so that each reads a part of it. */
static void NAME(multiply_group)(scope_pool *pool, NAME(work) *w) {
  const scope_product *p = w->product;
  const long tiles = w->tile_end - w->tile_begin, panels = w->panel_end - w->panel_begin;
  const int threads = scope_pool_threads(pool);
  w->row_cells = w->column_cells = 1;
  if (threads > 1) {
    const double share = (double)tiles * panels * (w->block_end - w->block_begin) / ((double)w->plan->tiles * w->plan->panels * w->plan->blocks);
    const double work = share * (p->m + 1.0) * p->n * p->k;
    const long most = work < 2.0 * PART_WORK ? 1 : work < 1e6 * PART_WORK ? (long)(work / PART_WORK) : 1000000;
    const long parts = scope_min(most, 4 * threads);
    if (p->n >= p->m) {
      w->column_cells = scope_min(panels, parts);
      w->row_cells = scope_min(tiles, parts / w->column_cells);
    } else {
      w->row_cells = scope_min(tiles, parts);
      w->column_cells = scope_min(panels, parts / w->row_cells);
    }
  }
  scope_parallel(pool, w->row_cells * w->column_cells, 1, NAME(multiply_task), w);
}

/* Groups of rows, of columns, of blocks of k; each is packed, then multiplied. */
static void NAME(multiply)(scope_pool *pool, const scope_product *p, const scope_plan *plan, char *scratch) {
  NAME(work) w = {.product = p, .plan = plan};
  w.packed_a = (ELEMENT *)scratch;
  w.packed_b = (ELEMENT *)(scratch + plan->b_at);
  w.sums = plan->sums ? (WIDE *)(scratch + plan->sums_at) : NULL;
  for (long tile = 0; tile < plan->tiles; tile += plan->group_tiles)
    for (long panel = 0; panel < plan->panels; panel += plan->group_panels)
      for (long block = 0; block < plan->blocks; block += plan->group_blocks) {
        w.tile_begin = tile, w.tile_end = scope_min(tile + plan->group_tiles, plan->tiles);
        w.panel_begin = panel, w.panel_end = scope_min(panel + plan->group_panels, plan->panels);
        w.block_begin = block, w.block_end = scope_min(block + plan->group_blocks, plan->blocks);
        NAME(pack_group)(pool, &w);
        NAME(multiply_group)(pool, &w);
      }
}

/* Without a k nothing is added. */
static void NAME(only_start)(const scope_product *p) {
  if (p->mode == scope_accumulate) return;
  for (long i = 0; i < p->m; i++)
    for (long j = 0; j < p->n; j++) {
      ELEMENT *to = (ELEMENT *)p->c + i * p->c_row + j * p->c_column;
      *to = NAME(finish)(p, j, 0, 0);
    }
}

void GLOBAL(scope_gemm)(scope_pool *pool, const scope_product *product, void *scratch) {
  if (product->m == 0 || product->n == 0) return;
  if (product->k == 0) {
    NAME(only_start)(product);
    return;
  }
  const scope_product p = scope_as_row(product);
  const scope_plan plan = scope_plan_product(&p, sizeof(ELEMENT));
  if (plan.dots)
    NAME(dots)(pool, &p, &plan, scratch);
  else
    NAME(multiply)(pool, &p, &plan, scratch);
}
