// libcurl, loaded when something is to be downloaded: linked, it and the thirty libraries it needs would be loaded at
// every start, which takes as long as tagging a second of sound.
#pragma once

#include <dlfcn.h>
#include <stdbool.h>

#define CURL_DISABLE_DEPRECATION
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

typedef size_t (*epanns_curl_receiver)(char *bytes, size_t size, size_t count, void *context);
typedef int (*epanns_curl_observer)(void *context, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

/// The functions of the library that are used.
typedef struct epanns_curl {
    CURLcode (*start)(long);
    CURL *(*make)(void);
    CURLcode (*set)(CURL *, CURLoption, ...);
    CURLcode (*perform)(CURL *);
    void (*destroy)(CURL *);
    const char *(*text)(CURLcode);
    struct curl_slist *(*append)(struct curl_slist *, const char *);
    void (*destroy_list)(struct curl_slist *);
} epanns_curl;

/// Loads the library; false where it is not installed.
static inline bool epanns_curl_load(epanns_curl *curl) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.4.dylib"};
    void *library = NULL;
    for (unsigned i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    *(void **)&curl->start = dlsym(library, "curl_global_init");
    *(void **)&curl->make = dlsym(library, "curl_easy_init");
    *(void **)&curl->set = dlsym(library, "curl_easy_setopt");
    *(void **)&curl->perform = dlsym(library, "curl_easy_perform");
    *(void **)&curl->destroy = dlsym(library, "curl_easy_cleanup");
    *(void **)&curl->text = dlsym(library, "curl_easy_strerror");
    *(void **)&curl->append = dlsym(library, "curl_slist_append");
    *(void **)&curl->destroy_list = dlsym(library, "curl_slist_free_all");
    return curl->start && curl->make && curl->set && curl->perform && curl->destroy && curl->text && curl->append
        && curl->destroy_list && curl->start(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

// Options are set through a function of variable arguments, which Swift cannot call: one function a type.
static inline CURLcode epanns_curl_set_number(const epanns_curl *curl, CURL *handle, CURLoption option, long value) {
    return curl->set(handle, option, value);
}
static inline CURLcode epanns_curl_set_text(const epanns_curl *curl, CURL *handle, CURLoption option, const char *value) {
    return curl->set(handle, option, value);
}
static inline CURLcode epanns_curl_set_pointer(const epanns_curl *curl, CURL *handle, CURLoption option, void *value) {
    return curl->set(handle, option, value);
}
static inline CURLcode epanns_curl_set_receiver(
    const epanns_curl *curl, CURL *handle, CURLoption option, epanns_curl_receiver value) {
    return curl->set(handle, option, value);
}
static inline CURLcode epanns_curl_set_observer(
    const epanns_curl *curl, CURL *handle, CURLoption option, epanns_curl_observer value) {
    return curl->set(handle, option, value);
}

// HTTP and HTTPS, whatever else the library was built with: a number, since the macros hide a cast.
static const long epanns_curl_web_protocols = CURLPROTO_HTTP | CURLPROTO_HTTPS;
static const int epanns_curl_error_size = CURL_ERROR_SIZE;
