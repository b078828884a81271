/* Jobs of all sizes, from inside of others, from two callers at once, and after pauses; exits with 1 if an element was not visited exactly once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"

enum { most = 4096 };
static atomic_long wrong = 0;

typedef struct {
  unsigned char visits[most];
  long count, grain;
  scope_pool *pool;
  int nested;
} job;

static void visit(void *context, long begin, long end) {
  job *j = context;
  if (begin % j->grain != 0 || begin >= end || end > j->count || (end % j->grain != 0 && end != j->count)) wrong++;
  for (long i = begin; i < end; i++) j->visits[i]++;
  if (j->nested) {
    job inner = {.count = 100, .grain = 7, .pool = j->pool};
    scope_parallel(j->pool, inner.count, inner.grain, visit, &inner);
    for (long i = 0; i < inner.count; i++) wrong += inner.visits[i] != 1;
  }
}

static void *call(void *argument) {
  const int jobs = *(int *)argument;
  unsigned state = 12345;
  for (int i = 0; i < jobs; i++) {
    state = state * 1664525u + 1013904223u;
    job j = {.count = (long)(state >> 8) % (i % 50 == 0 ? most : 40), .grain = 1 + (long)(state >> 4) % 9, .nested = i % 7 == 0};
    j.pool = i % 11 == 0 ? NULL : scope_pool_create(1 + (int)(state >> 20) % 7);
    scope_parallel(j.pool, j.count, j.grain, visit, &j);
    for (long e = 0; e < most; e++) wrong += j.visits[e] != (e < j.count);
    scope_pool_destroy(j.pool);
    if (i % 1000 == 0) usleep(300);
  }
  return NULL;
}

int main(int count, char **arguments) {
  int jobs = count > 1 ? atoi(arguments[1]) : 20000;
  pthread_t other;
  pthread_create(&other, NULL, call, &jobs);
  call(&jobs);
  pthread_join(other, NULL);
  call(&jobs);
  printf("%ld wrong, %d cores\n", (long)wrong, scope_physical_cores());
  return wrong != 0 || scope_physical_cores() < 1;
}
