// libcrypto's digests. The plain functions rather than EVP's: their state is a value, they cannot fail, and they work
// where a FIPS policy forbids MD5, which is used here against damage only.
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>
