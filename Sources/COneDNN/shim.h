// One API over oneDNN 2.x (Debian 12) and 3.x (Debian 13, Ubuntu 24.04).
//
// The two differ in how descriptors are made: 2.x fills operation descriptors and has memory descriptors by value,
// 3.x creates primitive descriptors directly and has opaque memory descriptors. Everything here is `static inline`
// and does nothing else than hide that difference.
#pragma once

#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

// A memory descriptor, owned by its holder; released with onednn_md_destroy.
typedef struct onednn_md_opaque *onednn_md;

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t onednn_md_raw;
static inline onednn_md_raw onednn_md_get(onednn_md md) { return (onednn_md_raw)md; }
static inline void onednn_md_destroy(onednn_md md) { if (md) dnnl_memory_desc_destroy((dnnl_memory_desc_t)md); }
static inline dnnl_status_t onednn_md_copy(onednn_md *out, onednn_md_raw raw) {
    dnnl_memory_desc_t copy = NULL;
    dnnl_status_t status = dnnl_memory_desc_clone(&copy, raw);
    *out = (onednn_md)copy;
    return status;
}
static inline dnnl_status_t onednn_md_by_tag(
        onednn_md *out, int ndims, const int64_t *dims, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag((dnnl_memory_desc_t *)out, ndims, dims, type, tag);
}
static inline dnnl_status_t onednn_md_by_strides(
        onednn_md *out, int ndims, const int64_t *dims, dnnl_data_type_t type, const int64_t *strides) {
    return dnnl_memory_desc_create_with_strides((dnnl_memory_desc_t *)out, ndims, dims, type, strides);
}
static inline dnnl_status_t onednn_md_permute(onednn_md *out, onednn_md in, const int *permutation) {
    return dnnl_memory_desc_permute_axes((dnnl_memory_desc_t *)out, onednn_md_get(in), permutation);
}
#else
typedef const dnnl_memory_desc_t *onednn_md_raw;
static inline onednn_md_raw onednn_md_get(onednn_md md) { return (onednn_md_raw)md; }
static inline void onednn_md_destroy(onednn_md md) { free(md); }
static inline dnnl_memory_desc_t *onednn_md_new(onednn_md *out) {
    *out = (onednn_md)calloc(1, sizeof(dnnl_memory_desc_t));
    return (dnnl_memory_desc_t *)*out;
}
static inline dnnl_status_t onednn_md_keep(onednn_md *out, dnnl_status_t status) {
    if (status != dnnl_success) { free(*out); *out = NULL; }
    return status;
}
static inline dnnl_status_t onednn_md_copy(onednn_md *out, onednn_md_raw raw) {
    dnnl_memory_desc_t *md = onednn_md_new(out);
    if (!md) return dnnl_out_of_memory;
    memcpy(md, raw, sizeof *md);
    return dnnl_success;
}
static inline dnnl_status_t onednn_md_by_tag(
        onednn_md *out, int ndims, const int64_t *dims, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t *md = onednn_md_new(out);
    if (!md) return dnnl_out_of_memory;
    return onednn_md_keep(out, dnnl_memory_desc_init_by_tag(md, ndims, dims, type, tag));
}
static inline dnnl_status_t onednn_md_by_strides(
        onednn_md *out, int ndims, const int64_t *dims, dnnl_data_type_t type, const int64_t *strides) {
    dnnl_memory_desc_t *md = onednn_md_new(out);
    if (!md) return dnnl_out_of_memory;
    return onednn_md_keep(out, dnnl_memory_desc_init_by_strides(md, ndims, dims, type, strides));
}
static inline dnnl_status_t onednn_md_permute(onednn_md *out, onednn_md in, const int *permutation) {
    dnnl_memory_desc_t *md = onednn_md_new(out);
    if (!md) return dnnl_out_of_memory;
    return onednn_md_keep(out, dnnl_memory_desc_permute_axes(md, onednn_md_get(in), permutation));
}
#endif

static inline size_t onednn_md_size(onednn_md md) { return dnnl_memory_desc_get_size(onednn_md_get(md)); }
static inline int onednn_md_equal(onednn_md a, onednn_md b) {
    return dnnl_memory_desc_equal(onednn_md_get(a), onednn_md_get(b));
}

// Copies the memory descriptor that a primitive descriptor asks for; out is NULL where it has none.
static inline dnnl_status_t onednn_query_md(
        onednn_md *out, const_dnnl_primitive_desc_t pd, dnnl_query_t what, int index) {
    onednn_md_raw raw = dnnl_primitive_desc_query_md(pd, what, index);
    *out = NULL;
    return raw ? onednn_md_copy(out, raw) : dnnl_success;
}

static inline const char *onednn_implementation(const_dnnl_primitive_desc_t pd) {
    const char *text = NULL;
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &text);
    return text ? text : "";
}

static inline dnnl_status_t onednn_memory_create(
        dnnl_memory_t *out, onednn_md md, dnnl_engine_t engine, void *handle) {
    return dnnl_memory_create(out, onednn_md_get(md), engine, handle);
}

// Attributes

static inline dnnl_status_t onednn_append_eltwise(
        dnnl_post_ops_t ops, dnnl_alg_kind_t algorithm, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_post_ops_append_eltwise(ops, algorithm, alpha, beta);
#else
    return dnnl_post_ops_append_eltwise(ops, 1.0f, algorithm, alpha, beta);
#endif
}

static inline dnnl_status_t onednn_append_sum(dnnl_post_ops_t ops, float scale) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_post_ops_append_sum(ops, scale, 0, dnnl_data_type_undef);
#else
    return dnnl_post_ops_append_sum(ops, scale);
#endif
}

// Primitive descriptors. `bias` may be NULL. Strides, dilations (0 is dense) and paddings have ndims − 2 entries.

static inline dnnl_status_t onednn_convolution_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
        onednn_md src, onednn_md weights, onednn_md bias, onednn_md dst, const int64_t *strides,
        const int64_t *dilates, const int64_t *padding_l, const int64_t *padding_r, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_forward_primitive_desc_create(out, engine, kind, algorithm, onednn_md_get(src),
            onednn_md_get(weights), onednn_md_get(bias), onednn_md_get(dst), strides, dilates, padding_l, padding_r,
            attr);
#else
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(&desc, kind, algorithm, onednn_md_get(src),
            onednn_md_get(weights), onednn_md_get(bias), onednn_md_get(dst), strides, dilates, padding_l, padding_r);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_pooling_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
        onednn_md src, onednn_md dst, const int64_t *strides, const int64_t *kernel, const int64_t *padding_l,
        const int64_t *padding_r, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    const int64_t dilation[3] = {0, 0, 0};
    return dnnl_pooling_forward_primitive_desc_create(out, engine, kind, algorithm, onednn_md_get(src),
            onednn_md_get(dst), strides, kernel, dilation, padding_l, padding_r, attr);
#else
    dnnl_pooling_desc_t desc;
    dnnl_status_t status = dnnl_pooling_forward_desc_init(&desc, kind, algorithm, onednn_md_get(src),
            onednn_md_get(dst), strides, kernel, padding_l, padding_r);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_inner_product_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, onednn_md src, onednn_md weights,
        onednn_md bias, onednn_md dst, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_inner_product_forward_primitive_desc_create(out, engine, kind, onednn_md_get(src),
            onednn_md_get(weights), onednn_md_get(bias), onednn_md_get(dst), attr);
#else
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(&desc, kind, onednn_md_get(src),
            onednn_md_get(weights), onednn_md_get(bias), onednn_md_get(dst));
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_binary(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, onednn_md src0, onednn_md src1,
        onednn_md dst, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_binary_primitive_desc_create(out, engine, algorithm, onednn_md_get(src0), onednn_md_get(src1),
            onednn_md_get(dst), attr);
#else
    dnnl_binary_desc_t desc;
    dnnl_status_t status = dnnl_binary_desc_init(
            &desc, algorithm, onednn_md_get(src0), onednn_md_get(src1), onednn_md_get(dst));
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_eltwise_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm,
        onednn_md data, float alpha, float beta, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_eltwise_forward_primitive_desc_create(
            out, engine, kind, algorithm, onednn_md_get(data), onednn_md_get(data), alpha, beta, attr);
#else
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&desc, kind, algorithm, onednn_md_get(data), alpha, beta);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_concat(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md dst, int count, int axis, const onednn_md *src,
        dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_concat_primitive_desc_create(
            out, engine, onednn_md_get(dst), count, axis, (const onednn_md_raw *)src, attr);
#else
    dnnl_memory_desc_t *all = (dnnl_memory_desc_t *)malloc((size_t)count * sizeof *all);
    if (!all) return dnnl_out_of_memory;
    for (int i = 0; i < count; ++i) all[i] = *onednn_md_get(src[i]);
    dnnl_status_t status
            = dnnl_concat_primitive_desc_create(out, onednn_md_get(dst), count, axis, all, attr, engine);
    free(all);
    return status;
#endif
}

static inline dnnl_status_t onednn_reorder(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md src, onednn_md dst, dnnl_primitive_attr_t attr) {
    return dnnl_reorder_primitive_desc_create(out, onednn_md_get(src), engine, onednn_md_get(dst), engine, attr);
}

// Primitive descriptors of training. `hint` is the forward descriptor, made with dnnl_forward_training.

static inline dnnl_status_t onednn_convolution_backward_data(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, onednn_md diff_src,
        onednn_md weights, onednn_md diff_dst, const int64_t *strides, const int64_t *dilates,
        const int64_t *padding_l, const int64_t *padding_r, const_dnnl_primitive_desc_t hint,
        dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_backward_data_primitive_desc_create(out, engine, algorithm, onednn_md_get(diff_src),
            onednn_md_get(weights), onednn_md_get(diff_dst), strides, dilates, padding_l, padding_r, hint, attr);
#else
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(&desc, algorithm,
            onednn_md_get(diff_src), onednn_md_get(weights), onednn_md_get(diff_dst), strides, dilates, padding_l,
            padding_r);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_convolution_backward_weights(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, onednn_md src,
        onednn_md diff_weights, onednn_md diff_bias, onednn_md diff_dst, const int64_t *strides,
        const int64_t *dilates, const int64_t *padding_l, const int64_t *padding_r,
        const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_backward_weights_primitive_desc_create(out, engine, algorithm, onednn_md_get(src),
            onednn_md_get(diff_weights), onednn_md_get(diff_bias), onednn_md_get(diff_dst), strides, dilates,
            padding_l, padding_r, hint, attr);
#else
    dnnl_convolution_desc_t desc;
    dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(&desc, algorithm, onednn_md_get(src),
            onednn_md_get(diff_weights), onednn_md_get(diff_bias), onednn_md_get(diff_dst), strides, dilates,
            padding_l, padding_r);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_batch_norm_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, onednn_md data, float epsilon,
        unsigned flags, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_batch_normalization_forward_primitive_desc_create(
            out, engine, kind, onednn_md_get(data), onednn_md_get(data), epsilon, flags, attr);
#else
    dnnl_batch_normalization_desc_t desc;
    dnnl_status_t status
            = dnnl_batch_normalization_forward_desc_init(&desc, kind, onednn_md_get(data), epsilon, flags);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

// Whether batch normalisation counts the shift among the inputs of the backward pass, though it does not read it: 2.x
// refuses to go without, 3.x refuses to go with it.
static inline int onednn_batch_norm_backward_takes_shift(void) { return DNNL_VERSION_MAJOR < 3; }

static inline dnnl_status_t onednn_batch_norm_backward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md diff, onednn_md data, float epsilon,
        unsigned flags, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_batch_normalization_backward_primitive_desc_create(out, engine, dnnl_backward, onednn_md_get(diff),
            onednn_md_get(diff), onednn_md_get(data), epsilon, flags, hint, attr);
#else
    dnnl_batch_normalization_desc_t desc;
    dnnl_status_t status = dnnl_batch_normalization_backward_desc_init(
            &desc, dnnl_backward, onednn_md_get(diff), onednn_md_get(data), epsilon, flags);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_pooling_backward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, onednn_md diff_src,
        onednn_md diff_dst, const int64_t *strides, const int64_t *kernel, const int64_t *padding_l,
        const int64_t *padding_r, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    const int64_t dilation[3] = {0, 0, 0};
    return dnnl_pooling_backward_primitive_desc_create(out, engine, algorithm, onednn_md_get(diff_src),
            onednn_md_get(diff_dst), strides, kernel, dilation, padding_l, padding_r, hint, attr);
#else
    dnnl_pooling_desc_t desc;
    dnnl_status_t status = dnnl_pooling_backward_desc_init(&desc, algorithm, onednn_md_get(diff_src),
            onednn_md_get(diff_dst), strides, kernel, padding_l, padding_r);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_matmul(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md src, onednn_md weights, onednn_md dst,
        dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_matmul_primitive_desc_create(
            out, engine, onednn_md_get(src), onednn_md_get(weights), NULL, onednn_md_get(dst), attr);
#else
    dnnl_matmul_desc_t desc;
    dnnl_status_t status
            = dnnl_matmul_desc_init(&desc, onednn_md_get(src), onednn_md_get(weights), NULL, onednn_md_get(dst));
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

// Over one axis; source and result may be the same memory.
static inline dnnl_status_t onednn_softmax_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md data, int axis, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_softmax_forward_primitive_desc_create(out, engine, dnnl_forward_inference, dnnl_softmax_accurate,
            onednn_md_get(data), onednn_md_get(data), axis, attr);
#else
    dnnl_softmax_desc_t desc;
    dnnl_status_t status = dnnl_softmax_forward_desc_init(&desc, dnnl_forward_inference, onednn_md_get(data), axis);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

// Over the last axis; `stat` is the layout of means and variances.
static inline dnnl_status_t onednn_layer_norm_forward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_prop_kind_t kind, onednn_md data, onednn_md stat,
        float epsilon, unsigned flags, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_layer_normalization_forward_primitive_desc_create(out, engine, kind, onednn_md_get(data),
            onednn_md_get(data), onednn_md_get(stat), epsilon, flags, attr);
#else
    dnnl_layer_normalization_desc_t desc;
    dnnl_status_t status = dnnl_layer_normalization_forward_desc_init(
            &desc, kind, onednn_md_get(data), onednn_md_get(stat), epsilon, flags);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, NULL) : status;
#endif
}

static inline dnnl_status_t onednn_layer_norm_backward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md diff, onednn_md data, onednn_md stat,
        float epsilon, unsigned flags, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_layer_normalization_backward_primitive_desc_create(out, engine, dnnl_backward, onednn_md_get(diff),
            onednn_md_get(diff), onednn_md_get(data), onednn_md_get(stat), epsilon, flags, hint, attr);
#else
    dnnl_layer_normalization_desc_t desc;
    dnnl_status_t status = dnnl_layer_normalization_backward_desc_init(&desc, dnnl_backward, onednn_md_get(diff),
            onednn_md_get(data), onednn_md_get(stat), epsilon, flags);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_inner_product_backward_data(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md diff_src, onednn_md weights, onednn_md diff_dst,
        const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_inner_product_backward_data_primitive_desc_create(out, engine, onednn_md_get(diff_src),
            onednn_md_get(weights), onednn_md_get(diff_dst), hint, attr);
#else
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(
            &desc, onednn_md_get(diff_src), onednn_md_get(weights), onednn_md_get(diff_dst));
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_inner_product_backward_weights(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, onednn_md src, onednn_md diff_weights,
        onednn_md diff_bias, onednn_md diff_dst, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_inner_product_backward_weights_primitive_desc_create(out, engine, onednn_md_get(src),
            onednn_md_get(diff_weights), onednn_md_get(diff_bias), onednn_md_get(diff_dst), hint, attr);
#else
    dnnl_inner_product_desc_t desc;
    dnnl_status_t status = dnnl_inner_product_backward_weights_desc_init(&desc, onednn_md_get(src),
            onednn_md_get(diff_weights), onednn_md_get(diff_bias), onednn_md_get(diff_dst));
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

static inline dnnl_status_t onednn_eltwise_backward(
        dnnl_primitive_desc_t *out, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, onednn_md diff, onednn_md data,
        float alpha, float beta, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attr) {
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_eltwise_backward_primitive_desc_create(out, engine, algorithm, onednn_md_get(diff),
            onednn_md_get(diff), onednn_md_get(data), alpha, beta, hint, attr);
#else
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status = dnnl_eltwise_backward_desc_init(
            &desc, algorithm, onednn_md_get(diff), onednn_md_get(data), alpha, beta);
    return status == dnnl_success ? dnnl_primitive_desc_create(out, &desc, attr, engine, hint) : status;
#endif
}

// What the processor offers.

static inline int onednn_has_isa(dnnl_cpu_isa_t isa) { return (dnnl_get_effective_cpu_isa() & isa) == isa; }
static inline int onednn_has_amx(void) { return onednn_has_isa(dnnl_cpu_isa_avx512_core_amx); }
static inline int onednn_has_native_bf16(void) { return onednn_has_isa(dnnl_cpu_isa_avx512_core_bf16); }
