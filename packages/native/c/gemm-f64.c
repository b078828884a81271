#define ELEMENT double
#define WIDE double
#define GLOBAL(name) name##_f64
#include "gemm-element.h"
