/* The widest vectors of the machine that the code is compiled for. A wider type than its registers would be split, and is slow. */
#ifndef SCOPE_VECTORS_H
#define SCOPE_VECTORS_H

#ifndef SCOPE_VECTOR_BYTES
#if defined(__AVX512F__)
#define SCOPE_VECTOR_BYTES 64
#elif defined(__AVX__)
#define SCOPE_VECTOR_BYTES 32
#else
#define SCOPE_VECTOR_BYTES 16
#endif
#endif

/* Vector registers: what a tile of results may fill. */
#ifndef SCOPE_VECTOR_REGISTERS
#if SCOPE_VECTOR_BYTES == 64 || defined(__AVX512VL__) || defined(__aarch64__)
#define SCOPE_VECTOR_REGISTERS 32
#else
#define SCOPE_VECTOR_REGISTERS 16
#endif
#endif

#define SCOPE_INLINE static inline __attribute__((always_inline))

#endif
