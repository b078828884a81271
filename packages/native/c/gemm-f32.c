#define ELEMENT float
#define WIDE double
#define GLOBAL(name) name##_f32
#include "gemm-element.h"
