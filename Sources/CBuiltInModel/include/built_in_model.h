#ifndef EPANNS_BUILT_IN_MODEL_H
#define EPANNS_BUILT_IN_MODEL_H

#include <stddef.h>

/// The model file epanns-mini.safetensors, as it is; 64-byte aligned.
const void *epanns_built_in_model(void);
/// Its size in bytes.
size_t epanns_built_in_model_size(void);

#endif
