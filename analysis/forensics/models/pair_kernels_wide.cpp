// pair_kernels.h for tests: vectors of 64 bytes, put together from whatever the processor has. The AVX-512 variant's source, on any
// machine.

#define INVIGIL_VECTOR_BYTES 64
#define INVIGIL_KERNELS kPairKernels_wide
#define INVIGIL_KERNELS_NAME "wide"
#include "analysis/forensics/models/pair_kernels.inc"
