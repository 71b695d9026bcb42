#include "built_in_model.h"

// Where a file is copied to model/ for the first time, this one must be touched, or the build does not see it.
// In the program itself: a resource bundle beside it would be lost when the program is copied elsewhere.
#pragma clang diagnostic ignored "-Wc23-extensions"

#if __has_embed("model/epanns-mini.safetensors")

static _Alignas(64) const unsigned char model[] = {
#embed "model/epanns-mini.safetensors"
};

const void *epanns_built_in_model(void) { return model; }

size_t epanns_built_in_model_size(void) { return sizeof model; }

#else

const void *epanns_built_in_model(void) { return NULL; }

size_t epanns_built_in_model_size(void) { return 0; }

#endif
