// pair_kernels.h for avx2: vectors of 32 bytes; flags in CMakeLists.txt.

#define INVIGIL_VECTOR_BYTES 32
#define INVIGIL_KERNELS kPairKernels_avx2
#define INVIGIL_KERNELS_NAME "avx2"
#include "analysis/forensics/models/pair_kernels.inc"
