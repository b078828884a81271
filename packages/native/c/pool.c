#if defined(__linux__)
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__APPLE__)
#define _DARWIN_C_SOURCE
#endif

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#ifndef _WIN32
#include <dlfcn.h>
#include <signal.h>
#endif

#include "pool.h"

#define MOST_THREADS 64
/* The ranges of a job are bits of a word. */
#define MOST_RANGES 32
/* Ranges for each thread: one that starts late, or is held up, leaves some of its own to the others. */
#define RANGES_PER_THREAD 2
/* Looks for work before a worker sleeps. Each that finds some doubles them for the next time, each in vain halves them. */
#define FEWEST_LOOKS 100
#define MOST_LOOKS 1600
/* Looks at a worker's last range before the caller sleeps: by then it must have lost its processor. */
#define WAITING_LOOKS 1600
/* Waking threads takes a caller some microseconds, and them some more: how many grains of work make up for it. */
#define GRAINS_TO_WAKE 16
/* How many times longer than a wait for a lost worker callers do without workers, at most; jobs without one that halve it. */
#define MOST_PATIENCE 16
#define JOBS_TO_FORGET 256

struct scope_pool {
  int threads;
};

typedef struct {
  scope_task task;
  void *context;
  long count, grain, units;
} job_fields;

/* The threads of the process, and the job that they share. Each word that threads write has a cache line of its own. */
static struct {
  /* Ranges that nobody has begun (low 32 bits), all ranges (from bit 32), threads that may take part (from bit 40). Who clears
   * a bit computes that range, and may read `job`, which stays as it is until no range is pending. */
  _Alignas(64) _Atomic uint64_t open;
  /* Ranges that are not done. */
  _Alignas(64) atomic_uint pending;
  /* Whether the caller sleeps until none is pending. */
  atomic_uint caller_sleeps;
  /* Threads that sleep, and what changes to wake them. */
  _Alignas(64) atomic_uint sleepers;
  atomic_uint calls;
  /* Set while a caller has the threads. */
  _Alignas(64) atomic_flag taken;
  _Alignas(64) job_fields job;
  /* Of whoever has `taken`: threads that were started, and grains of work that sleepers were not woken for. */
  int workers;
  long missed;
  /* Until when callers do without the threads, because others want the processors; how many times a wait that is, and jobs
   * since the last one. */
  double alone_until;
  int patience;
  long jobs;
} team = {.taken = ATOMIC_FLAG_INIT, .patience = 1};

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Sleeping until a word has another value, and waking who sleeps on it after it has changed. */
#if defined(__linux__)
static void sleep_while(atomic_uint *word, unsigned value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(atomic_uint *word, int threads) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}
#else
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t word_changed = PTHREAD_COND_INITIALIZER;
static void sleep_while(atomic_uint *word, unsigned value) {
  pthread_mutex_lock(&sleep_lock);
  if (atomic_load(word) == value) pthread_cond_wait(&word_changed, &sleep_lock);
  pthread_mutex_unlock(&sleep_lock);
}
static void wake(atomic_uint *word, int threads) {
  (void)word, (void)threads;
  pthread_mutex_lock(&sleep_lock);
  pthread_cond_broadcast(&word_changed);
  pthread_mutex_unlock(&sleep_lock);
}
#endif

static long smaller(long a, long b) { return a < b ? a : b; }
/* Where range i of a job begins. */
static long range_begin(const job_fields *job, long ranges, long i) {
  return smaller(job->count, job->units * i / ranges * job->grain);
}

/* Computes ranges that nobody has begun, those of this thread's own share first: the same part of the data, job after job, stays
 * in its cache. Returns how many. */
static long compute_ranges(int thread) {
  uint64_t open = atomic_load_explicit(&team.open, memory_order_acquire);
  long computed = 0;
  for (;;) {
    const uint32_t left = (uint32_t)open;
    const long ranges = (open >> 32) & 0xff, threads = open >> 40;
    if (left == 0 || thread >= threads) return computed;
    const uint32_t own = left & (uint32_t)(~0ull << (thread * ranges / threads));
    const int range = __builtin_ctz(own != 0 ? own : left);
    if (!atomic_compare_exchange_weak_explicit(&team.open, &open, open & ~(1ull << range), memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    const job_fields *job = &team.job;
    job->task(job->context, range_begin(job, ranges, range), range_begin(job, ranges, range + 1));
    computed++;
    if (atomic_fetch_sub(&team.pending, 1) == 1 && thread > 0 && atomic_load(&team.caller_sleeps)) wake(&team.pending, 1);
    open = atomic_load_explicit(&team.open, memory_order_acquire);
  }
}

static void *work(void *argument) {
  const int thread = (int)(intptr_t)argument;
  long looks = FEWEST_LOOKS;
  for (;;) {
    long left = looks;
    while (compute_ranges(thread) == 0 && --left > 0) relax();
    if (left > 0) {
      looks = smaller(2 * looks, MOST_LOOKS);
      continue;
    }
    looks = looks / 2 > FEWEST_LOOKS ? looks / 2 : FEWEST_LOOKS;
    /* A caller opens its ranges before it counts the sleepers, a sleeper counts before it looks: one of them notices. */
    const unsigned calls = atomic_load(&team.calls);
    atomic_fetch_add(&team.sleepers, 1);
    if (compute_ranges(thread) == 0) sleep_while(&team.calls, calls);
    atomic_fetch_sub(&team.sleepers, 1);
  }
  return NULL;
}

#ifdef _WIN32
static void keep_library(void) {}
typedef int signals;
static void block_signals(signals *before) { (void)before; }
static void restore_signals(const signals *before) { (void)before; }
#else
/* The code must stay where it is while threads run it, even if the host closes the library. */
static void keep_library(void) {
  Dl_info info;
  if (dladdr((void *)(intptr_t)&work, &info) != 0 && info.dli_fname != NULL)
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
}
/* A new thread inherits what is blocked: the host's signals are for its own threads. */
typedef sigset_t signals;
static void block_signals(signals *before) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, before);
}
static void restore_signals(const signals *before) { pthread_sigmask(SIG_SETMASK, before, NULL); }
#endif

/* Threads that end with the process. */
static void start_workers(int workers) {
  if (team.workers == 0) keep_library();
  signals before;
  block_signals(&before);
  for (pthread_t thread; team.workers < workers; team.workers++) {
    if (pthread_create(&thread, NULL, work, (void *)(intptr_t)(team.workers + 1)) != 0) break;
    pthread_detach(thread);
  }
  restore_signals(&before);
}

scope_pool *scope_pool_create(int threads) {
  scope_pool *pool = malloc(sizeof *pool);
  if (pool != NULL) pool->threads = threads < 1 ? 1 : (int)smaller(threads, MOST_THREADS);
  return pool;
}

void scope_pool_destroy(scope_pool *pool) { free(pool); }

int scope_pool_threads(const scope_pool *pool) { return pool == NULL ? 1 : pool->threads; }

static void wake_workers(long units, int workers) {
  if (atomic_load(&team.sleepers) == 0) return;
  team.missed += units;
  if (team.missed < GRAINS_TO_WAKE) return;
  team.missed = 0;
  atomic_fetch_add(&team.calls, 1);
  wake(&team.calls, workers);
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Waits for the last ranges of workers. One that lost its processor to another program holds everything up: then work goes on
 * without workers for a multiple of the time that was lost, a larger one each time, so that a busy machine costs little. */
static void wait_for_workers(void) {
  for (long i = 0; i < WAITING_LOOKS; i++) {
    if (atomic_load_explicit(&team.pending, memory_order_acquire) == 0) {
      if (++team.jobs % JOBS_TO_FORGET == 0 && team.patience > 1) team.patience /= 2;
      return;
    }
    relax();
  }
  const double begin = seconds();
  atomic_store(&team.caller_sleeps, 1);
  for (unsigned pending; (pending = atomic_load(&team.pending)) != 0;) sleep_while(&team.pending, pending);
  atomic_store(&team.caller_sleeps, 0);
  const double end = seconds();
  team.alone_until = end + team.patience * (end - begin);
  if (team.patience < MOST_PATIENCE) team.patience *= 2;
  team.jobs = 0;
}

/* Whether workers are left out of what comes now. */
static int goes_alone(void) {
  if (team.alone_until == 0) return 0;
  if (seconds() < team.alone_until) return 1;
  team.alone_until = 0;
  return 0;
}

void scope_parallel(scope_pool *pool, long count, long grain, scope_task task, void *context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  const int threads = scope_pool_threads(pool);
  if (threads == 1 || count <= grain || atomic_flag_test_and_set_explicit(&team.taken, memory_order_acquire)) {
    task(context, 0, count);
    return;
  }
  if (goes_alone()) {
    task(context, 0, count);
    atomic_flag_clear_explicit(&team.taken, memory_order_release);
    return;
  }
  if (team.workers < threads - 1) start_workers(threads - 1);
  const long units = (count - 1) / grain + 1;
  const long ranges = smaller(units, smaller(RANGES_PER_THREAD * threads, MOST_RANGES));
  team.job = (job_fields){task, context, count, grain, units};
  atomic_store_explicit(&team.pending, (unsigned)ranges, memory_order_relaxed);
  atomic_store(&team.open, ((1ull << ranges) - 1) | (uint64_t)ranges << 32 | (uint64_t)threads << 40);
  wake_workers(units, threads - 1);
  compute_ranges(0);
  wait_for_workers();
  atomic_flag_clear_explicit(&team.taken, memory_order_release);
}
