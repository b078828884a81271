/* Dot products, for one type of element: few rows of A by columns of B whose elements lie side by side. */

/* Steps of k in a block: with two chains of vectors, each adds up a few dozen products. */
#define DOT_BLOCK (128 * LANES)
/* Columns at once, which share what is loaded of A. */
#define DOT_COLUMNS 4

/* One block of `columns` dot products, `column` apart. */
SCOPE_INLINE void NAME(dot_block)(const int columns, long k, const ELEMENT *a, const ELEMENT *b, long column,
                                  ELEMENT *results) {
  NAME(vector) sums[2][DOT_COLUMNS];
  _Pragma("GCC unroll 4") for (int j = 0; j < columns; j++) sums[0][j] = sums[1][j] = (NAME(vector)){0};
  long i = 0;
  for (; i + 2 * LANES <= k; i += 2 * LANES) {
    const NAME(vector) first = CONST_LOOSE(a + i), second = CONST_LOOSE(a + i + LANES);
    _Pragma("GCC unroll 4") for (int j = 0; j < columns; j++) {
      sums[0][j] += first * CONST_LOOSE(b + j * column + i);
      sums[1][j] += second * CONST_LOOSE(b + j * column + i + LANES);
    }
  }
  _Pragma("GCC unroll 4") for (int j = 0; j < columns; j++) {
    const NAME(vector) lanes = sums[0][j] + sums[1][j];
    ELEMENT rest = 0;
    for (long step = i; step < k; step++) rest += a[step] * b[j * column + step];
    ELEMENT partial[LANES];
    LOOSE(partial) = lanes;
    for (int half = LANES / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; lane++) partial[lane] += partial[lane + half];
    results[j] = partial[0] + rest;
  }
}

typedef struct {
  const scope_product *product;
  const ELEMENT *a;
  long a_row;
} NAME(dots_work);

/* Columns [begin, end) of C. */
static void NAME(dots_task)(void *context, long begin, long end) {
  const NAME(dots_work) *work = context;
  const scope_product *p = work->product;
  for (long j = begin; j < end; j += DOT_COLUMNS) {
    const long columns = scope_min(DOT_COLUMNS, end - j);
    const ELEMENT *b = (const ELEMENT *)p->b + j * p->b_column;
    for (long i = 0; i < p->m; i++) {
      const ELEMENT *a = work->a + i * work->a_row;
      WIDE totals[DOT_COLUMNS] = {0};
      for (long at = 0; at < p->k; at += DOT_BLOCK) {
        const long steps = scope_min(DOT_BLOCK, p->k - at);
        ELEMENT results[DOT_COLUMNS];
        if (columns == DOT_COLUMNS)
          NAME(dot_block)(DOT_COLUMNS, steps, a + at, b + at, p->b_column, results);
        else
          for (long c = 0; c < columns; c++)
            NAME(dot_block)(1, steps, a + at, b + c * p->b_column + at, 0, results + c);
        for (long c = 0; c < columns; c++) totals[c] += results[c];
      }
      for (long c = 0; c < columns; c++) {
        ELEMENT *to = (ELEMENT *)p->c + i * p->c_row + (j + c) * p->c_column;
        *to = NAME(finish)(p, j + c, *to, totals[c]);
      }
    }
  }
}

static void NAME(dots)(scope_pool *pool, const scope_product *p, const scope_plan *plan, ELEMENT *scratch) {
  NAME(dots_work) work = {p, p->a, p->a_row};
  if (plan->copies_a) {
    for (long i = 0; i < p->m; i++)
      for (long step = 0; step < p->k; step++)
        scratch[i * p->k + step] = ((const ELEMENT *)p->a)[i * p->a_row + step * p->a_column];
    work.a = scratch;
    work.a_row = p->k;
  }
  const long grain = scope_ceil_div(PART_BYTES, p->k * (long)sizeof(ELEMENT));
  scope_parallel(pool, p->n, scope_ceil_div(grain, DOT_COLUMNS) * DOT_COLUMNS, NAME(dots_task), &work);
}
