// pair_kernels.h for baseline: vectors of 16 bytes; flags in CMakeLists.txt.

#define INVIGIL_VECTOR_BYTES 16
#define INVIGIL_KERNELS kPairKernels_baseline
#define INVIGIL_KERNELS_NAME "baseline"
#include "analysis/forensics/models/pair_kernels.inc"
