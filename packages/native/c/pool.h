/* Threads that share the work of one call. */
#ifndef SCOPE_POOL_H
#define SCOPE_POOL_H

/* How many threads share the work of a caller. The threads themselves belong to the process: every pool uses the same ones,
 * which start when a call first has work for them, sleep when there is none, and never keep the process from ending. */
typedef struct scope_pool scope_pool;

/* A pool for `threads` threads in all, the calling one included (1 to 64; more are taken as 64). NULL if there is no memory. */
scope_pool *scope_pool_create(int threads);
/* Frees the pool; the threads stay for the next one. */
void scope_pool_destroy(scope_pool *pool);
/* 1 where pool is NULL. */
int scope_pool_threads(const scope_pool *pool);

/* Physical cores that this process may run on, at least 1: the number of threads that suits it. */
int scope_physical_cores(void);

/* The part [begin, end) of some work. */
typedef void (*scope_task)(void *context, long begin, long end);

/* Runs the task over [0, count) and returns when all of it is done. The work is cut into ranges whose begins are multiples of
 * `grain` (at least 1), so that a range holds at least that much; choose it for about 2 microseconds of work. The caller takes
 * part, and takes over what no other thread has begun. Who computes a range is open: what a range computes must not depend on
 * where others begin or end. In one range, on the calling thread: where pool is NULL, where count <= grain, inside of another
 * task, and while a second caller (a worker of the host) uses the threads. */
void scope_parallel(scope_pool *pool, long count, long grain, scope_task task, void *context);

#endif
