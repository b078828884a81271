#include "rows.h"
#include <string.h>

static double element(const void *p, int dtype, long i) {
  switch (dtype) {
    case SCOPE_FLOAT32: return ((const float *)p)[i];
    case SCOPE_FLOAT64: return ((const double *)p)[i];
    case SCOPE_INT32: return ((const int32_t *)p)[i];
    default: return ((const uint8_t *)p)[i];
  }
}
static long bytes_of(int dtype) {
  switch (dtype) {
    case SCOPE_FLOAT64: return 8;
    case SCOPE_BOOL: return 1;
    default: return 4;
  }
}

/* In double precision, rounded at each store; int32 wraps. */
void scope_running_sums(const scope_rows *r, int reverse) {
  for (long row = 0; row < r->rows; row++) {
    const long from = row * r->source_row, to = row * r->target_row;
    double sum = 0;
    uint32_t whole = 0;
    for (long i = 0; i < r->n; i++) {
      const long k = reverse ? r->n - 1 - i : i;
      switch (r->dtype) {
        case SCOPE_FLOAT32:
          sum += ((const float *)r->source)[from + k];
          ((float *)r->target)[to + k] = (float)sum;
          break;
        case SCOPE_FLOAT64:
          sum += ((const double *)r->source)[from + k];
          ((double *)r->target)[to + k] = sum;
          break;
        case SCOPE_INT32:
          whole += (uint32_t)((const int32_t *)r->source)[from + k];
          ((int32_t *)r->target)[to + k] = (int32_t)whole;
          break;
        default:
          whole |= ((const uint8_t *)r->source)[from + k];
          ((uint8_t *)r->target)[to + k] = (uint8_t)whole;
      }
    }
  }
}

void scope_arg_extreme(const scope_rows *r, int largest) {
  for (long row = 0; row < r->rows; row++) {
    const char *source = (const char *)r->source + row * r->source_row * bytes_of(r->dtype);
    double best = element(source, r->dtype, 0);
    long at = 0;
    for (long i = 0; i < r->n; i++) {
      const double x = element(source, r->dtype, i);
      if (x != x) {
        at = i;
        break;
      }
      if (largest ? x > best : x < best) {
        best = x;
        at = i;
      }
    }
    ((int32_t *)r->target)[row * r->target_row] = (int32_t)at;
  }
}

/* Whether key x comes before key y: NaN last ascending, first descending. */
static int before(double x, double y, int descending) {
  return descending ? x > y || (x != x && y == y) : x < y || (y != y && x == x);
}

/* Stable, by merging runs of growing length. */
static int32_t *merge_sort(const double *keys, long n, int descending, int32_t *from, int32_t *to) {
  for (long i = 0; i < n; i++) from[i] = (int32_t)i;
  for (long width = 1; width < n; width *= 2) {
    for (long start = 0; start < n; start += 2 * width) {
      const long middle = start + width < n ? start + width : n, end = start + 2 * width < n ? start + 2 * width : n;
      long left = start, right = middle;
      for (long k = start; k < end; k++) {
        /* The right one goes first only where it is strictly earlier: this is what keeps ties in order. */
        const int take = left == middle || (right < end && before(keys[from[right]], keys[from[left]], descending));
        to[k] = take ? from[right++] : from[left++];
      }
    }
    int32_t *other = from;
    from = to;
    to = other;
  }
  return from;
}

/* A heap of the best `limit` so far, the worst of them on top; of equal keys the later one is worse. */
static int worse(const double *keys, int32_t a, int32_t b, int descending) {
  return before(keys[b], keys[a], descending) || (!before(keys[a], keys[b], descending) && a > b);
}
static void sink(const double *keys, int32_t *heap, long size, long at, int descending) {
  for (;;) {
    long child = 2 * at + 1;
    if (child >= size) return;
    if (child + 1 < size && worse(keys, heap[child + 1], heap[child], descending)) child++;
    if (!worse(keys, heap[child], heap[at], descending)) return;
    const int32_t moved = heap[at];
    heap[at] = heap[child];
    heap[child] = moved;
    at = child;
  }
}
static int32_t *select_first(const double *keys, long n, long limit, int descending, int32_t *heap) {
  for (long i = 0; i < limit; i++) heap[i] = (int32_t)i;
  for (long i = limit / 2 - 1; i >= 0; i--) sink(keys, heap, limit, i, descending);
  for (long i = limit; limit > 0 && i < n; i++) {
    if (!worse(keys, heap[0], (int32_t)i, descending)) continue;
    heap[0] = (int32_t)i;
    sink(keys, heap, limit, 0, descending);
  }
  for (long size = limit - 1; size > 0; size--) {
    const int32_t last = heap[size];
    heap[size] = heap[0];
    heap[0] = last;
    sink(keys, heap, size, 0, descending);
  }
  return heap;
}

void scope_arg_sort(const scope_rows *r, int descending, long limit, void *scratch) {
  double *keys = scratch;
  int32_t *first = (int32_t *)(keys + r->n), *second = first + r->n;
  for (long row = 0; row < r->rows; row++) {
    const char *source = (const char *)r->source + row * r->source_row * bytes_of(r->dtype);
    for (long i = 0; i < r->n; i++) keys[i] = element(source, r->dtype, i);
    const int32_t *order = limit <= r->n / 4 ? select_first(keys, r->n, limit, descending, first)
                                             : merge_sort(keys, r->n, descending, first, second);
    memcpy((int32_t *)r->target + row * r->target_row, order, (size_t)limit * sizeof *order);
  }
}

/* Terms of float32 that may be added up one after the other in float32. */
enum { CHAIN = 64 };

/* Lists for each row of the target which rows of the source go there, then adds each list in double precision. */
static void add_groups(const scope_scatter *s, const float *source, const int32_t *index, float *target, void *scratch) {
  double *sums = scratch;
  int32_t *first = (int32_t *)(sums + s->row), *next = first + s->rows;
  for (long n = 0; n < s->rows; n++) first[n] = -1;
  for (long m = s->count - 1; m >= 0; m--) {
    const int32_t n = index[m * s->index_strides[1]];
    next[m] = first[n];
    first[n] = (int32_t)m;
  }
  const long step = s->source_strides[2];
  for (long n = 0; n < s->rows; n++) {
    if (first[n] < 0) continue;
    memset(sums, 0, (size_t)s->row * sizeof *sums);
    for (long m = first[n]; m >= 0; m = next[m]) {
      const float *from = source + m * s->source_strides[1];
      if (step == 1)
        for (long r = 0; r < s->row; r++) sums[r] += from[r];
      else
        for (long r = 0; r < s->row; r++) sums[r] += from[r * step];
    }
    float *to = target + n * s->target_strides[1];
    for (long r = 0; r < s->row; r++) to[r * s->target_strides[2]] = (float)(to[r * s->target_strides[2]] + sums[r]);
  }
}

#define ADD_IN_TURN(name, type, sum)                                                                                 \
  static void name(const scope_scatter *s, const type *source, const int32_t *index, type *target) {                 \
    for (long m = 0; m < s->count; m++) {                                                                            \
      const type *from = source + m * s->source_strides[1];                                                          \
      type *to = target + index[m * s->index_strides[1]] * s->target_strides[1];                                     \
      for (long r = 0; r < s->row; r++) {                                                                            \
        type *at = to + r * s->target_strides[2];                                                                    \
        const type x = from[r * s->source_strides[2]];                                                               \
        *at = (type)(sum);                                                                                           \
      }                                                                                                              \
    }                                                                                                                \
  }
ADD_IN_TURN(add_f32, float, *at + x)
ADD_IN_TURN(add_f64, double, *at + x)
ADD_IN_TURN(add_i32, int32_t, (uint32_t)*at + (uint32_t)x)
ADD_IN_TURN(add_bool, uint8_t, *at | x)

void scope_scatter_add(const scope_scatter *s, void *scratch) {
  for (long b = 0; b < s->batch; b++) {
    const int32_t *index = s->index + b * s->index_strides[0];
    const long from = b * s->source_strides[0], to = b * s->target_strides[0];
    switch (s->dtype) {
      case SCOPE_FLOAT32:
        if (s->count > CHAIN)
          add_groups(s, (const float *)s->source + from, index, (float *)s->target + to, scratch);
        else
          add_f32(s, (const float *)s->source + from, index, (float *)s->target + to);
        break;
      case SCOPE_FLOAT64: add_f64(s, (const double *)s->source + from, index, (double *)s->target + to); break;
      case SCOPE_INT32: add_i32(s, (const int32_t *)s->source + from, index, (int32_t *)s->target + to); break;
      default: add_bool(s, (const uint8_t *)s->source + from, index, (uint8_t *)s->target + to);
    }
  }
}

/* Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC11):
 * elements 2i and 2i + 1 are the two words for the counter (state[2], i). */
typedef struct {
  uint32_t keys[3], counter;
  long first, length;
  int32_t *target;
} bits;
static void random_pairs(void *context, long begin, long end) {
  static const int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const bits *b = context;
  for (long pair = begin; pair < end; pair++) {
    uint32_t x = b->counter + b->keys[0], y = (uint32_t)(b->first / 2 + pair) + b->keys[1];
    for (int round = 0; round < 20; round++) {
      const int by = turns[round % 8];
      x += y;
      y = ((y << by) | (y >> (32 - by))) ^ x;
      if (round % 4 != 3) continue;
      const uint32_t injection = (uint32_t)(round + 1) / 4;
      x += b->keys[injection % 3];
      y += b->keys[(injection + 1) % 3] + injection;
    }
    b->target[2 * pair] = (int32_t)x;
    if (2 * pair + 1 < b->length) b->target[2 * pair + 1] = (int32_t)y;
  }
}
void scope_random_bits(scope_pool *pool, const int32_t *state, long first, int32_t *target, long length) {
  const uint32_t k0 = (uint32_t)state[0], k1 = (uint32_t)state[1];
  bits b = {{k0, k1, 0x1bd11bda ^ k0 ^ k1}, (uint32_t)state[2], first, length, target};
  scope_parallel(pool, (length + 1) / 2, 512, random_pairs, &b);
}
