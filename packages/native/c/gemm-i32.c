/* Unsigned, because their sums and products wrap. */
#define ELEMENT unsigned
#define WIDE unsigned
#define GLOBAL(name) name##_i32
#define ONE_TILE_FOR_ALL
#define NEVER_PACKED_BEFOREHAND
#include "gemm-element.h"
