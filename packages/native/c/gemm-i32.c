/* Unsigned, because their sums and products wrap. */
#define ELEMENT unsigned
#define WIDE unsigned
#define GLOBAL(name) name##_i32
#include "gemm-element.h"
