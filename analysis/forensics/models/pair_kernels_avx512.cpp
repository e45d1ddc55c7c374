// pair_kernels.h for avx512: vectors of 64 bytes; flags in CMakeLists.txt.

#define INVIGIL_VECTOR_BYTES 64
#define INVIGIL_KERNELS kPairKernels_avx512
#define INVIGIL_KERNELS_NAME "avx512"
#include "analysis/forensics/models/pair_kernels.inc"
