// HDF5's C interface. Its type and property constants are macros over functions, which Swift does not see.
#pragma once

#include <hdf5.h>

static inline hid_t hdf5_native_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t hdf5_native_int16(void) { return H5T_NATIVE_INT16; }
static inline hid_t hdf5_native_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t hdf5_native_uint8(void) { return H5T_NATIVE_UINT8; }
