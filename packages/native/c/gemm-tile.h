/* Tiles of results, for one type of element (included where ELEMENT, LANES and NAME are defined).
 * A tile is `rows` × `vectors` sums that stay in registers for a block of k. Each is one chain of multiply-adds in the order of k,
 * whatever the size of the tile: how C is cut does not change its bits. Where all of C has one or two rows, too few chains would
 * leave the pipelines idle; products of that shape, and only they, run several over k. */

typedef ELEMENT NAME(vector) __attribute__((vector_size(SCOPE_VECTOR_BYTES)));
/* The same at the address of any element. */
typedef ELEMENT NAME(loose) __attribute__((vector_size(SCOPE_VECTOR_BYTES), aligned(sizeof(ELEMENT)), may_alias));
#define LOOSE(pointer) (*(NAME(loose) *)(pointer))
#define CONST_LOOSE(pointer) (*(const NAME(loose) *)(pointer))

/* C = start + A·B for `k` steps; strides in elements, no gaps inside of rows of B, C and start. Start may be C. */
#define TILE_PARAMETERS                                                                                      \
  long k, const ELEMENT *a, long a_row, long a_column, const ELEMENT *b, long b_row, ELEMENT *c, long c_row, \
      const ELEMENT *start, long start_row
#define TILE_ARGUMENTS k, a, a_row, a_column, b, b_row, c, c_row, start, start_row

typedef void (*NAME(tile_function))(TILE_PARAMETERS);

/* What a product starts from where it adds to nothing. */
static const ELEMENT NAME(zeros)[SCOPE_ROW_VECTORS * LANES];

#ifdef ONE_TILE_FOR_ALL

/* Of any size, with its sums in memory: a few times slower, for elements that are seldom multiplied. */
static void NAME(tile_of_any_size)(long rows, long vectors, TILE_PARAMETERS) {
  for (long r = 0; r < rows; r++)
    for (long v = 0; v < vectors; v++) {
      NAME(vector) sum = {0};
      for (long i = 0; i < k; i++) sum += a[r * a_row + i * a_column] * CONST_LOOSE(b + i * b_row + v * LANES);
      LOOSE(c + r * c_row + v * LANES) = CONST_LOOSE(start + r * start_row + v * LANES) + sum;
    }
}
#define MULTIPLY_TILE(m, rows, vectors, ...) NAME(tile_of_any_size)(rows, vectors, __VA_ARGS__)

#else

/* With few registers GCC would load a vector of B again for each row, more than a core loads in a cycle. */
#if SCOPE_VECTOR_REGISTERS < 32 && (defined(__x86_64__) || defined(__i386__))
#define KEEP(vector) __asm__("" : "+x"(vector))
#else
#define KEEP(vector) ((void)0)
#endif

#define EACH_ROW _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)
#define EACH_VECTOR _Pragma("GCC unroll 8") for (int v = 0; v < vectors; v++)

/* `rows`, `vectors` and `chains` are constants wherever this is inlined, so that all loops but that over k unroll. */
SCOPE_INLINE void NAME(tile)(const int rows, const int vectors, const int chains, TILE_PARAMETERS) {
  NAME(vector) sums[4][8][SCOPE_ROW_VECTORS];
#define STEP(chain)                                                                           \
  {                                                                                           \
    NAME(vector) row_of_b[SCOPE_ROW_VECTORS];                                                 \
    EACH_VECTOR row_of_b[v] = CONST_LOOSE(b + v * LANES);                                     \
    EACH_VECTOR KEEP(row_of_b[v]);                                                            \
    EACH_ROW {                                                                                \
      const ELEMENT factor = a[r * a_row];                                                    \
      EACH_VECTOR sums[chain][r][v] += factor * row_of_b[v];                                  \
    }                                                                                         \
    a += a_column;                                                                            \
    b += b_row;                                                                               \
  }
  _Pragma("GCC unroll 4") for (int chain = 0; chain < chains; chain++)
    EACH_ROW EACH_VECTOR sums[chain][r][v] = (NAME(vector)){0};
  long left = k;
  for (; left >= chains; left -= chains) {
    _Pragma("GCC unroll 4") for (int chain = 0; chain < chains; chain++) STEP(chain)
  }
  if (chains > 1) {
    for (; left > 0; left--) STEP(0)
    if (chains == 4) EACH_ROW EACH_VECTOR sums[0][r][v] += sums[2][r][v];
    if (chains == 4) EACH_ROW EACH_VECTOR sums[1][r][v] += sums[3][r][v];
    EACH_ROW EACH_VECTOR sums[0][r][v] += sums[1][r][v];
  }
#undef STEP
  EACH_ROW EACH_VECTOR
    LOOSE(c + r * c_row + v * LANES) = CONST_LOOSE(start + r * start_row + v * LANES) + sums[0][r][v];
}

#define DEFINE_TILE(rows, vectors, chains)                                                             \
  static void NAME(tile_##rows##_##vectors##_##chains)(TILE_PARAMETERS) {                              \
    NAME(tile)(rows, vectors, chains, TILE_ARGUMENTS);                                                 \
  }
#define TILE(rows, vectors, chains) NAME(tile_##rows##_##vectors##_##chains)

/* Products of three rows and more. */
DEFINE_TILE(1, 1, 1) DEFINE_TILE(2, 1, 1) DEFINE_TILE(3, 1, 1) DEFINE_TILE(4, 1, 1)
DEFINE_TILE(5, 1, 1) DEFINE_TILE(6, 1, 1) DEFINE_TILE(7, 1, 1) DEFINE_TILE(8, 1, 1)
DEFINE_TILE(1, 2, 1) DEFINE_TILE(2, 2, 1) DEFINE_TILE(3, 2, 1) DEFINE_TILE(4, 2, 1)
DEFINE_TILE(5, 2, 1) DEFINE_TILE(6, 2, 1)
DEFINE_TILE(1, 3, 1) DEFINE_TILE(2, 3, 1) DEFINE_TILE(3, 3, 1) DEFINE_TILE(4, 3, 1)
#if SCOPE_VECTOR_REGISTERS >= 32
DEFINE_TILE(7, 2, 1) DEFINE_TILE(8, 2, 1)
DEFINE_TILE(5, 3, 1) DEFINE_TILE(6, 3, 1) DEFINE_TILE(7, 3, 1) DEFINE_TILE(8, 3, 1)
#endif
/* Of one row and of two. */
DEFINE_TILE(1, 1, 4) DEFINE_TILE(1, 2, 4) DEFINE_TILE(1, 3, 4) DEFINE_TILE(1, 4, 2) DEFINE_TILE(1, 5, 2)
DEFINE_TILE(1, 6, 1) DEFINE_TILE(1, 7, 1) DEFINE_TILE(1, 8, 1)
DEFINE_TILE(2, 1, 2) DEFINE_TILE(2, 2, 2) DEFINE_TILE(2, 3, 2) DEFINE_TILE(2, 4, 1) DEFINE_TILE(2, 5, 1)
DEFINE_TILE(2, 6, 1)

/* The tile for so many rows and vectors of a product of m rows. */
static NAME(tile_function) NAME(tile_for)(long m, long rows, long vectors) {
  static const NAME(tile_function) single[SCOPE_ROW_VECTORS] = {
      TILE(1, 1, 4), TILE(1, 2, 4), TILE(1, 3, 4), TILE(1, 4, 2),
      TILE(1, 5, 2), TILE(1, 6, 1), TILE(1, 7, 1), TILE(1, 8, 1),
  };
  static const NAME(tile_function) pair[2 * SCOPE_PANEL_VECTORS] = {
      TILE(2, 1, 2), TILE(2, 2, 2), TILE(2, 3, 2), TILE(2, 4, 1), TILE(2, 5, 1), TILE(2, 6, 1),
  };
  static const NAME(tile_function) several[SCOPE_PANEL_VECTORS][8] = {
      {TILE(1, 1, 1), TILE(2, 1, 1), TILE(3, 1, 1), TILE(4, 1, 1), TILE(5, 1, 1), TILE(6, 1, 1), TILE(7, 1, 1),
       TILE(8, 1, 1)},
      {TILE(1, 2, 1), TILE(2, 2, 1), TILE(3, 2, 1), TILE(4, 2, 1), TILE(5, 2, 1), TILE(6, 2, 1),
#if SCOPE_VECTOR_REGISTERS >= 32
       TILE(7, 2, 1), TILE(8, 2, 1)},
#else
      },
#endif
      {TILE(1, 3, 1), TILE(2, 3, 1), TILE(3, 3, 1), TILE(4, 3, 1),
#if SCOPE_VECTOR_REGISTERS >= 32
       TILE(5, 3, 1), TILE(6, 3, 1), TILE(7, 3, 1), TILE(8, 3, 1)},
#else
      },
#endif
  };
  return m == 1 ? single[vectors - 1] : m == 2 ? pair[vectors - 1] : several[vectors - 1][rows - 1];
}
#define MULTIPLY_TILE(m, rows, vectors, ...) NAME(tile_for)(m, rows, vectors)(__VA_ARGS__)

#endif
