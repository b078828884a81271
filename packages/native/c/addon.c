/* The bridge to Node: memory, and programs that run in it. Declared by hand, so that no headers need to be installed. */
#include "routines.h"
#include <stdlib.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <sys/mman.h>
#endif

typedef struct napi_env_of *napi_env;
typedef struct napi_value_of *napi_value;
typedef struct napi_info_of *napi_info;
typedef int napi_status;
typedef napi_value (*napi_function)(napi_env, napi_info);
typedef void (*napi_finalizer)(napi_env, void *data, void *hint);

napi_status napi_create_function(napi_env, const char *, size_t, napi_function, void *, napi_value *);
napi_status napi_set_named_property(napi_env, napi_value, const char *, napi_value);
napi_status napi_get_cb_info(napi_env, napi_info, size_t *, napi_value *, napi_value *, void **);
napi_status napi_get_value_int64(napi_env, napi_value, int64_t *);
napi_status napi_get_value_double(napi_env, napi_value, double *);
napi_status napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
napi_status napi_get_value_external(napi_env, napi_value, void **);
napi_status napi_create_int32(napi_env, int32_t, napi_value *);
napi_status napi_create_external(napi_env, void *, napi_finalizer, void *, napi_value *);
napi_status napi_create_external_arraybuffer(napi_env, void *, size_t, napi_finalizer, void *, napi_value *);
napi_status napi_get_typedarray_info(napi_env, napi_value, int *, size_t *, void **, napi_value *, size_t *);
napi_status napi_get_arraybuffer_info(napi_env, napi_value, void **, size_t *);
napi_status napi_throw_range_error(napi_env, const char *, const char *);
napi_status napi_throw_error(napi_env, const char *, const char *);

enum { alignment = 64, most_arguments = 5 };

#define SCOPE_ENTRY(result, name, parameters) scope_##name,
static scope_routines routines = {SCOPE_ROUTINES(SCOPE_ENTRY)};

static void arguments_of(napi_env env, napi_info info, napi_value *values) {
  size_t count = most_arguments;
  napi_get_cb_info(env, info, &count, values, NULL, NULL);
}

static void free_memory(napi_env env, void *data, void *block) {
  (void)env, (void)data;
  free(block);
}
/* Large pages for large memory, where the host gives them when asked: products of large matrices touch many. */
static void prefer_large_pages(char *start, size_t bytes) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = 2u << 20, from = ((uintptr_t)start + page - 1) / page * page;
  const uintptr_t to = ((uintptr_t)start + bytes) / page * page;
  if (to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
  (void)start, (void)bytes;
#endif
}

/* allocate(bytes): zeroed memory that lives as long as any view of it. */
static napi_value allocate(napi_env env, napi_info info) {
  napi_value values[most_arguments], buffer = NULL;
  double bytes = 0;
  arguments_of(env, info, values);
  napi_get_value_double(env, values[0], &bytes);
  char *block = bytes < 9007199254740992.0 ? calloc(1, (size_t)bytes + alignment) : NULL;
  if (block != NULL) {
    char *start = block + (alignment - (uintptr_t)block % alignment) % alignment;
    prefer_large_pages(start, (size_t)bytes);
    if (napi_create_external_arraybuffer(env, start, (size_t)bytes, free_memory, block, &buffer) == 0) return buffer;
    free(block);
  }
  napi_throw_range_error(env, NULL, "the host has no memory for it");
  return NULL;
}

/* A function of a shared object, which stays loaded for good. */
static void *function_of(napi_env env, napi_info info, const char *name) {
  napi_value values[most_arguments];
  char path[4096];
  size_t length;
  arguments_of(env, info, values);
  napi_get_value_string_utf8(env, values[0], path, sizeof path, &length);
#ifdef _WIN32
  HMODULE library = LoadLibraryA(path);
  void *function = library == NULL ? NULL : (void *)GetProcAddress(library, name);
  const char *problem = "the object cannot be loaded";
#else
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *function = library == NULL ? NULL : dlsym(library, name);
  const char *problem = function == NULL ? dlerror() : NULL;
#endif
  if (function == NULL) napi_throw_error(env, NULL, problem);
  return function;
}

/* load(path): the program in a shared object. */
static napi_value load(napi_env env, napi_info info) {
  napi_value program;
  void *entry = function_of(env, info, "scope_run");
  if (entry == NULL) return NULL;
  napi_create_external(env, entry, NULL, NULL, &program);
  return program;
}

/* join(path): puts the routines of a shared object into the table. */
static napi_value join(napi_env env, napi_info info) {
  void (*entry)(scope_routines *) = (void (*)(scope_routines *))function_of(env, info, "scope_join");
  if (entry != NULL) entry(&routines);
  return NULL;
}

/* The pool of so many threads. */
static scope_pool *pool_of(int64_t threads) {
  static scope_pool *pools[65];
  if (threads < 2) return NULL;
  if (threads > 64) threads = 64;
  if (pools[threads] == NULL) pools[threads] = scope_pool_create((int)threads);
  return pools[threads];
}

/* cores(): how many threads suit this process. */
static napi_value cores(napi_env env, napi_info info) {
  napi_value result;
  (void)info;
  napi_create_int32(env, scope_physical_cores(), &result);
  return result;
}

/* run(program, memory, threads, which, counters): `counters` is an Int32Array of those of the loops around a single kernel. */
static napi_value run(napi_env env, napi_info info) {
  napi_value values[most_arguments];
  void *program = NULL, *memory = NULL, *counters = NULL;
  int64_t threads = 1, which = 0;
  arguments_of(env, info, values);
  napi_get_value_external(env, values[0], &program);
  napi_get_arraybuffer_info(env, values[1], &memory, NULL);
  napi_get_value_int64(env, values[2], &threads);
  napi_get_value_int64(env, values[3], &which);
  if (which >= 0) napi_get_typedarray_info(env, values[4], NULL, NULL, &counters, NULL, NULL);
  ((scope_program)program)(&routines, memory, pool_of(threads), (long)which, counters);
  return NULL;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_function function;
  } all[] = {{"allocate", allocate}, {"load", load}, {"join", join}, {"run", run}, {"cores", cores}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    napi_value function;
    napi_create_function(env, all[i].name, strlen(all[i].name), all[i].function, NULL, &function);
    napi_set_named_property(env, exports, all[i].name, function);
  }
  return exports;
}
