#include "later.h"
#include "gemm-f64.c"

LATER {
  table = routines;
  routines->gemm_f64 = scope_gemm_f64;
  routines->pack_f64 = scope_pack_f64;
}
