#ifndef EPANNS_BUILT_IN_MODEL_H
#define EPANNS_BUILT_IN_MODEL_H

#include <stddef.h>

/// The model file epanns-mini.safetensors, as it is; 64-byte aligned. NULL where the program was built without it.
const void *epanns_built_in_model(void);
/// Its size in bytes; 0 where the program was built without it.
size_t epanns_built_in_model_size(void);

#endif
