/* Products of all layouts, modes and types against plain sums; prints what differs, and exits with 1. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"

enum { f32, f64, i32 };
static const long sizes[] = {4, 8, 4};
static const char *const names[] = {"float32", "float64", "int32"};
static long failures = 0, products = 0;

static uint64_t state = 88172645463325252u;
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}
static long below(long n) { return (long)(draw() % (uint64_t)n); }

static void put(void *at, int type, long i, double value) {
  if (type == f32) ((float *)at)[i] = (float)value;
  if (type == f64) ((double *)at)[i] = value;
  if (type == i32) ((int32_t *)at)[i] = (int32_t)value;
}
static double get(const void *at, int type, long i) {
  return type == f32 ? ((const float *)at)[i] : type == f64 ? ((const double *)at)[i] : ((const int32_t *)at)[i];
}

/* A matrix somewhere in a block of memory that is marked wherever the matrix is not. */
typedef struct {
  unsigned char *memory;
  long bytes, row, column;
  void *first;
} matrix;
enum { marked = 0xa5, guard = 256 };

/* kind: 0 rows side by side, 1 columns, 2 rows with gaps, 3 columns with gaps, 4 gaps in both, 5 rows a power of two apart. */
static matrix lay_out(int kind, long rows, long columns, long size) {
  matrix m;
  const long gap = 1 + below(5);
  const long lengths[] = {columns, rows, columns + gap, rows + gap, 3 * columns + gap, columns <= 512 ? 512 : 2048};
  const int transposed = kind == 1 || kind == 3;
  m.row = transposed ? 1 : lengths[kind];
  m.column = transposed ? lengths[kind] : kind == 4 ? 3 : 1;
  m.bytes = 2 * guard + size * ((rows > 0 ? rows - 1 : 0) * m.row + (columns > 0 ? columns - 1 : 0) * m.column + 1);
  /* What a vector reads past the end of B belongs to the block as well, and is no number. */
  m.memory = malloc(m.bytes);
  memset(m.memory, marked, m.bytes);
  m.first = m.memory + guard - (below(2) ? size : 0);
  return m;
}

/* Terms of one sign, whose sums drift where too many are added up one after the other. */
static int positive = 0;
static double value_of(int type) {
  if (type == i32) return (double)(int32_t)draw();
  return (double)below(2001) / 1000.0 - (positive ? 0.0 : 1.0);
}
static void fill(matrix *m, int type, long rows, long columns) {
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < columns; j++) put(m->first, type, i * m->row + j * m->column, value_of(type));
}

typedef void (*gemm)(scope_pool *, const scope_product *, void *);
static const gemm functions[] = {scope_gemm_f32, scope_gemm_f64, scope_gemm_i32};

static void *pack(scope_pool *pool, int type, long k, long n, const matrix *b) {
  const long bytes = scope_packed_length(k, n, sizes[type]) * sizes[type];
  unsigned char *packed = aligned_alloc(64, (bytes + 63 + 128) / 64 * 64);
  memset(packed, marked, bytes + 64);
  if (type == f32) scope_pack_f32(pool, k, n, b->first, b->row, b->column, (float *)packed);
  if (type == f64) scope_pack_f64(pool, k, n, b->first, b->row, b->column, (double *)packed);
  for (long i = 0; i < 64; i++)
    if (packed[bytes + i] != marked) failures++, printf("pack %ld x %ld wrote past its end\n", k, n);
  return packed;
}

typedef struct {
  int type, mode, packed, kind_a, kind_b, kind_c;
  long m, n, k;
} test_case;

static void check(const test_case *t, scope_pool *const *pools, int count) {
  const int type = t->type;
  const long m = t->m, n = t->n, k = t->k, size = sizes[type], step = 1 + below(2);
  matrix a = lay_out(t->kind_a, m, k, size), b = lay_out(t->kind_b, k, n, size), c = lay_out(t->kind_c, m, n, size);
  matrix bias = lay_out(0, 1, n * step, size);
  fill(&a, type, m, k);
  fill(&b, type, k, n);
  fill(&c, type, m, n);
  fill(&bias, type, 1, n * step);
  scope_product p = {m, n, k, a.first, a.row, a.column, b.first, b.row, b.column, t->packed && type != i32, NULL, c.row, c.column, bias.first, step, t->mode};
  void *packed = NULL;
  if (p.packed) p.b = packed = pack(pools[count - 1], type, k, n, &b);

  unsigned char *expected = malloc(c.bytes), *result = malloc(c.bytes), *first = malloc(c.bytes);
  memcpy(expected, c.memory, c.bytes);
  const long offset = (unsigned char *)c.first - c.memory;
  double worst = 0;
  for (int i = 0; i < count; i++) {
    const long scratch_bytes = scope_gemm_scratch(&p, size);
    unsigned char *scratch = aligned_alloc(64, (scratch_bytes + 128 + 63) / 64 * 64);
    memset(scratch, marked, scratch_bytes + 64);
    memcpy(result, c.memory, c.bytes);
    p.c = result + offset;
    functions[type](pools[i], &p, scratch);
    for (long j = 0; j < 64; j++)
      if (scratch[scratch_bytes + j] != marked) failures++, j = 64, printf("scratch overrun: ");
    free(scratch);
    if (i == 0) memcpy(first, result, c.bytes);
    if (memcmp(first, result, c.bytes) != 0)
      failures++, printf("%d threads give other bits: ", scope_pool_threads(pools[i]));
  }
  for (long i = 0; i < m; i++)
    for (long j = 0; j < n; j++) {
      const long at = i * c.row + j * c.column;
      long double sum = 0, magnitude = 0;
      uint32_t wrapped = 0;
      for (long l = 0; l < k; l++) {
        const double x = get(a.first, type, i * a.row + l * a.column), y = get(b.first, type, l * b.row + j * b.column);
        sum += (long double)x * y;
        magnitude += fabsl((long double)x * y);
        wrapped += (uint32_t)(int32_t)x * (uint32_t)(int32_t)y;
      }
      const double start = t->mode == scope_set ? 0 : t->mode == scope_bias ? get(bias.first, type, j * step) : get(c.first, type, at);
      sum += start;
      magnitude += fabs(start);
      wrapped += (uint32_t)(int32_t)start;
      const double got = get(first + offset, type, at);
      if (type == i32) {
        worst = (int32_t)got != (int32_t)wrapped ? 1 : worst;
      } else {
        /* An error of a few roundings, at most 1e-6 of the sum of magnitudes in float32. */
        const double unit = type == f32 ? 1e-6 : 1e-14, error = fabs((double)(got - sum)) / (unit * (double)magnitude + 1e-300);
        worst = error > worst || error != error ? error : worst;
      }
      put(expected + offset, type, at, got);
    }
  products++;
  const int outside = memcmp(expected, first, c.bytes) != 0;
  if (worst > 1 || outside) failures++, printf("%s: ", outside ? "wrote outside of C" : "wrong");
  static long told = 0;
  if (told != failures) {
    told = failures;
    printf("%s %ld x %ld x %ld, a %d, b %d, c %d, packed %d, mode %d, error %.2g\n", names[type], m, k, n, t->kind_a, t->kind_b, t->kind_c, t->packed, t->mode, worst);
  }
  free(a.memory), free(b.memory), free(c.memory), free(bias.memory), free(packed);
  free(expected), free(result), free(first);
}

int main(int count, char **arguments) {
  const int thousands = count > 1 ? atoi(arguments[1]) : 1;
  scope_pool *pools[] = {NULL, scope_pool_create(2), scope_pool_create(3), scope_pool_create(7)};
  static const long small[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 24, 25, 31, 48, 65};
  for (long i = 0; i < 1000 * thousands && failures < 20; i++) {
    test_case t = {(int)below(3), (int)below(3), (int)below(2), (int)below(6), (int)below(6), (int)below(6),
                   small[below(16)], small[below(16)], small[below(16)]};
    check(&t, pools, 4);
  }
  /* Several blocks of k, groups, panels; more than one thread. */
  static const long large[][3] = {{130, 200, 300}, {33, 520, 257}, {1, 700, 1100}, {2, 700, 600}, {3, 300, 700}, {500, 1, 600}, {500, 2, 600}, {64, 64, 5000}, {9, 100, 4097}, {1, 1, 5000}, {4, 30, 3000}, {300, 40, 40}, {3, 9, 70001}, {1, 1, 70001}};
  for (unsigned i = 0; i < sizeof large / sizeof *large; i++)
    for (int j = 0; j < 12 * thousands && failures < 20; j++) {
      test_case t = {j % 3, (int)below(3), (int)below(2), (int)below(6), (int)below(6), (int)below(6), large[i][0], large[i][1], large[i][2]};
      positive = j % 2;
      check(&t, pools, 4);
    }
  positive = 1;
  for (int kind = 0; kind < 2; kind++) {
    test_case long_sums = {f32, scope_set, 0, kind, 0, 0, 3, 5, 1L << 20};
    check(&long_sums, pools, 4);
  }
  for (int i = 0; i < 4; i++) scope_pool_destroy(pools[i]);
  printf("%ld products, %ld failures\n", products, failures);
  return failures > 0;
}
