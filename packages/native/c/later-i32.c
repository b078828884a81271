#include "later.h"
#include "gemm-i32.c"

LATER {
  table = routines;
  routines->gemm_i32 = scope_gemm_i32;
}
