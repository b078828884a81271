/* What routines that are compiled apart begin with: they call the others through the table that they join. */
#ifndef SCOPE_LATER_H
#define SCOPE_LATER_H
#include "routines.h"

static const scope_routines *table;
#define scope_parallel table->parallel
#define scope_pool_threads table->pool_threads
#define LATER __attribute__((visibility("default"))) void scope_join(scope_routines *routines)
#endif
